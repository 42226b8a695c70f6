import { depth } from "../depth";
import { concurrentInvariantRuns, serialRuns } from "../store/concurrent";
import { describePostgres, openPostgresTogether } from "./support";

describePostgres("random runs of several at once", () => {
  serialRuns("PostgreSQL", openPostgresTogether, depth(3, 400));
  concurrentInvariantRuns("PostgreSQL", openPostgresTogether, depth(2, 400), "relaxed", "strict");
});
