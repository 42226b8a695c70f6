import { it } from "vitest";
import { depth } from "../../depth";
import { LIMIT, modelRuns } from "../../model/model-runs";
import { describePostgres } from "../support";
import { postgresMachines } from "./postgres-machine";

/** Every step is several round trips, and every write waits for the disk. */
const SHARE = depth(1 / 40, 1 / 20);

describePostgres("random runs of all that can happen", () => {
  it(
    "a register in PostgreSQL does what a plain model does, through crashes, broken connections, old copies and all",
    LIMIT,
    async () => {
      await modelRuns("model, PostgreSQL", SHARE, await postgresMachines(), depth(false, true));
    },
  );
});
