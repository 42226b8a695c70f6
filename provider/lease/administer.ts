import { MacpoolError } from "../error";
import { neverAllocated } from "../mac/classify";
import { formatMac, type Mac } from "../mac/mac";
import { formatRange, overlaps, type Range } from "../mac/range";
import type { Lease, PoolUsage, RegisterEvent } from "./lease";
import type { Ledger, LedgerView } from "./ledger";
import { definePool, type Pool, type PoolSpec, type Reservation } from "./pool";
import { requirePool } from "./transact";

const HIGHEST = 2 ** 48 - 1;

/**
 * Adds a pool to the ledger and returns it.
 *
 * @throws MacpoolError POOL_CONFLICT when its name exists or a range overlaps another pool; those of `definePool`.
 */
export function createPool(spec: PoolSpec, ledger: Ledger): Pool {
  const pool = definePool(spec);
  if (ledger.pool(pool.name) !== undefined) {
    throw new MacpoolError("POOL_CONFLICT", `Pool "${pool.name}" exists already. Update it, or choose another name.`);
  }
  assertDisjoint(pool, ledger);
  ledger.append(poolEvent("create-pool", pool.name));
  ledger.putPool(pool);
  ledger.setCursor(pool.name, lowest(pool));
  return pool;
}

/**
 * Changes a pool and returns it.
 *
 * @throws MacpoolError POOL_NOT_FOUND; POOL_CONFLICT when a range overlaps another pool or a live lease would lie
 * outside; those of `definePool`.
 */
export function updatePool(name: string, change: Partial<Omit<PoolSpec, "name">>, ledger: Ledger): Pool {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const pool = definePool({ ...requirePool(name, ledger), ...given, name });
  assertDisjoint(pool, ledger);
  const outside = liveOutside(pool, ledger);
  if (outside !== undefined) {
    throw new MacpoolError(
      "POOL_CONFLICT",
      `Pool "${name}" cannot shrink: ${formatMac(outside.address)} is leased to "${outside.owner}" and would lie outside. Release it first.`,
      { details: { pool: name, address: formatMac(outside.address), holder: outside.owner } },
    );
  }
  ledger.append(poolEvent("update-pool", name));
  ledger.putPool(pool);
  // Ranges may have come in below the cursor; whatever above them is taken will be skipped again.
  if (change.ranges !== undefined) ledger.setCursor(name, lowest(pool));
  return pool;
}

/** Keeps a range from being handed out; repeating it changes nothing. */
export function reserve(reservation: Reservation, ledger: Ledger): void {
  if (!isRange(reservation)) {
    throw new MacpoolError(
      "INVALID_RANGE",
      `A reserved range must start at or before its end: ${reservation.start} to ${reservation.end} does not.`,
    );
  }
  if (ledger.reservations().some((other) => isSameRange(other, reservation))) return;
  ledger.append({ ...poolEvent("reserve", ""), address: reservation.start });
  ledger.addReservation(reservation);
}

/** Ends the reservation with exactly these ends; returns whether there was one. Those of every register stay. */
export function unreserve(range: Range, ledger: Ledger): boolean {
  if (neverAllocated.some((other) => isSameRange(other, range))) return false;
  const found = ledger.reservations().find((other) => isSameRange(other, range));
  if (found === undefined) return false;
  ledger.append({ ...poolEvent("unreserve", ""), address: range.start });
  ledger.removeReservation(found);
  for (const pool of ledger.pools()) {
    if (!pool.ranges.some((other) => overlaps(other, range))) continue;
    ledger.setCursor(pool.name, Math.min(ledger.cursor(pool.name), range.start));
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

function poolEvent(kind: RegisterEvent["kind"], pool: string) {
  return { kind, address: undefined, pool, owner: "", installation: "" };
}

function lowest(pool: Pool): Mac {
  return pool.ranges[0]?.start ?? 0;
}

function isRange(range: Range): boolean {
  return Number.isInteger(range.start) && Number.isInteger(range.end) && range.start >= 0 && isAscending(range);
}

function isAscending(range: Range): boolean {
  return range.start <= range.end && range.end <= HIGHEST;
}

function isSameRange(one: Range, other: Range): boolean {
  return one.start === other.start && one.end === other.end;
}
