import { describePostgres, openPostgres } from "../postgres/support";
import { storeContract } from "./contract";

describePostgres("with a server", () => storeContract("PostgreSQL", openPostgres));
