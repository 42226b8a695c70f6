import { MacpoolError } from "../error";
import { neverAllocated } from "../mac/classify";
import { formatMac, type Mac } from "../mac/mac";
import { formatRange, overlaps, type Range } from "../mac/range";
import { ownerText } from "./held";
import type { Lease, PoolUsage, RegisterEvent } from "./lease";
import type { Ledger, LedgerView } from "./ledger";
import { Rehearsal } from "./overlay";
import {
  definePool,
  isGrantedTo,
  isSameManager,
  type Manager,
  type Pool,
  type PoolSpec,
  type Reservation,
  reservationText,
  withoutToken,
} from "./pool";
import { requirePool } from "./transact";

const HIGHEST = 2 ** 48 - 1;

/** Characters of a manager's name that a message repeats: nobody bounds how long one may be. */
const LONGEST_NAME = 1024;

/**
 * Adds a pool to the ledger, managed by `by` under its token, and returns it. A name that was deleted comes back: its
 * owners get their released addresses again, and quarantine holds. A pool that `by` manages already (a retry), or any with
 * `adopt`, becomes what `spec` says, defaults included.
 *
 * @throws MacpoolError POOL_CONFLICT when its name exists otherwise, or as {@link updatePool}; those of `definePool`.
 */
export function createPool(spec: PoolSpec, ledger: Ledger, by?: Manager, adopt = false): Pool {
  const pool = definePool(spec, by);
  const existing = ledger.pool(pool.name);
  if (existing !== undefined) {
    const isRetry = by !== undefined && isSameManager(existing.managedBy, by);
    if (!isRetry && !adopt) throw poolExists(existing, by);
    return change(pool, existing, ledger, by);
  }
  assertDisjoint(pool, ledger);
  ledger.append(poolEvent("create-pool", pool.name, by));
  ledger.putPool(pool);
  ledger.setCursor(pool.name, lowest(pool));
  return pool;
}

/**
 * Returns what {@link createPool} would return now, with the pools `planned` in force; writes nothing. A pool of another
 * name that `by` manages counts as deleted, which it is before its successor is created.
 *
 * @throws MacpoolError as {@link createPool}.
 */
export function predictPool(
  spec: PoolSpec,
  view: LedgerView,
  by?: Manager,
  adopt = false,
  planned: readonly Pool[] = [],
): Pool {
  return createPool(spec, new Rehearsal(view, planned, spec.name, by), by, adopt);
}

/** What may change of a pool; what is undefined stays. */
export interface PoolChange extends Partial<Omit<PoolSpec, "name">> {
  /** Ranges that come to those it has. */
  readonly addRanges?: readonly Range[] | undefined;
}

/**
 * Changes a pool and returns it. With `by`, that declaration manages it from now on, under its token; otherwise its manager
 * stays.
 *
 * @throws MacpoolError POOL_NOT_FOUND; POOL_CONFLICT when a range overlaps another pool or a live lease would lie
 * outside; those of `definePool`.
 */
export function updatePool(name: string, changes: PoolChange, ledger: Ledger, by?: Manager): Pool {
  const { addRanges = [], ...rest } = changes;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const existing = requirePool(name, ledger);
  const spec: PoolSpec = { ...existing, ...given, name };
  const ranges = [...spec.ranges, ...addRanges];
  return change(definePool({ ...spec, ranges }, by ?? existing.managedBy), existing, ledger, by);
}

function change(pool: Pool, existing: Pool, ledger: Ledger, by: Manager | undefined): Pool {
  assertDisjoint(pool, ledger);
  const outside = liveOutside(pool, ledger);
  if (outside !== undefined) {
    throw new MacpoolError(
      "POOL_CONFLICT",
      `Pool "${pool.name}" cannot shrink: ${formatMac(outside.address)} is leased to ${ownerText(outside.owner)} and would lie outside. Release it first.`,
      { details: { pool: pool.name, address: formatMac(outside.address), holder: outside.owner } },
    );
  }
  ledger.append(poolEvent("update-pool", pool.name, by));
  ledger.putPool(pool);
  // Ranges may have come in below the cursor; whatever above them is taken will be skipped again.
  if (!isSameRanges(pool.ranges, existing.ranges)) ledger.setCursor(pool.name, lowest(pool));
  return pool;
}

/**
 * Deletes a pool; returns false when there is none or, with `by`, when it was not granted to that. Its released leases
 * stay, for a pool of the same name.
 *
 * @throws MacpoolError POOL_CONFLICT while it has live leases.
 */
export function deletePool(name: string, ledger: Ledger, by?: Manager): boolean {
  const pool = ledger.pool(name);
  if (pool === undefined || (by !== undefined && !isGrantedTo(pool.managedBy, by))) return false;
  const held = firstLive(pool, ledger);
  if (held !== undefined) throw stillInUse(held, ledger.usage(pool).live);
  ledger.append(poolEvent("delete-pool", name, by));
  ledger.retirePool(name);
  return true;
}

/**
 * Keeps a range from being handed out, managed by `by` under its token. Repeating it changes nothing, but for the reason
 * and the token that the reservation's own manager gives; with `adopt`, `by` becomes the manager of what somebody else
 * reserved.
 *
 * @throws MacpoolError INVALID_RANGE; RESERVATION_CONFLICT when `by` is given and somebody else reserved that range.
 */
export function reserve({ start, end, reason }: Reservation, ledger: Ledger, by?: Manager, adopt = false): void {
  assertOrdered({ start, end });
  const existing = ledger.reservationOf({ start, end });
  if (existing !== undefined) {
    if (by === undefined) return;
    const isOwn = isSameManager(existing.managedBy, by);
    if (isBuiltIn(existing) || (!isOwn && !adopt)) throw reservedOtherwise(existing);
    if (isOwn && existing.reason === reason && existing.managedBy?.token === by.token) return;
  }
  ledger.append({ ...poolEvent("reserve", "", by), address: start });
  ledger.putReservation({ start, end, reason, managedBy: by });
}

/**
 * Returns the number of live leases in the range, if {@link reserve} would take it now; writes nothing.
 *
 * @throws MacpoolError as {@link reserve}.
 */
export function predictReservation(reservation: Reservation, view: LedgerView, by?: Manager, adopt = false): number {
  reserve(reservation, new Rehearsal(view, [], "", by), by, adopt);
  return view.countLive(reservation);
}

/**
 * Ends the reservation with exactly these ends; returns whether there was one that, with `by`, was granted to that. Those
 * of every register stay.
 */
export function unreserve({ start, end }: Range, ledger: Ledger, by?: Manager): boolean {
  const found = ledger.reservationOf({ start, end });
  if (found === undefined || isBuiltIn(found)) return false;
  if (by !== undefined && !isGrantedTo(found.managedBy, by)) return false;
  ledger.append({ ...poolEvent("unreserve", "", by), address: start });
  ledger.removeReservation(found);
  for (const pool of ledger.pools()) {
    if (!pool.ranges.some((other) => overlaps(other, found))) continue;
    ledger.setCursor(pool.name, Math.min(ledger.cursor(pool.name), start));
  }
  return true;
}

/**
 * Returns how full a pool is.
 *
 * @throws MacpoolError POOL_NOT_FOUND.
 */
export function stats(name: string, view: LedgerView): PoolUsage {
  return view.usage(requirePool(name, view));
}

function assertDisjoint(pool: Pool, view: LedgerView): void {
  for (const other of view.pools()) {
    if (other.name === pool.name) continue;
    const clash = pool.ranges.find((range) => other.ranges.some((theirs) => overlaps(range, theirs)));
    if (clash === undefined) continue;
    throw new MacpoolError(
      "POOL_CONFLICT",
      `Pool "${pool.name}": range ${formatRange(clash)} overlaps pool "${other.name}" (${other.ranges.map(formatRange).join(", ")}). Pools must not share addresses.`,
      { details: { pool: pool.name, other: other.name } },
    );
  }
}

function liveOutside(pool: Pool, view: LedgerView): Lease | undefined {
  let start = 0;
  for (const range of [...pool.ranges, { start: HIGHEST + 1, end: HIGHEST + 1 }]) {
    const lease = view.liveWithin(start, range.start - 1, pool.name);
    if (lease !== undefined) return lease;
    start = range.end + 1;
  }
  return undefined;
}

function firstLive(pool: Pool, view: LedgerView): Lease | undefined {
  for (const range of pool.ranges) {
    const lease = view.liveWithin(range.start, range.end, pool.name);
    if (lease !== undefined) return lease;
  }
  return undefined;
}

function poolExists({ name, managedBy }: Pool, by: Manager | undefined): MacpoolError {
  const remedy = `Update it${by === undefined ? " or choose another name" : ", choose another name, or set adopt to manage it from here"}.`;
  return new MacpoolError(
    "POOL_CONFLICT",
    `Pool "${name}" exists already, managed by ${managerText(managedBy)}. ${remedy}`,
    { details: { pool: name, ...withoutToken(managedBy) } },
  );
}

function stillInUse(held: Lease, live: number): MacpoolError {
  const address = formatMac(held.address);
  const leases = live === 1 ? "1 live lease" : `${live} live leases`;
  return new MacpoolError(
    "POOL_CONFLICT",
    `Pool "${held.pool}" cannot be deleted: it has ${leases}, such as ${address} of ${ownerText(held.owner)}. Release them first.`,
    { details: { pool: held.pool, live, address, holder: held.owner } },
  );
}

function reservedOtherwise(existing: Reservation): MacpoolError {
  const range = formatRange(existing);
  const words = isBuiltIn(existing)
    ? `Every register keeps ${reservationText(existing)} from being handed out: it needs no reservation.`
    : `${reservationText(existing)} is reserved already, managed by ${managerText(existing.managedBy)}. Remove that reservation, or set adopt to manage it from here.`;
  return new MacpoolError("RESERVATION_CONFLICT", words, { details: { range, ...withoutToken(existing.managedBy) } });
}

function managerText(manager: Manager | undefined): string {
  if (manager === undefined) return "no program";
  return `"${manager.owner.slice(0, LONGEST_NAME)}" (installation ${manager.installation.slice(0, LONGEST_NAME)})`;
}

/** Returns whether a reservation comes with every register, so that nobody can end it. */
export function isBuiltIn(range: Range): boolean {
  return neverAllocated.some((other) => isSameRange(other, range));
}

function poolEvent(kind: RegisterEvent["kind"], pool: string, by: Manager | undefined) {
  return { kind, address: undefined, pool, owner: by?.owner ?? "", installation: by?.installation ?? "" };
}

function lowest(pool: Pool): Mac {
  return pool.ranges[0]?.start ?? 0;
}

function assertOrdered({ start, end }: Range): void {
  const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= HIGHEST;
  if (isRange) return;
  throw new MacpoolError(
    "INVALID_RANGE",
    `A reserved range must start at or before its end: ${start} to ${end} does not.`,
  );
}

function isSameRanges(one: readonly Range[], other: readonly Range[]): boolean {
  return one.length === other.length && one.every((range, index) => isSameRange(range, other[index]));
}

function isSameRange(one: Range, other: Range | undefined): boolean {
  return one.start === other?.start && one.end === other.end;
}
