import fc from "fast-check";
import type { BlockRequest } from "../../provider/lease/block";
import { derive } from "../../provider/lease/derive";
import type { AcquireRequest } from "../../provider/lease/lease";
import { BY_HAND } from "../../provider/lease/owner";
import { definePool, type Manager, type PoolSpec } from "../../provider/lease/pool";
import { type Mac, parseMac } from "../../provider/mac/mac";
import { parsePrefix, type Range } from "../../provider/mac/range";
import { type Content, HOUR } from "./support";

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
  | ({ readonly do: "reserve"; readonly range: Range; readonly reason: string } & Declared)
  | ({ readonly do: "unreserve"; readonly range: Range } & Declared)
  | ({ readonly do: "updatePool"; readonly name: string; readonly change: Partial<Omit<PoolSpec, "name">> } & Declared)
  | ({ readonly do: "createPool"; readonly spec: PoolSpec } & Declared)
  | ({ readonly do: "deletePool"; readonly name: string } & Declared)
  | { readonly do: "wait"; readonly milliseconds: number };

interface Declared {
  readonly by: Manager | undefined;
  readonly adopt: boolean;
}

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
  .tuple(fc.constantFrom(0, 2, 7), fc.nat(1))
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

const request: fc.Arbitrary<AcquireRequest> = fc.record({
  owner: fc.constantFrom("", ...OWNERS, ...OWNERS),
  installation,
  pool: fc.constantFrom("p", "p", "p", "q", "q", "q", "wide", "wide", "n"),
  rotation: fc.constantFrom("", "", "", "r"),
  description: fc.constantFrom("", "nic"),
  tags: fc.constantFrom({}, { rack: "7" }),
  requestedAddress: seldom(5, address),
  adopt: seldom(3, fc.boolean()),
  preferred: seldom(3, address),
  sequential: seldom(8, fc.boolean()),
});

const owner = fc.constantFrom("", ...OWNERS);

/** Most is done by hand; what is not, by one of two declarations that have one name. */
const declared = {
  by: fc.constantFrom(undefined, undefined, { owner: "m", installation: "one" }, { owner: "m", installation: "two" }),
  adopt: fc.constantFrom(false, false, true),
};

const poolChange = fc.record(
  {
    ranges: fc.array(range, { minLength: 1, maxLength: 2 }),
    strategy: fc.constantFrom("derived" as const, "sequential" as const),
    quarantineSeconds,
  },
  { requiredKeys: [] },
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 10, arbitrary: acquires() },
  { weight: 4, arbitrary: blocks() },
  { weight: 5, arbitrary: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }).map(releases) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("update" as const), grant: fc.nat(30), owner, installation }) },
  { weight: 2, arbitrary: reserves() },
  { weight: 1, arbitrary: changes() },
  { weight: 2, arbitrary: creates() },
  { weight: 1, arbitrary: deletes() },
  { weight: 3, arbitrary: fc.constantFrom(1, 60_000, HOUR - 1, HOUR, -HOUR, 5 * HOUR).map(waits) },
);

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

function changes(): fc.Arbitrary<Operation> {
  const name = fc.constantFrom("p", "q");
  return fc.record({ do: fc.constant("updatePool" as const), name, change: poolChange, ...declared });
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

function creates(): fc.Arbitrary<Operation> {
  const spec = fc.record({
    name: fc.constantFrom("n", "n", "p", "q"),
    ranges: fc.tuple(range),
    strategy: fc.constantFrom("derived" as const, "sequential" as const),
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

/** What a random run starts with. */
export const anyContent: fc.Arbitrary<Content> = fc.tuple(size, size).map(([p, q]) => ({
  pools: [
    { name: "p", ranges: [{ start: FIRST, end: FIRST + p - 1 }], strategy: "sequential", quarantineSeconds: 3600 },
    { name: "q", ranges: [{ start: FIRST + 6, end: FIRST + 5 + q }], quarantineSeconds: 3600 },
    WIDE,
  ],
}));

/** A random run. */
export const anyOperations: fc.Arbitrary<readonly Operation[]> = fc.array(operation, { maxLength: 40, size: "max" });
