import { storeContract } from "./contract";
import { openSqlite } from "./support";

storeContract("SQLite", openSqlite);
