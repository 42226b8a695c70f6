import type Database from "better-sqlite3";
import type { Lease, RegisterEvent } from "../../lease/lease";
import type { EventFilter, LeaseFilter } from "../store";
import { type EventRow, eventColumns, eventOfRow, eventTables, type LeaseRow, leaseColumns, leaseOfRow } from "./rows";

/** Rows fetched at a time: an open cursor would bar every write on this connection. */
const PAGE = 1000;

/** Yields the leases that match, by address. */
export async function* leases(database: Database.Database, filter: LeaseFilter): AsyncIterable<Lease> {
  const conditions = [
    filter.pool === undefined ? "" : "and pool.name = :pool",
    filter.owner === undefined ? "" : "and owner = :owner",
    filter.ownerPrefix === undefined ? "" : "and owner >= :from and owner < :from || x'ff'",
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
export async function* events(database: Database.Database, filter: EventFilter): AsyncIterable<RegisterEvent> {
  const page = database.prepare<object, EventRow>(
    `select ${eventColumns} from ${eventTables} where seq > :after
       ${filter.address === undefined ? "" : "and address = :address"}
       ${filter.owner === undefined ? "" : "and owner = :owner"}
     order by seq limit ${PAGE}`,
  );
  let after = 0;
  for (;;) {
    const rows = page.all({ after, address: filter.address ?? null, owner: filter.owner ?? null });
    yield* rows.map(eventOfRow);
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.seq ?? after;
  }
}
