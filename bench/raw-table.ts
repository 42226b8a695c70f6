import { randomInt } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { AcquireRequest } from "../provider/lease/lease";

/** When SQLite folds a log into its file and goes on at the log's beginning; every commit writes one page at least. */
export const LOG_PAGES = 1000;

/** A table of the same rows as the leases', under the same settings, without any rule. */
export interface RawTable {
  /** Inserts a row in a transaction of its own. */
  insert(row: AcquireRequest): void;
  /** Inserts all in one transaction. */
  insertAll(rows: readonly AcquireRequest[]): void;
  close(): void;
}

/** Returns a table without any index. */
export function openRaw(directory: string): RawTable {
  const database = openTable(join(directory, "raw.db"));
  return inserts(database, () => 0);
}

/**
 * Returns a table that has what makes addresses and owners unique: the least that a register can do. Its addresses follow
 * each other, or lie all over a pool as large as `default`.
 */
export function openIndexed(directory: string, sequential: boolean): RawTable {
  const database = openTable(join(directory, "indexed.db"));
  for (const column of ["slot", "owner"]) {
    database.exec(`create unique index if not exists by_${column} on raw (${column})`);
  }
  let last = Number(database.prepare("select coalesce(max(slot), 0) from raw").pluck().get());
  return inserts(database, () => {
    last = sequential ? last + 1 : randomInt(2 ** 40);
    return last;
  });
}

function openTable(path: string): Database.Database {
  const database = new Database(path);
  for (const pragma of ["journal_mode = wal", "synchronous = full", `wal_autocheckpoint = ${LOG_PAGES}`]) {
    database.pragma(pragma);
  }
  database.exec(
    `create table if not exists raw (id integer primary key, pool integer not null, owner text not null, installation integer not null,
       rotation text not null, slot integer not null, token text not null, seq integer not null,
       acquired_at integer not null, released_at integer, description text not null, tags text not null) strict`,
  );
  return database;
}

function inserts(database: Database.Database, address: () => number): RawTable {
  const statement = database.prepare(
    `insert into raw (pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at, description, tags)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const begin = database.prepare("begin immediate");
  const commit = database.prepare("commit");
  const insert = ({ owner, rotation, description }: AcquireRequest) =>
    statement.run(1, owner, 1, rotation, address(), "0123456789abcdefghijkl", 1, Date.now(), null, description, "{}");
  const insertAll = (rows: readonly AcquireRequest[]) => {
    begin.run();
    for (const row of rows) insert(row);
    commit.run();
  };
  return { insert, insertAll, close: () => database.close() };
}
