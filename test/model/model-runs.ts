import fc from "fast-check";
import { expect } from "vitest";
import type { InitialContent } from "../../provider/store/store";
import { depth } from "../depth";
import { randomRuns, replay } from "../random-runs";
import { checkDrain, checkViews } from "../store/invariants";
import { initial, Register } from "../store/support";
import { commands, FIRST } from "./commands";
import type { StartMachine } from "./machine";
import { World } from "./world";

const RUNS = depth(1000, 20_000);
const LONGEST = 30;

/** For a test of model runs; in a test that takes its time, fast-check finds what hangs. */
export const LIMIT = { timeout: RUNS * 1500 };

const size = fc.integer({ min: 1, max: 5 });

/** Two pools of one to five addresses, so that every run sees exhaustion and reuse. */
const anyContent: fc.Arbitrary<InitialContent> = fc.tuple(size, size, fc.nat(2)).map(([p, q, from]) =>
  initial({
    pools: [
      {
        name: "p",
        ranges: [{ start: FIRST.p + from, end: FIRST.p + from + p - 1 }],
        strategy: "sequential",
        quarantineSeconds: 3600,
      },
      { name: "q", ranges: [{ start: FIRST.q, end: FIRST.q + q - 1 }], strategy: "derived", quarantineSeconds: 3600 },
    ],
  }),
);

/**
 * Lets random things happen to registers on machines of one kind, and to the model.
 *
 * @param share Which part of the runs this is, between 0 and 1: two test files are run at once, two tests are not.
 * @param checksInvariants Whether the model's own word is doubted too, at every step.
 */
export async function modelRuns(
  what: string,
  share: number,
  start: StartMachine,
  checksInvariants: boolean,
): Promise<void> {
  const property = fc.asyncProperty(anyContent, commands(LONGEST, replay().replayPath), async (content, steps) => {
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
  await randomRuns(what, Math.ceil(RUNS * share), property);
}
