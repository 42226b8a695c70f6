import fc from "fast-check";
import { it } from "vitest";
import { depth } from "../depth";
import { differentialRuns, runOperations } from "./differential";
import { anyContent, anyOperations } from "./operations";
import { openMemory, openSqlite } from "./support";

const RUNS = depth(40, 1000);
const LIMIT = { timeout: 60_000 + RUNS * 3000 };

it("whatever happens to pools of one to five addresses, every invariant holds after every step", LIMIT, async () => {
  await fc.assert(
    fc.asyncProperty(anyContent, anyOperations, async (content, operations) => {
      await runOperations(openMemory, content, operations);
    }),
    { numRuns: RUNS * 10 },
  );
});

differentialRuns("SQLite", openSqlite, RUNS);
