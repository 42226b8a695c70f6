import fc from "fast-check";
import { expect, it } from "vitest";
import type { InitialContent } from "../../provider/store/store";
import { depth } from "../depth";
import { randomRuns, replay } from "../random-runs";
import { checkDrain, checkViews } from "../store/invariants";
import { initial, Register } from "../store/support";
import { commands, FIRST } from "./commands";
import type { StartMachine } from "./machine";
import { startMemory } from "./memory-machine";
import { sqliteMachines } from "./sqlite-machine";
import { World } from "./world";

const RUNS = depth(1000, 20_000);
const LONGEST = 30;
const LIMIT = { timeout: RUNS * 1500 };

const size = fc.integer({ min: 1, max: 5 });

/** Two pools of one to five addresses, so that every run sees exhaustion and reuse. */
const anyContent: fc.Arbitrary<InitialContent> = fc.tuple(size, size).map(([p, q]) =>
  initial({
    pools: [
      {
        name: "p",
        ranges: [{ start: FIRST.p, end: FIRST.p + p - 1 }],
        strategy: "sequential",
        quarantineSeconds: 3600,
      },
      { name: "q", ranges: [{ start: FIRST.q, end: FIRST.q + q - 1 }], strategy: "derived", quarantineSeconds: 3600 },
    ],
  }),
);

function modelRuns(start: StartMachine, checksInvariants: boolean) {
  return fc.asyncProperty(anyContent, commands(LONGEST, replay().replayPath), async (content, steps) => {
    const machine = await start(content);
    try {
      const world = new World(content, machine.clock.now, checksInvariants);
      await fc.asyncModelRun(async () => ({ model: world, real: machine }), steps);
      const { store, clock } = machine;
      const register = new Register(store, clock);
      // Quarantines end by the register's time, which stands still while the clock is behind it.
      clock.now = world.model.now(clock.now);
      const live = await register.leases({ state: "live" });
      await checkDrain({ register, live });
      await checkViews({ register });
      expect((await store.verify()).faults).toEqual([]);
    } finally {
      await machine.end();
    }
  });
}

it("a register in memory does what a plain model does, whatever happens to it", LIMIT, async () => {
  await randomRuns("model, memory", RUNS, modelRuns(startMemory, true));
});

it("a register in a file does too, through crashes, old copies and all", LIMIT, async () => {
  await randomRuns("model, SQLite", RUNS, modelRuns(sqliteMachines(), depth(false, true)));
});
