import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import type { Lease } from "../../lease/lease";
import { compareOwners } from "../../lease/owner";
import type { Mac } from "../../mac/mac";
import { DamageError } from "../damage";
import { type LeaseRow, leaseOfRow } from "../rows";
import type { LeaseFilter } from "../store";
import { Names, restOf, scopeOf } from "./names";
import { leaseColumns, leaseTables } from "./rows";

/** Few rows first, so that the first is there at once. */
const FIRST_PAGE = 50;
const PAGE = 1000;

/** Where a page ended; the owner without its scope. */
interface Place {
  readonly lastOwner: string;
  readonly lastAddress: Mac;
}

interface PlacedRow extends LeaseRow {
  readonly ownerRest: string;
}

/** One of the two indexes, as it is read within a scope. */
type Fetch = (scope: Scope, after: Place, limit: number) => readonly PlacedRow[];

/** A scope of owners, and what the rest of those begins with that are to be read. */
interface Scope {
  readonly id: number;
  readonly text: string;
  readonly from: string;
}

/**
 * Yields the leases of one owner, or of all owners that begin with a text, by owner in the order of UTF-8 bytes; live
 * ones of an owner come before its released ones, and those by address. There is an index for each of the two, which are
 * read side by side, scope by scope. With `isOwned`, those without an owner are left out.
 */
export async function* leasesByOwner(
  database: Database.Database,
  filter: LeaseFilter,
  isOwned = false,
): AsyncIterable<Lease> {
  const { owner, ownerPrefix = "", pool: name, state } = filter;
  if (owner !== undefined && !owner.startsWith(ownerPrefix)) return;
  const pool = name === undefined ? null : poolId(database, name);
  if (pool === undefined) return;
  const fetch = (condition: string) => pages(database, condition, owner !== undefined, pool);
  const live = state === "released" ? undefined : fetch("released_at is null");
  const released = state === "live" ? undefined : fetch("released_at is not null");
  const rowsOf = (scope: Scope) => merged(paged(live, scope, isOwned), paged(released, scope, isOwned));
  const scopes = owner === undefined ? scopesFrom(ownerPrefix, database, state) : scopeNamed(owner, database);
  let read = 0;
  for (const row of nested(scopes, rowsOf)) {
    if (row !== undefined) yield leaseOfRow(row);
    read += 1;
    if (read % PAGE === 0) await othersTurn();
  }
}

/** Returns whether there are more than `few` leases without an owner. */
export function areUnowned(database: Database.Database, few: number): boolean {
  const unowned = "scope = (select id from name where value = '') and owner = ''";
  const count = database.prepare<[number], number>(
    `select count(*) from (
       select 1 from lease where ${unowned} and released_at is null
       union all select 1 from lease where ${unowned} and released_at is not null limit ?)`,
  );
  return (count.pluck().get(few + 1) ?? 0) > few;
}

/** Yields the scope that an owner, or the beginning of one, is in. */
function* scopeNamed(owner: string, database: Database.Database): Iterable<Scope> {
  const text = scopeOf(owner);
  const id = new Names(database).idIfAny(text);
  if (id !== undefined) yield { id, text, from: restOf(owner) };
}

/** Yields the scopes that owners with this beginning are in, ascending; of names, those that have a lease of that state. */
function* scopesFrom(prefix: string, database: Database.Database, state: LeaseFilter["state"]): Iterable<Scope> {
  yield* scopeNamed(prefix, database);
  const following = database.prepare<[string, string], { readonly id: number; readonly text: string }>(
    // No text in UTF-8 has the byte ff, so all texts with this beginning come before it with one.
    `select id, value as text from name where value > ? and value < ? || x'ff' and (${isScope[state ?? "any"]})
     order by value limit 100`,
  );
  let after = prefix;
  for (;;) {
    const names = following.all(after, prefix);
    for (const { id, text } of names) yield { id, text, from: "" };
    const last = names.at(-1);
    if (last === undefined) return;
    if (compareOwners(after, last.text) >= 0) throw new DamageError("the names of a register are out of order");
    after = last.text;
  }
}

const isLive = "exists (select 1 from lease where lease.scope = name.id and released_at is null)";
const isReleased = "exists (select 1 from lease where lease.scope = name.id and released_at is not null)";
const isScope = { live: isLive, released: isReleased, any: `${isLive} or ${isReleased}` } as const;

/**
 * Yields the rows of all scopes in order of owner. What begins with a scope's text may come between others of another. For
 * every scope that is begun it also yields undefined: it may have no row.
 */
function* nested(
  scopes: Iterable<Scope>,
  rowsOf: (scope: Scope) => Iterable<PlacedRow>,
): Iterable<PlacedRow | undefined> {
  const open: { readonly row: PlacedRow; readonly rest: Iterator<PlacedRow> }[] = [];
  const goOn = (rest: Iterator<PlacedRow>) => {
    const next = rest.next();
    if (next.done === true) return;
    const row = next.value;
    const at = open.findIndex((other) => compareOwners(row.owner, other.row.owner) < 0);
    open.splice(at < 0 ? open.length : at, 0, { row, rest });
  };
  const others = scopes[Symbol.iterator]();
  let scope = others.next();
  for (;;) {
    const [first] = open;
    if (scope.done !== true && (first === undefined || compareOwners(scope.value.text, first.row.owner) <= 0)) {
      yield undefined;
      goOn(rowsOf(scope.value)[Symbol.iterator]());
      scope = others.next();
    } else {
      if (first === undefined) return;
      open.shift();
      yield first.row;
      goOn(first.rest);
    }
  }
}

function poolId(database: Database.Database, name: string): number | undefined {
  return database.prepare<[string], number>("select id from pool where name = ?").pluck().get(name);
}

function pages(database: Database.Database, condition: string, isOne: boolean, pool: number | null): Fetch {
  const end = isOne ? "lease.owner <= :from" : "lease.owner < :from || x'ff'";
  // The plus keeps the planner from starting with the pool, whose leases would then have to be sorted.
  const inPool = pool === null ? "" : "and +lease.pool = :pool";
  const page = database.prepare<object, PlacedRow>(
    `select ${leaseColumns}, lease.owner as ownerRest from ${leaseTables}
     where ${condition} and lease.scope = :scope and ${end} ${inPool}
       and (lease.owner, address) > (:lastOwner, :lastAddress)
     order by lease.owner, address limit :limit`,
  );
  return ({ id, from }, after, limit) => page.all({ scope: id, from, pool, ...after, limit });
}

function* paged(fetch: Fetch | undefined, scope: Scope, isOwned: boolean): Iterable<PlacedRow> {
  if (fetch === undefined) return;
  const isAfterUnowned = isOwned && scope.text === "" && scope.from === "";
  let after: Place = { lastOwner: scope.from, lastAddress: isAfterUnowned ? Number.MAX_SAFE_INTEGER : -1 };
  for (let limit = FIRST_PAGE; ; limit = PAGE) {
    const rows = fetch(scope, after, limit);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    const end = { lastOwner: last.ownerRest, lastAddress: last.address };
    // Rows that stand out of order are damage, and would be read for ever.
    if (!isBefore(after, end)) throw new DamageError("the leases of owners are out of order");
    after = end;
  }
}

function isBefore(one: Place, other: Place): boolean {
  return (compareOwners(one.lastOwner, other.lastOwner) || one.lastAddress - other.lastAddress) < 0;
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
