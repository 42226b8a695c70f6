import fc from "fast-check";
import { expect, it } from "vitest";
import { checkDrain, checkStep, checkViews, look } from "./invariants";
import { anyContent, anyOperations, type Operation } from "./operations";
import { type Content, initial, type Open, openMemory, Register, TestClock, testContext } from "./support";
import { type Outcome, Trial } from "./trial";

/** Does `operations`, with every invariant checked after each, and returns what they came to. */
export async function runOperations(
  open: Open,
  content: Content,
  operations: readonly Operation[],
): Promise<readonly Outcome[]> {
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
    return [...outcomes, { value: await look(trial.register) }, { value: verification }];
  } finally {
    await store.close();
  }
}

/** Compares a kind of register with the plainest one, memory, in so many random runs. */
export function differentialRuns(name: string, open: Open, runs: number): void {
  const title = `memory and ${name} give exactly the same outcomes, and hold the same in the end`;
  it(title, { timeout: 60_000 + runs * 3000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyContent, anyOperations, async (content, operations) => {
        const expected = await runOperations(openMemory, content, operations);
        expect(await runOperations(open, content, operations)).toEqual(expected);
      }),
      { numRuns: runs },
    );
  });
}
