import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import { poolOfRow, type ReservationRow, reservationOfRow } from "../definition-rows";
import type { RegisterRecord } from "../record";
import { type EventRow, eventOfRow, type LeaseRow, leaseOfRow } from "../rows";
import { type PoolRow, rangesOf } from "./definitions";
import { type CheckedFile, checkSameFile } from "./file-checks";
import { loadDriver } from "./load-driver";
import { eventColumns, leaseQuery } from "./rows";

/** Rows read before others have their turn. */
const PAGE = 1000;

/**
 * Yields the whole register as it is when the first record is asked for, in constant memory. It has a connection of its
 * own: an open read transaction would bar every write on the store's.
 */
export async function* dump(file: CheckedFile): AsyncIterable<RegisterRecord> {
  const Driver = loadDriver();
  const database = new Driver(file.path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    checkSameFile(file);
    database.exec("begin");
    let rows = 0;
    for (const record of records(database)) {
      yield record;
      rows += 1;
      if (rows % PAGE === 0) await othersTurn();
    }
  } finally {
    database.close();
  }
}

function* records(database: Database.Database): Iterable<RegisterRecord> {
  yield* registers(database);
  yield* pools(database);
  yield* reservations(database);
  yield* leases(database);
  yield* events(database);
}

function* registers(database: Database.Database): Iterable<RegisterRecord> {
  const rows = database.prepare<[], { storeId: string; createdAt: number; gapsUntil: number }>(
    "select store_id as storeId, created_at as createdAt, gaps_until as gapsUntil from register",
  );
  for (const { gapsUntil, ...row } of rows.all()) {
    yield { record: "register", ...row, ...(gapsUntil === 0 ? {} : { gapsUntil }) };
  }
}

function* pools(database: Database.Database): Iterable<RegisterRecord> {
  const rows = database.prepare<[], PoolRow & { cursor: number }>(
    `select id, name, strategy, issue_order as "order", quarantine_seconds as quarantineSeconds, universal, description,
       owner, installation, token, retired, cursor
     from pool order by name`,
  );
  const ranges = rangesOf(database);
  for (const row of rows.all()) {
    const pool = poolOfRow(row, ranges.all(row.id));
    yield { record: "pool", pool, cursor: row.cursor, isRetired: row.retired === 1 };
  }
}

function* reservations(database: Database.Database): Iterable<RegisterRecord> {
  const rows = database.prepare<[], ReservationRow>(
    'select start, "end", reason, owner, installation, token from reservation order by start, "end"',
  );
  for (const row of rows.iterate()) yield { record: "reservation", reservation: reservationOfRow(row) };
}

function* leases(database: Database.Database): Iterable<RegisterRecord> {
  const rows = database.prepare<[], LeaseRow>(`${leaseQuery} order by address`);
  for (const row of rows.iterate()) yield { record: "lease", lease: leaseOfRow(row) };
}

function* events(database: Database.Database): Iterable<RegisterRecord> {
  const rows = database.prepare<[], EventRow & { before: number | null }>(
    `select ${eventColumns}, before from event order by seq`,
  );
  for (const { before, ...row } of rows.iterate()) {
    yield { record: "event", event: eventOfRow(row), before: before ?? undefined };
  }
}
