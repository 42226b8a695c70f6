import { depth } from "../depth";
import { differentialRuns } from "../store/differential";
import { describePostgres, openPostgres } from "./support";

describePostgres("random runs", () => differentialRuns("PostgreSQL", openPostgres, depth(10, 400)));
