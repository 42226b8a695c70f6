import fc from "fast-check";
import { expect, it } from "vitest";
import type { Order } from "../../provider/lease/pool";
import { randomRuns } from "../random-runs";
import { checkDrain, checkStep, checkViews, look } from "./invariants";
import { anyRun, anySequenceRun, type RandomRun } from "./operations";
import type { Outcome } from "./outcome";
import { collect, initial, type Open, openMemory, Register, TestClock, testContext } from "./support";
import { Trial } from "./trial";

/** Does what happens in a random run, with every invariant checked after each step, and returns what all came to. */
async function play(open: Open, { content, operations }: RandomRun): Promise<readonly Outcome[]> {
  const clock = new TestClock();
  const store = await open(initial(content), testContext(clock));
  try {
    const trial = new Trial(new Register(store, clock));
    const outcomes: Outcome[] = [];
    let before = await look(trial.register);
    for (const operation of operations) {
      outcomes.push(await trial.apply(operation));
      const after = await look(trial.register);
      checkStep(trial, before, after);
      before = after;
    }
    await checkDrain(trial);
    await checkViews(trial);
    const verification = await store.verify();
    expect(verification.faults).toEqual([]);
    const dump = await collect(store.dump());
    return [...outcomes, { value: await look(trial.register) }, { value: verification }, { value: dump }];
  } finally {
    await store.close();
  }
}

function limit(runs: number) {
  return { timeout: 60_000 + runs * 3000 };
}

/** Does random runs on registers of one kind whose pools are of these orders. */
export function invariantRuns(name: string, open: Open, runs: number, ...orders: readonly Order[]): void {
  const pools = `pools of ${orders.join(" and ")} order`;
  it(`${name}: whatever happens to ${pools}, every invariant holds after every step`, limit(runs), async () => {
    const property = fc.asyncProperty(anyRun(...orders), async (run) => void (await play(open, run)));
    await randomRuns(`invariants, ${name}, ${pools}`, runs, property);
  });
}

/** Does the same with runs about sequences, which others seldom use up. */
export function sequenceRuns(name: string, open: Open, runs: number, ...orders: readonly Order[]): void {
  const title = `${name}: a sequence leaves nothing behind, whatever comes into a pool of ${orders.join(" or ")} order`;
  it(title, limit(runs), async () => {
    const property = fc.asyncProperty(anySequenceRun(...orders), async (run) => void (await play(open, run)));
    await randomRuns(`sequences, ${name}`, runs, property);
  });
}

/** Compares a kind of register with the plainest one, memory, in random runs whose pools are of these orders. */
export function differentialRuns(name: string, open: Open, runs: number, ...orders: readonly Order[]): void {
  const title = `memory and ${name} give exactly the same outcomes, and hold the same in the end`;
  it(title, limit(runs), async () => {
    const property = fc.asyncProperty(anyRun(...orders), async (run) => {
      const expected = await play(openMemory, run);
      expect(await play(open, run)).toEqual(expected);
    });
    await randomRuns(`differential, ${name}`, runs, property);
  });
}
