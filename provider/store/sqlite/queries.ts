import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import type { Lease, RegisterEvent } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { DamageError } from "../damage";
import { listed } from "../listing";
import { type EventRow, eventOfRow, type LeaseRow, leaseOfRow } from "../rows";
import type { EventFilter, LeaseFilter } from "../store";
import { areUnowned, leasesByOwner } from "./by-owner";
import { eventQuery, leaseQuery } from "./rows";

/** Rows read at a time, whether or not they match: an open cursor would bar every write on this connection. */
const PAGE = 1000;
/** Few at first, so that the first is there at once. */
const FIRST_PAGE = 50;

/** Yields the leases that match, in the order of `LeaseStore.list`. */
export function leases(database: Database.Database, filter: LeaseFilter): AsyncIterable<Lease> {
  return listed(filter, {
    byAddress: (by) => leasesByAddress(database, by),
    byOwner: (by, isOwned) => leasesByOwner(database, by, isOwned),
    areUnowned: async (few) => areUnowned(database, few),
  });
}

async function* leasesByAddress(database: Database.Database, filter: LeaseFilter): AsyncIterable<Lease> {
  const pageEnd = database
    .prepare<[Mac, number], Mac | null>(
      "select max(address) from (select address from lease where address > ? order by address limit ?)",
    )
    .pluck();
  const page = database.prepare<object, LeaseRow>(
    `${leaseQuery} where address > :after and address <= :end
       ${filter.pool === undefined ? "" : "and pool.name = :pool"}
       ${filter.owner === undefined ? "" : "and scope.value || lease.owner = :owner"}
       ${filter.state === undefined ? "" : `and released_at is ${filter.state === "live" ? "null" : "not null"}`}
     order by address`,
  );
  const bounds = filter.pool === undefined ? EVERYTHING : boundsOf(filter.pool, database);
  let after = bounds.start - 1;
  for (let size = FIRST_PAGE; after < bounds.end; size = PAGE) {
    const end = pageEnd.get(after, size) ?? undefined;
    if (end === undefined) return;
    assertOnward(after, end);
    yield* page.all({ after, end, pool: filter.pool ?? null, owner: filter.owner ?? null }).map(leaseOfRow);
    after = end;
    await othersTurn();
  }
}

/** Rows that stand out of order are damage, and would be read for ever. */
function assertOnward(after: number, end: number): void {
  if (!(end > after)) throw new DamageError(`what comes after ${after} ends at ${end}`);
}

const EVERYTHING: Range = { start: 0, end: 2 ** 48 };

/** Returns where a pool's leases may lie: live ones in its ranges, released ones also where its ranges were before. */
function boundsOf(pool: string, database: Database.Database): Range {
  const query = database.prepare<{ pool: string }, { readonly start: Mac | null; readonly end: Mac | null }>(
    `select min(first) as start, max(last) as end from (
       select start as first, "end" as last from pool_range where pool = (select id from pool where name = :pool)
       union all
       select min(address), max(address) from lease
       where pool = (select id from pool where name = :pool) and released_at is not null)`,
  );
  const { start, end } = query.get({ pool }) ?? {};
  return { start: start ?? 0, end: end ?? -1 };
}

/** Yields the events that match, oldest first. */
export function events(database: Database.Database, filter: EventFilter): AsyncIterable<RegisterEvent> {
  const { address, owner } = filter;
  return address === undefined ? allEvents(database, owner) : eventsOf(address, database, owner);
}

/** Reads through everything, but never more than a page before others have their turn. */
async function* allEvents(database: Database.Database, owner: string | undefined): AsyncIterable<RegisterEvent> {
  const pageEnd = database
    .prepare<[number], number | null>(
      `select max(seq) from (select seq from event where seq > ? order by seq limit ${PAGE})`,
    )
    .pluck();
  const page = database.prepare<object, EventRow>(
    `${eventQuery} where seq > :after and seq <= :end
       ${owner === undefined ? "" : "and owner = :owner"} order by seq`,
  );
  let after = 0;
  for (;;) {
    const end = pageEnd.get(after) ?? undefined;
    if (end === undefined) return;
    assertOnward(after, end);
    for (const row of page.all({ after, end, owner: owner ?? null })) {
      assertOnward(after, row.seq);
      after = row.seq;
      yield eventOfRow(row);
    }
    after = end;
    await othersTurn();
  }
}

/** Follows the address's own history back from its newest event, and yields it forwards: only numbers are kept. */
async function* eventsOf(
  address: Mac,
  database: Database.Database,
  owner: string | undefined,
): AsyncIterable<RegisterEvent> {
  const numbers: number[] = [];
  for (const page of chain(address, database)) {
    numbers.push(...page);
    await othersTurn();
  }
  const event = database.prepare<[number], EventRow>(`${eventQuery} where seq = ?`);
  let read = 0;
  for (const seq of numbers.reverse()) {
    const row = event.get(seq);
    if (row !== undefined && (owner === undefined || row.owner === owner)) yield eventOfRow(row);
    read += 1;
    if (read % PAGE === 0) await othersTurn();
  }
}

/** Yields the numbers of an address's events, newest first, in pages. */
function* chain(address: Mac, database: Database.Database): Iterable<readonly number[]> {
  const newest = database.prepare<[Mac], Link>(
    "select seq, iif(before < seq, before, null) as before from lease where address = ?",
  );
  const page = database.prepare<[number], Link>(
    // A link that leads forwards is damage, and would be followed for ever.
    `with recursive chain (seq, before) as (
       select seq, iif(before < seq, before, null) from past_event where seq = ?
       union all
       select past_event.seq, iif(past_event.before < past_event.seq, past_event.before, null)
       from chain join past_event on past_event.seq = chain.before
       limit ${PAGE})
     select seq, before from chain`,
  );
  const lease = newest.get(address);
  if (lease === undefined) return;
  yield [lease.seq];
  let from = lease.before ?? 0;
  while (from > 0) {
    const links = page.all(from);
    yield links.map(({ seq }) => seq);
    from = links.at(-1)?.before ?? 0;
  }
}

/** The number of an event, and of the one before it at its address. */
interface Link {
  readonly seq: number;
  readonly before: number | null;
}
