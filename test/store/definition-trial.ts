import { expect } from "vitest";
import type { PoolChange } from "../../provider/lease/administer";
import type { Lease } from "../../provider/lease/lease";
import { definePool, type Manager, type Pool, type PoolSpec, type Reservation } from "../../provider/lease/pool";
import { contains, type Range } from "../../provider/mac/range";
import { block } from "./contract/block-support";
import { type Outcome, outcomeOf } from "./outcome";
import { type Register, request } from "./support";

interface Declared {
  readonly by: Manager | undefined;
  readonly adopt: boolean;
}

/** One step of a random run that is about pools or reservations. */
export type DefiningOperation =
  | ({ readonly do: "reserve"; readonly range: Range; readonly reason: string } & Declared)
  | ({ readonly do: "unreserve"; readonly range: Range } & Declared)
  | ({ readonly do: "updatePool"; readonly name: string; readonly change: PoolChange } & Declared)
  | ({ readonly do: "createPool"; readonly spec: PoolSpec } & Declared)
  | ({ readonly do: "deletePool"; readonly name: string } & Declared)
  | ({
      readonly do: "move";
      readonly from: string;
      readonly to: string;
      /** Which of the ranges of `from` loses addresses. */
      readonly range: number;
      readonly size: number;
      /** Whether those at its end go. */
      readonly isEnd: boolean;
    } & Declared);

type Doing<Verb extends DefiningOperation["do"]> = Extract<DefiningOperation, { do: Verb }>;

/** Does `operation` and checks what it came to against who manages what; `live` are the leases that are live now. */
export async function define(
  register: Register,
  live: readonly Lease[],
  operation: DefiningOperation,
): Promise<Outcome> {
  switch (operation.do) {
    case "reserve":
      return reserve(register, live, operation);
    case "unreserve":
      return unreserve(register, operation);
    case "updatePool":
      return update(register, operation);
    case "createPool":
      return create(register, operation);
    case "deletePool":
      return remove(register, live, operation);
    case "move":
      return { value: await move(register, live, operation) };
  }
}

async function reserve(register: Register, live: readonly Lease[], operation: Doing<"reserve">): Promise<Outcome> {
  const { range, reason, by, adopt } = operation;
  const { store } = register;
  const existing = await reservationOf(register, range);
  const reservation = { ...range, reason };
  const foreseen = await unwritten(register, () => store.predictReservation(reservation, by, adopt));
  const outcome = await outcomeOf(store.reserve(reservation, by, adopt));
  const inRange = live.filter(({ address }) => contains([range], address)).length;
  expect(foreseen, "a reservation came to what was foreseen").toEqual("code" in outcome ? outcome : { value: inRange });
  const isOthers = existing !== undefined && by !== undefined && !isDeclaredBy(existing.managedBy, by) && !adopt;
  if (isOthers) expect(outcome).toMatchObject({ code: "RESERVATION_CONFLICT" });
  const isKept = existing !== undefined && (by === undefined || isOthers);
  const expected = isKept ? existing : { ...reservation, managedBy: by };
  expect(await reservationOf(register, range), "reserved by whoever may").toEqual(expected);
  return outcome;
}

async function unreserve(register: Register, { range, by }: Doing<"unreserve">): Promise<Outcome> {
  const existing = await reservationOf(register, range);
  const mayEnd = existing !== undefined && (by === undefined || isHeldBy(existing.managedBy, by));
  const outcome = await outcomeOf(register.store.unreserve(range, by));
  expect(outcome, "a reservation is ended by whom it was granted to").toEqual({ value: mayEnd });
  expect(await reservationOf(register, range)).toEqual(mayEnd ? undefined : existing);
  return outcome;
}

async function update(register: Register, { name, change, by }: Doing<"updatePool">): Promise<Outcome> {
  const before = await poolOf(register, name);
  const outcome = await outcomeOf(register.store.updatePool(name, change, by));
  const after = await poolOf(register, name);
  if ("code" in outcome) expect(after, "a change that was refused").toEqual(before);
  else {
    expect(outcome).toEqual({ value: after });
    expect(after?.managedBy, "who changes a pool manages it").toEqual(by ?? before?.managedBy);
  }
  return outcome;
}

async function create(register: Register, { spec, by, adopt }: Doing<"createPool">): Promise<Outcome> {
  const { store } = register;
  const before = await store.pools();
  const existing = before.find(({ name }) => name === spec.name);
  const foreseen = await unwritten(register, () => store.predictPool(spec, by, adopt));
  const planned = "value" in foreseen ? [definePool(spec, by)] : [];
  const promised = await promisesIn(register, spec.name, planned);
  const outcome = await outcomeOf(store.createPool(spec, by, adopt));
  // What the declaration manages under other names counts as gone in a prediction, and is in the way here.
  const hasOthers = before.some((pool) => pool !== existing && by !== undefined && isDeclaredBy(pool.managedBy, by));
  if ("value" in outcome || !hasOthers) expect(outcome, "a pool came to what was foreseen").toEqual(foreseen);
  if (existing !== undefined && !adopt && (by === undefined || !isDeclaredBy(existing.managedBy, by))) {
    expect(outcome, "a pool of somebody else").toMatchObject({ code: "POOL_CONFLICT" });
  }
  const after = await poolOf(register, spec.name);
  if ("code" in outcome) expect(after, "a pool that was refused").toEqual(existing);
  else {
    expect(outcome).toEqual({ value: after });
    expect(await promisesIn(register, spec.name, []), "what a planned pool would grant").toEqual(promised);
    expect(after?.managedBy, "who creates a pool manages it").toEqual(by);
  }
  return outcome;
}

/** Returns what a pool would grant to those who may have had something in it. */
function promisesIn({ store }: Register, pool: string, planned: readonly Pool[]): Promise<readonly Outcome[]> {
  const asks = ["a", "b", "c", "x[0]"].map((owner) => request({ owner, pool }));
  const blocks = [true, false].map((contiguous) => block({ owner: "x", pool, contiguous }));
  return Promise.all([
    ...asks.map((one) => outcomeOf(store.predict(one, undefined, planned))),
    ...blocks.map((one) => outcomeOf(store.predictBlock(one, undefined, planned))),
  ]);
}

async function remove(register: Register, live: readonly Lease[], operation: Doing<"deletePool">): Promise<Outcome> {
  const { name, by } = operation;
  const pool = await poolOf(register, name);
  const outcome = await outcomeOf(register.store.deletePool(name, by));
  if (pool === undefined || (by !== undefined && !isHeldBy(pool.managedBy, by))) {
    expect(outcome).toEqual({ value: false });
  } else if (live.some((lease) => lease.pool === name)) {
    expect(outcome, "a pool in use was deleted").toMatchObject({ code: "POOL_CONFLICT" });
  } else {
    expect(outcome).toEqual({ value: true });
    expect(await poolOf(register, name)).toBeUndefined();
  }
  return outcome;
}

/** A part of one pool that another is to have. */
export interface Move {
  readonly moved: Range;
  /** What `from` keeps. */
  readonly ranges: readonly Range[];
}

/** Returns what is to go from one pool to another, if there are both. */
export function moveOf(operation: Doing<"move">, pools: readonly Pool[]): Move | undefined {
  const from = pools.find(({ name }) => name === operation.from);
  const source = from?.ranges[operation.range % from.ranges.length];
  const isThere = operation.from !== operation.to && pools.some(({ name }) => name === operation.to);
  if (from === undefined || source === undefined || !isThere) return undefined;
  const { moved, rest } = cut(source, operation.size, operation.isEnd);
  return { moved, ranges: [...from.ranges.filter((range) => range !== source), ...rest] };
}

/** Takes some addresses from a pool and gives them to another, which has them then, quarantine and all. */
async function move(register: Register, live: readonly Lease[], operation: Doing<"move">): Promise<readonly Outcome[]> {
  const { store } = register;
  const move = moveOf(operation, await store.pools());
  if (move === undefined) return [];
  const { moved, ranges } = move;
  const taken = await outcomeOf(store.updatePool(operation.from, { ranges }, operation.by));
  if (live.some(({ address }) => contains([moved], address)) || ranges.length === 0) {
    expect(taken, "a live lease lost its pool").toHaveProperty("code");
    return [taken];
  }
  expect(taken).not.toHaveProperty("code");
  const given = await outcomeOf(store.updatePool(operation.to, { addRanges: [moved] }, operation.by));
  expect(given, "addresses that nobody has could not be added").not.toHaveProperty("code");
  return [taken, given];
}

function cut({ start, end }: Range, most: number, isEnd: boolean) {
  const size = Math.min(most, end - start + 1);
  const moved = isEnd ? { start: end - size + 1, end } : { start, end: start + size - 1 };
  const rest = isEnd ? { start, end: end - size } : { start: start + size, end };
  return { moved, rest: rest.start > rest.end ? [] : [rest] };
}

async function unwritten(register: Register, predict: () => Promise<unknown>): Promise<Outcome> {
  const before = await register.seq();
  const outcome = await outcomeOf(predict());
  expect(await register.seq(), "a prediction wrote something").toBe(before);
  return outcome;
}

async function poolOf({ store }: Register, name: string): Promise<Pool | undefined> {
  return (await store.pools()).find((pool) => pool.name === name);
}

async function reservationOf({ store }: Register, { start, end }: Range): Promise<Reservation | undefined> {
  return (await store.reserved()).find((other) => other.start === start && other.end === end);
}

function isDeclaredBy(managedBy: Manager | undefined, by: Manager): boolean {
  return managedBy?.owner === by.owner && managedBy.installation === by.installation;
}

/** A token, where the register knows one, is worth more than a name. */
function isHeldBy(managedBy: Manager | undefined, by: Manager): boolean {
  return managedBy?.token === undefined ? isDeclaredBy(managedBy, by) : managedBy.token === by.token;
}
