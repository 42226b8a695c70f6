import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memberOwner } from "../../provider/lease/block";
import type { Lease } from "../../provider/lease/lease";
import type { Order } from "../../provider/lease/pool";
import type { RegisterRecord } from "../../provider/store/record";
import type { StoreContext } from "../../provider/store/store";
import { randomRuns } from "../random-runs";
import { type Act, type Done, Past } from "./acts";
import { checkDrain, checkStep, look, type Snapshot } from "./invariants";
import { anyConcurrentRun, type ConcurrentRun, type Operation } from "./operations";
import { ACTOR, collect, initial, type OpenSeveral, openMemory, Register, TestClock } from "./support";
import { formerNamesOf } from "./trial";

/** More would have too many orders. */
const MOST_AT_ONCE = 4;

/** What happened, and what the register holds since: all but the tokens, which are different ones every time. */
interface Observed {
  readonly done: readonly Done[];
  readonly dump: readonly RegisterRecord[];
}

/** Does the same in memory one after the other, in whatever order comes to what was observed. */
class Serial {
  readonly #content: ConcurrentRun["content"];
  readonly #journal: { readonly act: Act; readonly now: number }[] = [];
  #past = new Past([]);

  constructor(content: ConcurrentRun["content"]) {
    this.#content = content;
  }

  /** Finds an order; fails when there is none. */
  async follow(operations: readonly Operation[], now: number, observed: Observed): Promise<void> {
    const { pools } = await this.#replayed();
    this.#past = new Past(pools, this.#past);
    const acts = actsOf(operations, this.#past);
    const wanted = plain(observed);
    let nearest: ReturnType<typeof plain> | undefined;
    for (const order of ordersOf(acts.map((_, index) => index))) {
      const { store, clock } = await this.#replayed();
      clock.now = now;
      const done: Done[] = [];
      for (const index of order) {
        const act = acts[index];
        if (act !== undefined) done[index] = await act(store);
      }
      const found = plain({ done, dump: await collect(store.dump()) });
      if (isDeepStrictEqual(found, wanted)) {
        this.#journal.push(...order.flatMap((index) => acts[index] ?? []).map((act) => ({ act, now })));
        this.#past.note(done);
        return;
      }
      if (nearest === undefined || isDeepStrictEqual(found.done, wanted.done)) nearest = found;
    }
    expect(wanted, "what was done at once is no order of the same, one after the other; the nearest").toEqual(nearest);
  }

  async #replayed() {
    const clock = new TestClock();
    const store = await openMemory(initial(this.#content), contextOf(clock, "memory"));
    for (const { act, now } of this.#journal) {
      clock.now = now;
      await act(store);
    }
    return { store, clock, pools: await store.pools() };
  }
}

/** Does a random run on several stores of one register, with `check` after each batch. */
async function playTogether(
  open: OpenSeveral,
  run: ConcurrentRun,
  check: (batch: readonly Operation[], observed: Observed, register: Register) => Promise<void>,
): Promise<void> {
  const clock = new TestClock();
  const contexts = Array.from({ length: run.stores }, (_, index) => contextOf(clock, `${index}`));
  const stores = await open(initial(run.content), contexts);
  try {
    const [first] = stores;
    if (first === undefined) throw new Error("no store");
    let past = new Past([]);
    for (const batch of run.batches) {
      for (const step of batch) if (step.do === "wait") clock.advance(step.milliseconds);
      past = new Past(await first.pools(), past);
      const acts = actsOf(batch, past);
      const done = await Promise.all(acts.map((act, index) => act(stores[index % stores.length] ?? first)));
      past.note(done);
      await check(batch, { done, dump: await collect(first.dump()) }, new Register(first, clock));
    }
    await drain(new Register(first, clock));
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

async function drain(register: Register): Promise<void> {
  const { store } = register;
  await checkDrain({ register, live: await register.leases({ state: "live" }) });
  expect((await store.verify()).faults).toEqual([]);
}

/** Random runs on several stores of one register, whose pools are of strict order: an order of what was done at once explains it. */
export function serialRuns(name: string, open: OpenSeveral, runs: number): void {
  const title = `${name}: what several do at once comes to what it would one after the other, in some order`;
  it(title, { timeout: 60_000 + runs * 3000 }, async () => {
    const property = fc.asyncProperty(anyConcurrentRun(MOST_AT_ONCE, "strict"), async (run) => {
      const serial = new Serial(run.content);
      await playTogether(open, run, (batch, observed, { clock }) => serial.follow(batch, clock.now, observed));
    });
    await randomRuns(`at once, ${name}`, runs, property);
  });
}

/** Those that blocks of random runs may have had, to whose members a lost address is their own. */
const FORMER_NAMES = ["x", "y"].flatMap((owner) => [0, 1, 2, 3].map((index) => memberOwner(owner, index)));

/** Where only leases come and are renamed, what was there before tells whether a grant was right. */
function isAboutLeases({ do: verb }: Operation): boolean {
  return ["acquire", "block", "update", "takeOver", "wait"].includes(verb);
}

/** I12: nothing comes free in such a batch, so a pool that was used up has nothing left in the end. */
function checkExhausted(done: readonly Done[], { pools, usage }: Snapshot): void {
  for (const { exhausted = [] } of done) {
    for (const name of exhausted) {
      const at = pools.findIndex((pool) => pool.name === name);
      expect(usage[at], `I12: pool ${name} is used up`).toMatchObject({ neverIssued: 0, reusable: 0 });
    }
  }
}

/** Random runs on several stores of one register, whose pools are of these orders: the invariants hold. */
export function concurrentInvariantRuns(
  name: string,
  open: OpenSeveral,
  runs: number,
  ...orders: readonly Order[]
): void {
  const pools = `pools of ${orders.join(" and ")} order`;
  const title = `${name}: whatever several do to ${pools} at once, every invariant holds after it`;
  it(title, { timeout: 60_000 + runs * 3000 }, async () => {
    const property = fc.asyncProperty(anyConcurrentRun(MOST_AT_ONCE, ...orders), async (run) => {
      let before: Snapshot | undefined;
      await playTogether(open, run, async (batch, { done }, register) => {
        const after = await look(register);
        if (before !== undefined && batch.every(isAboutLeases)) {
          const live = after.leases.filter(({ releasedAt }) => releasedAt === undefined);
          const formerNames = [...FORMER_NAMES, ...batch.flatMap(formerNamesOf)];
          checkStep({ register, live, formerNames, isShared: true }, before, after);
          checkExhausted(done, after);
        }
        before = after;
      });
    });
    await randomRuns(`invariants at once, ${name}, ${pools}`, runs, property);
  });
}

function actsOf(operations: readonly Operation[], past: Past): readonly Act[] {
  return operations.flatMap((operation) => past.acts(operation)).slice(0, MOST_AT_ONCE);
}

function contextOf(clock: TestClock, name: string): StoreContext {
  let tokens = 0;
  return { clock: () => clock.now, newToken: () => `token-${name}-${++tokens}`, actor: ACTOR, warn: () => undefined };
}

const NUMBERS = ["seq", "gapsUntil"];

/**
 * Numbers of changes go, because who loses a race may draw some, and because what was only looked at may have changed by
 * the time of the number. What is left of them is the order: of what happened to an address, and of the leases of a pool,
 * by which the rules choose.
 */
function plain({ done, dump }: Observed): { readonly done: unknown; readonly dump: unknown } {
  const leases = dump.flatMap((one) => (one.record === "lease" ? [one.lease] : []));
  const events = dump.flatMap((one) => (one.record === "event" ? [one.event] : []));
  const rest = dump.filter(({ record }) => record !== "event");
  const places = leases.toSorted(byPoolAndNumber);
  const histories = events.toSorted((one, other) => (one.address ?? 0) - (other.address ?? 0));
  const told = { done: done.map(({ value }) => value), dump: [rest, places.map(({ address }) => address), histories] };
  const text = JSON.stringify(told, (key, value) => (NUMBERS.includes(key) ? undefined : value));
  return JSON.parse(text.replaceAll(/"token-[^"]*"/g, '"token"'));
}

function byPoolAndNumber(one: Lease, other: Lease): number {
  if (one.pool !== other.pool) return one.pool < other.pool ? -1 : 1;
  return one.seq - other.seq;
}

function ordersOf(all: readonly number[]): readonly (readonly number[])[] {
  if (all.length === 0) return [[]];
  return all.flatMap((first) => ordersOf(all.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}
