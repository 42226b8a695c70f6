import { depth } from "../depth";
import { differentialRuns, invariantRuns, sequenceRuns } from "../store/differential";
import { describePostgres, openPostgres } from "./support";

describePostgres("random runs", () => {
  differentialRuns("PostgreSQL", openPostgres, depth(8, 400), "strict");
  // Which address it is differs from run to run.
  invariantRuns("PostgreSQL", openPostgres, depth(3, 400), "relaxed", "strict");
  sequenceRuns("PostgreSQL", openPostgres, depth(15, 1000), "relaxed");
});
