import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import type { Lease, RegisterEvent } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import type { EventFilter, LeaseFilter } from "../store";
import { type EventRow, eventColumns, eventOfRow, eventTables, type LeaseRow, leaseColumns, leaseOfRow } from "./rows";

/** Rows fetched at a time: an open cursor would bar every write on this connection. */
const PAGE = 1000;

/** Yields the leases that match, by address. */
export async function* leases(database: Database.Database, filter: LeaseFilter): AsyncIterable<Lease> {
  const conditions = [
    filter.pool === undefined ? "" : "and pool.name = :pool",
    filter.owner === undefined ? "" : "and lease.owner = :owner",
    filter.ownerPrefix === undefined ? "" : "and lease.owner >= :from and lease.owner < :from || x'ff'",
    filter.state === undefined ? "" : `and released_at is ${filter.state === "live" ? "null" : "not null"}`,
  ];
  const page = database.prepare<object, LeaseRow>(
    `select ${leaseColumns} from lease join pool on pool.id = lease.pool join name on name.id = lease.installation
     where address > :after ${conditions.join(" ")} order by address limit ${PAGE}`,
  );
  const bound = {
    pool: filter.pool ?? null,
    owner: filter.owner ?? null,
    // No text in UTF-8 has the byte ff, so all texts with this beginning come before it with one.
    from: filter.ownerPrefix ?? null,
  };
  let after = -1;
  for (;;) {
    const rows = page.all({ ...bound, after });
    yield* rows.map(leaseOfRow);
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.address ?? after;
  }
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
    `select ${eventColumns} from ${eventTables} where seq > :after and seq <= :end
       ${owner === undefined ? "" : "and owner = :owner"} order by seq`,
  );
  let after = 0;
  for (;;) {
    const end = pageEnd.get(after) ?? undefined;
    if (end === undefined) return;
    yield* page.all({ after, end, owner: owner ?? null }).map(eventOfRow);
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
  const event = database.prepare<[number], EventRow>(`select ${eventColumns} from ${eventTables} where seq = ?`);
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
  const newest = database.prepare<[Mac], number>("select seq from lease where address = ?").pluck();
  const page = database.prepare<[number], { readonly seq: number; readonly before: number | null }>(
    // A link that leads forwards is damage, and would be followed for ever.
    `with recursive chain (seq, before) as (
       select seq, iif(before < seq, before, null) from event where seq = ?
       union all
       select event.seq, iif(event.before < event.seq, event.before, null)
       from chain join event on event.seq = chain.before
       limit ${PAGE})
     select seq, before from chain`,
  );
  let from = newest.get(address) ?? 0;
  while (from > 0) {
    const links = page.all(from);
    yield links.map(({ seq }) => seq);
    from = links.at(-1)?.before ?? 0;
  }
}
