import { storeContract } from "../store/contract";
import { describePostgres, openPostgres } from "./support";

describePostgres("with a server", () => storeContract("PostgreSQL", openPostgres));
