import { it } from "vitest";
import { startMemory } from "./memory-machine";
import { LIMIT, modelRuns } from "./model-runs";

it("a register in memory does what a plain model does, whatever happens to it", LIMIT, async () => {
  await modelRuns("model, memory", 1, startMemory, true);
});
