import fc from "fast-check";
import { expect, it } from "vitest";
import { depth } from "../depth";
import { hasPostgres, openPostgres } from "../postgres/support";
import { checkDrain, checkStep, checkViews, look } from "./invariants";
import { anyContent, anyOperations, type Operation } from "./operations";
import { type Content, initial, type Open, openMemory, openSqlite, Register, TestClock, testContext } from "./support";
import { type Outcome, Trial } from "./trial";

const RUNS = depth(40, 1000);
const LIMIT = { timeout: 60_000 + RUNS * 3000 };

/** Does `operations`, with every invariant checked after each, and returns what they came to. */
async function run(open: Open, content: Content, operations: readonly Operation[]): Promise<readonly Outcome[]> {
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

it("whatever happens to pools of one to five addresses, every invariant holds after every step", LIMIT, async () => {
  await fc.assert(
    fc.asyncProperty(anyContent, anyOperations, async (content, operations) => {
      await run(openMemory, content, operations);
    }),
    { numRuns: RUNS * 10 },
  );
});

/** Every kind of register that lasts; memory is what they are compared with. */
const KINDS = [
  { name: "SQLite", open: openSqlite, runs: RUNS, isThere: true },
  // Each run makes a schema, which takes longer than a file.
  { name: "PostgreSQL", open: openPostgres, runs: Math.ceil(RUNS / 4), isThere: hasPostgres },
];

for (const { name, open, runs, isThere } of KINDS) {
  const title = `memory and ${name} give exactly the same outcomes, and hold the same in the end`;
  it.skipIf(!isThere)(title, LIMIT, async () => {
    await fc.assert(
      fc.asyncProperty(anyContent, anyOperations, async (content, operations) => {
        const expected = await run(openMemory, content, operations);
        expect(await run(open, content, operations)).toEqual(expected);
      }),
      { numRuns: runs },
    );
  });
}
