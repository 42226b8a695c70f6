import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import type { Lease } from "../../lease/lease";
import { compareOwners } from "../../lease/owner";
import type { Mac } from "../../mac/mac";
import { DamageError } from "../damage";
import { type LeaseRow, leaseOfRow } from "../rows";
import type { LeaseFilter } from "../store";
import { leaseColumns, leaseTables } from "./rows";

/** Few rows first, so that the first is there at once. */
const FIRST_PAGE = 50;
const PAGE = 1000;

/** Where a page ended, in the order of both indexes. */
interface Place {
  readonly lastOwner: string;
  readonly lastPool: number;
  readonly lastInstallation: number;
  readonly lastRotation: string;
  readonly lastSlot: Mac;
  readonly lastAddress: Mac;
}

interface PlacedRow extends LeaseRow {
  readonly poolId: number;
  readonly installationId: number;
}

/** One of the two indexes: how it is read, and what it is ordered by. */
interface Index {
  readonly fetch: (after: Place, limit: number) => readonly PlacedRow[];
  readonly keyOf: (place: Place) => readonly (string | number)[];
}

/**
 * Yields the leases of one owner, or of all owners that begin with a text, by owner in the order of UTF-8 bytes; live
 * ones of an owner come before its released ones. There is an index for each of the two, which are read side by side.
 */
export async function* leasesByOwner(database: Database.Database, filter: LeaseFilter): AsyncIterable<Lease> {
  const scope = scopeOf(database, filter);
  if (scope === undefined) return;
  const live = filter.state === "released" ? [] : paged(liveIndex(database, scope), scope.start);
  const released = filter.state === "live" ? [] : paged(releasedIndex(database, scope), scope.start);
  let read = 0;
  for (const row of merged(live, released)) {
    yield leaseOfRow(row);
    read += 1;
    if (read % PAGE === 0) await othersTurn();
  }
}

interface Scope {
  readonly start: Place;
  /** Conditions on what is read from `start` on, for the parameters in `bound`. */
  readonly conditions: string;
  readonly bound: { readonly from: string; readonly pool: number | null };
}

/** Returns what is to be read of both indexes; undefined when nothing can match. */
function scopeOf(database: Database.Database, filter: LeaseFilter): Scope | undefined {
  const { owner, ownerPrefix = "", pool: name } = filter;
  if (owner !== undefined && !owner.startsWith(ownerPrefix)) return undefined;
  const pool = name === undefined ? null : poolId(database, name);
  if (pool === undefined) return undefined;
  const from = owner ?? ownerPrefix;
  // No text in UTF-8 has the byte ff, so all texts with this beginning come before it with one.
  const end = owner === undefined ? "lease.owner < :from || x'ff'" : "lease.owner <= :from";
  // The plus keeps the planner from starting with the pool, whose leases would then have to be sorted.
  const conditions = pool === null ? end : `${end} and +lease.pool = :pool`;
  const lowest = { lastInstallation: 0, lastRotation: "", lastSlot: -1, lastAddress: -1 };
  return { start: { lastOwner: from, lastPool: pool ?? 0, ...lowest }, conditions, bound: { from, pool } };
}

function poolId(database: Database.Database, name: string): number | undefined {
  return database.prepare<[string], number>("select id from pool where name = ?").pluck().get(name);
}

const select = `select ${leaseColumns}, lease.pool as poolId, lease.installation as installationId from ${leaseTables}`;

function liveIndex(database: Database.Database, { conditions, bound }: Scope): Index {
  const page = database.prepare<object, PlacedRow>(
    `${select} where released_at is null and ${conditions}
       and (lease.owner, lease.pool, lease.installation, rotation, slot)
         > (:lastOwner, :lastPool, :lastInstallation, :lastRotation, :lastSlot)
     order by lease.owner, lease.pool, lease.installation, rotation, slot limit :limit`,
  );
  return {
    fetch: (after, limit) => page.all({ ...bound, ...after, limit }),
    keyOf: (at) => [at.lastOwner, at.lastPool, at.lastInstallation, at.lastRotation, at.lastSlot],
  };
}

function releasedIndex(database: Database.Database, { conditions, bound }: Scope): Index {
  const page = database.prepare<object, PlacedRow>(
    `${select} where released_at is not null and ${conditions}
       and (lease.owner, lease.pool, address) > (:lastOwner, :lastPool, :lastAddress)
     order by lease.owner, lease.pool, address limit :limit`,
  );
  return {
    fetch: (after, limit) => page.all({ ...bound, ...after, limit }),
    keyOf: (at) => [at.lastOwner, at.lastPool, at.lastAddress],
  };
}

function* paged({ fetch, keyOf }: Index, start: Place): Iterable<PlacedRow> {
  let after = start;
  for (let limit = FIRST_PAGE; ; limit = PAGE) {
    const rows = fetch(after, limit);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    const end = placeOf(last);
    // Rows that stand out of order are damage, and would be read for ever.
    if (!isBefore(keyOf(after), keyOf(end))) throw new DamageError("the leases of owners are out of order");
    after = end;
  }
}

function isBefore(one: readonly (string | number)[], other: readonly (string | number)[]): boolean {
  const at = one.findIndex((part, index) => part !== other[index]);
  const [part, next] = [one[at], other[at]];
  if (typeof part === "number" && typeof next === "number") return part < next;
  return at !== -1 && compareOwners(String(part), String(next)) < 0;
}

/** Yields the rows of both in order of owner, those of `first` before those of `second` where the owner is the same. */
function* merged(first: Iterable<PlacedRow>, second: Iterable<PlacedRow>): Iterable<PlacedRow> {
  const others = second[Symbol.iterator]();
  let other = others.next();
  for (const row of first) {
    for (; other.done !== true && compareOwners(other.value.owner, row.owner) < 0; other = others.next()) {
      yield other.value;
    }
    yield row;
  }
  for (; other.done !== true; other = others.next()) yield other.value;
}

function placeOf({ owner, poolId, installationId, rotation, slot, address }: PlacedRow): Place {
  return {
    lastOwner: owner,
    lastPool: poolId,
    lastInstallation: installationId,
    lastRotation: rotation,
    lastSlot: slot,
    lastAddress: address,
  };
}
