import fc from "fast-check";
import type { BlockRequest } from "../../provider/lease/block";
import { derive } from "../../provider/lease/derive";
import type { AcquireRequest } from "../../provider/lease/lease";
import { BY_HAND } from "../../provider/lease/owner";
import { definePool, type Manager, type Order, type PoolSpec } from "../../provider/lease/pool";
import { type Mac, parseMac } from "../../provider/mac/mac";
import { parsePrefix, type Range } from "../../provider/mac/range";
import type { DefiningOperation } from "./definition-trial";
import type { Restating } from "./recover-trial";
import { type Content, HOUR, only } from "./support";

/** Two pools of 1 to 5 addresses each lie in the sixteen addresses from here on. */
const FIRST = parseMac("42:10:00:00:00:00");

/** 2^24 addresses: the smallest pool that addresses are foreseen in. */
const WIDE: PoolSpec = { name: "wide", ranges: [parsePrefix("42:50:00")], quarantineSeconds: 3600 };

/** One step of a random run. A number in place of a lease means a grant made earlier in the run, stale or not. */
export type Operation =
  | { readonly do: "acquire"; readonly requests: readonly AcquireRequest[] }
  | {
      readonly do: "block";
      readonly request: Omit<BlockRequest, "held" | "preferred">;
      /** The block made before that this one grows out of, if any. */
      readonly from: number | undefined;
    }
  | { readonly do: "release"; readonly grants: readonly number[] }
  | { readonly do: "update"; readonly grant: number; readonly owner: string; readonly installation: string }
  | { readonly do: "takeOver"; readonly grant: number; readonly owner: string; readonly installation: string }
  | Restating
  | DefiningOperation
  | { readonly do: "wait"; readonly milliseconds: number };

const OWNERS = ["a", "b", "c", "d", "e"];
const wide = definePool(WIDE);

const offset = fc.nat(11);
const installation = fc.constantFrom("one", "one", "one", "two", BY_HAND.cli, BY_HAND.import);
const quarantineSeconds = fc.constantFrom(0, 60, 3600);

const range: fc.Arbitrary<Range> = fc
  .tuple(offset, fc.nat(4))
  .map(([start, more]) => ({ start: FIRST + start, end: FIRST + start + more }));

/** Few enough that what is reserved is often the same again, and ended by its own name. */
const reservedRange: fc.Arbitrary<Range> = fc
  .tuple(fc.constantFrom(0, 7), fc.nat(1))
  .map(([start, more]) => ({ start: FIRST + start, end: FIRST + start + more }));

/** Addresses worth asking for: those of the small pools, and the first that the owners would derive in the wide one. */
const address: fc.Arbitrary<Mac> = fc.oneof(
  { weight: 6, arbitrary: offset.map((from) => FIRST + from) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...OWNERS), fc.nat(2)).map(([name, n]) => derive(wide, name, n)) },
  { weight: 1, arbitrary: fc.constantFrom(0, parseMac("02:bf:00:00:00:01"), parseMac("52:54:00:00:00:01")) },
);

/** What is there in one of `every` requests only. */
const seldom = <T>(every: number, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: every - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Nobody in particular has had another name. */
const isRenamable = ({ owner, heldAs }: AcquireRequest) => owner !== "" || heldAs === undefined;

const request: fc.Arbitrary<AcquireRequest> = fc
  .record({
    owner: fc.constantFrom("", ...OWNERS, ...OWNERS),
    installation,
    pool: fc.constantFrom("p", "p", "p", "q", "q", "q", "wide", "wide", "n"),
    rotation: fc.constantFrom("", "", "", "r"),
    description: fc.constantFrom("", "nic"),
    tags: fc.constantFrom({}, { rack: "7" }),
    requestedAddress: seldom(5, address),
    heldAs: seldom(3, fc.record({ owner: fc.constantFrom(...OWNERS), installation })),
    adopt: seldom(3, fc.boolean()),
    preferred: seldom(3, address),
    sequential: seldom(8, fc.boolean()),
  })
  .filter(isRenamable);

const owner = fc.constantFrom("", ...OWNERS);

/** Half is done by hand; what is not, by declarations that share names, installations and tokens, or have none. */
const declared = {
  by: fc.option(
    fc.record({
      owner: fc.constantFrom("m", "m", "m", "m2"),
      installation: fc.constantFrom("one", "one", "one", "two"),
      token: fc.constantFrom(undefined, "first", "second"),
    }) satisfies fc.Arbitrary<Manager>,
    { nil: undefined, freq: 2 },
  ),
  adopt: fc.constantFrom(false, false, true),
};

const strategy = fc.constantFrom("derived" as const, "sequential" as const);

/** `orders` are those that pools have and get, `later` by how much states are of later changes than they should be. */
function operation(orders: readonly Order[], later: fc.Arbitrary<number>): fc.Arbitrary<Operation> {
  const order = fc.constantFrom(...orders);
  const renames = { grant: fc.nat(30), owner, installation };
  return fc.oneof(
    { weight: 10, arbitrary: acquires() },
    { weight: 4, arbitrary: blocks() },
    { weight: 5, arbitrary: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }).map(releases) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("update" as const), ...renames }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("takeOver" as const), ...renames }) },
    { weight: 2, arbitrary: recovers(later) },
    { weight: 4, arbitrary: reserves() },
    { weight: 1, arbitrary: changes(order) },
    { weight: 2, arbitrary: creates(order) },
    { weight: 1, arbitrary: deletes() },
    { weight: 2, arbitrary: moves() },
    { weight: 3, arbitrary: fc.constantFrom(1, 60_000, HOUR - 1, HOUR, -HOUR, 5 * HOUR).map(waits) },
  );
}

/** Addresses that anybody gets, and what comes into the pool again behind where its sequence goes on. */
function sequenceOperation(orders: readonly Order[]): fc.Arbitrary<Operation> {
  const anybody = { owner: "", installation: "", pool: "p", rotation: "", description: "", tags: {} };
  const reserving = {
    range: fc.nat(2).map((from) => only(FIRST + from)),
    reason: fc.constant(""),
    by: fc.constant(undefined),
    adopt: fc.constant(false),
  };
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: "acquire", requests: [anybody] } as const) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("reserve" as const), ...reserving }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("unreserve" as const), ...reserving }) },
    { weight: 1, arbitrary: blocks() },
    { weight: 1, arbitrary: changes(fc.constantFrom(...orders)) },
  );
}

function acquires(): fc.Arbitrary<Operation> {
  return fc.record({
    do: fc.constant("acquire" as const),
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
  });
}

function blocks(): fc.Arbitrary<Operation> {
  const request = fc.record({
    owner: fc.constantFrom("x", "x", "y"),
    installation,
    pool: fc.constantFrom("p", "q", "q", "wide", "n"),
    rotation: fc.constantFrom("", "", "r"),
    description: fc.constantFrom("", "block"),
    tags: fc.constant({}),
    adopt: seldom(3, fc.boolean()),
    count: fc.integer({ min: 1, max: 4 }),
    contiguous: fc.boolean(),
  });
  return fc.record({ do: fc.constant("block" as const), request, from: seldom(2, fc.nat(10)) });
}

function changes(order: fc.Arbitrary<Order>): fc.Arbitrary<Operation> {
  const ranges = fc.array(range, { minLength: 1, maxLength: 2 });
  const change = fc.record(
    { ranges, addRanges: fc.tuple(range), strategy, order, quarantineSeconds, description: fc.constant("changed") },
    { requiredKeys: [] },
  );
  const name = fc.constantFrom("p", "q", "n");
  return fc.record({ do: fc.constant("updatePool" as const), name, change, ...declared });
}

function moves(): fc.Arbitrary<Operation> {
  return fc.record({
    do: fc.constant("move" as const),
    from: fc.constantFrom("p", "q", "p", "q", "n", "wide"),
    to: fc.constantFrom("p", "q", "n"),
    range: fc.nat(3),
    size: fc.integer({ min: 1, max: 3 }),
    isEnd: fc.boolean(),
    ...declared,
  });
}

function recovers(later: fc.Arbitrary<number>): fc.Arbitrary<Operation> {
  const state = fc.record({
    grant: fc.nat(30),
    token: seldom(3, fc.constantFrom("lost-1", "lost-2")),
    owner: seldom(4, owner),
    later,
  });
  return fc.record({
    do: fc.constant("recover" as const),
    states: fc.array(state, { minLength: 1, maxLength: 4 }),
    planned: seldom(4, fc.record({ name: fc.constantFrom("p", "n"), ranges: fc.tuple(range) })),
  });
}

function reserves(): fc.Arbitrary<Operation> {
  return fc.oneof(
    fc.record({
      do: fc.constant("reserve" as const),
      range: reservedRange,
      reason: fc.constantFrom("kept", "printer"),
      ...declared,
    }),
    fc.record({ do: fc.constant("unreserve" as const), range: reservedRange, ...declared }),
  );
}

function creates(order: fc.Arbitrary<Order>): fc.Arbitrary<Operation> {
  const spec = fc.record({
    name: fc.constantFrom("n", "n", "p", "q"),
    ranges: fc.tuple(range),
    strategy,
    order,
    quarantineSeconds,
  });
  return fc.record({ do: fc.constant("createPool" as const), spec, ...declared });
}

function deletes(): fc.Arbitrary<Operation> {
  const name = fc.constantFrom("n", "p", "q", "p", "q", "wide");
  return fc.record({ do: fc.constant("deletePool" as const), name, ...declared });
}

function releases(grants: readonly number[]): Operation {
  return { do: "release", grants };
}

function waits(milliseconds: number): Operation {
  return { do: "wait", milliseconds };
}

const size = fc.integer({ min: 1, max: 5 });

/** What a random run starts with, and what happens then. */
export interface RandomRun {
  readonly content: Content;
  readonly operations: readonly Operation[];
}

/** A random run on a register that several write to. */
export interface ConcurrentRun {
  readonly content: Content;
  /** Each is done at once, one after the other. */
  readonly batches: readonly (readonly Operation[])[];
  /** How many stores take turns. */
  readonly stores: number;
}

/** Random runs in which several things happen at once, with pools of these orders. */
export function anyConcurrentRun(most: number, ...orders: readonly Order[]): fc.Arbitrary<ConcurrentRun> {
  // Who loses a race may draw numbers that no change has then, so those nearby do not mean the same in every register.
  const later = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2 ** 31) });
  return fc.record({
    content: anyContent(orders),
    batches: fc.array(fc.array(operation(orders, later), { minLength: 1, maxLength: most, size: "max" }), {
      maxLength: 12,
      size: "max",
    }),
    stores: fc.integer({ min: 1, max: 3 }),
  });
}

/** Random runs with pools that are of these orders, and change from one to another. */
export function anyRun(...orders: readonly Order[]): fc.Arbitrary<RandomRun> {
  return fc.record({
    content: anyContent(orders),
    operations: fc.array(operation(orders, fc.constantFrom(0, 0, 0, 1, 100, -1)), { maxLength: 40, size: "max" }),
  });
}

/** Random runs about what a pool of these orders hands out in sequence. */
export function anySequenceRun(...orders: readonly Order[]): fc.Arbitrary<RandomRun> {
  const reservations = [0, 1, 2].map((from) => ({ ...only(FIRST + from), reason: "" }));
  const pool = fc.record({
    name: fc.constant("p"),
    ranges: fc.integer({ min: 5, max: 9 }).map((size) => [{ start: FIRST, end: FIRST + size - 1 }]),
    strategy: fc.constant("sequential" as const),
    order: fc.constantFrom(...orders),
  });
  return fc.record({
    content: fc.record({ pools: fc.tuple(pool), reservations: fc.constant(reservations) }),
    operations: fc.array(sequenceOperation(orders), { minLength: 8, maxLength: 16, size: "max" }),
  });
}

function anyContent(orders: readonly Order[]): fc.Arbitrary<Content> {
  const order = fc.constantFrom(...orders);
  return fc.tuple(size, size, order, order).map(([p, q, first, second]) => {
    const common = { quarantineSeconds: 3600 };
    const ranges = [[{ start: FIRST, end: FIRST + p - 1 }], [{ start: FIRST + 6, end: FIRST + 5 + q }]] as const;
    return {
      pools: [
        { name: "p", ranges: ranges[0], strategy: "sequential", order: first, ...common },
        { name: "q", ranges: ranges[1], order: second, ...common },
        WIDE,
      ],
    };
  });
}
