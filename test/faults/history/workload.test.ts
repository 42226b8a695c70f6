import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMemoryStore } from "../../../provider/store/memory-store";
import { initial, TestClock, temporaryDirectory, testContext } from "../../store/support";
import { checkHistory } from "./check";
import { contentOf } from "./content";
import { readHistory } from "./history";
import { POOLS, Workload } from "./workload";

const LANES = [0, 1, 2, 3];

describe("the work that tests put on registers", () => {
  it("meets every rule, and a register in memory does it without fault", async () => {
    const clock = new TestClock();
    const store = createMemoryStore(initial({ pools: POOLS }), testContext(clock));
    const directory = temporaryDirectory();
    const logs = LANES.map((lane) => join(directory, `${lane}.log`));
    const lanes = logs.map((log, lane) => new Workload(`lane${lane}`, lane, log));
    for (const lane of lanes) onTestFinished(() => lane.close());
    for (let step = 0; step < 500; step += 1) {
      await Promise.all(lanes.map((lane) => lane.step(store)));
      clock.advance(50);
    }
    const lines = readHistory(logs);
    const content = await contentOf(store);
    const { violations, counts } = checkHistory(lines, content);
    expect(violations).toEqual([]);
    expect(counts).toMatchObject({ unknown: 0, committedUnknown: 0 });
    expect(lines).toHaveLength(2 * LANES.length * 500);
    const kinds = new Set(content.events.map(({ kind }) => kind));
    for (const kind of ["keep", "reclaim", "derive", "sequence", "reuse", "release", "update"]) {
      expect(kinds, `the work leads to ${kind}`).toContain(kind);
    }
    expect(lines.filter((line) => line.type === "fail" && line.code === "POOL_EXHAUSTED").length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.type === "ok" && line.written === null).length).toBeGreaterThan(0);
  });
});
