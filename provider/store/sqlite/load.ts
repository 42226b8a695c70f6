import { resolve } from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { isAboutLease } from "../../lease/lease";
import { formatMac, type Mac } from "../../mac/mac";
import { columnsOf } from "../definition-rows";
import type { RegisterRecord } from "../record";
import type { StoreContext } from "../store";
import { type Copied, inspect, lastCall } from "./backup";
import { createDatabase } from "./connection";
import { type FileSystem, machineFileSystem } from "./file-checks";
import { loadDriver } from "./load-driver";
import { Names, restOf, scopeOf } from "./names";
import { eventInsert, eventValues } from "./rows";
import { assertVacant, putInPlace, withScratch } from "./scratch";
import { isConstraint, translate } from "./sqlite-error";

/** Records written before others have their turn. */
const PAGE = 1000;

/** The id of no pool. */
const NO_POOL = 0;

/** How a register is loaded. */
export interface LoadOptions {
  /** Aborting it leaves nothing behind, and fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly fileSystem?: FileSystem | undefined;
}

type Of<Kind extends RegisterRecord["record"]> = Extract<RegisterRecord, { record: Kind }>;

/**
 * Creates the register at `path` with exactly the content of `records`; nobody sees it before it is whole and checked, and
 * nothing is left behind when anything fails.
 *
 * @throws MacpoolError REGISTER_EXISTS; INVALID_FILE when the records contradict each other or make no sound register;
 * REGISTER_UNUSABLE, REGISTER_FULL, NATIVE_MODULE; whatever `records` throws.
 */
export async function loadSqlite(
  path: string,
  records: AsyncIterable<RegisterRecord>,
  context: StoreContext,
  { signal, fileSystem = machineFileSystem }: LoadOptions = {},
): Promise<Copied> {
  const target = resolve(path);
  assertVacant(target);
  return withScratch(target, fileSystem, async (scratch) => {
    createDatabase(scratch, context.clock(), () => undefined);
    await fill(scratch, records, signal).catch((error: unknown) => {
      throw isConstraint(error) ? contradiction(error) : translate(error, target);
    });
    const loaded = await inspected(scratch, signal);
    await lastCall(signal);
    putInPlace(scratch, target);
    return { ...loaded, location: target };
  });
}

async function inspected(scratch: string, signal: AbortSignal | undefined): Promise<Omit<Copied, "location">> {
  try {
    return await inspect(scratch, "The register to be made", { signal });
  } catch (error) {
    if (!MacpoolError.is(error) || error.code !== "REGISTER_CORRUPT") throw error;
    throw new MacpoolError("INVALID_FILE", error.message, { cause: error, details: error.details });
  }
}

async function fill(
  path: string,
  records: AsyncIterable<RegisterRecord>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const Driver = loadDriver();
  const database = new Driver(path, { fileMustExist: true, timeout: 0 });
  try {
    // Nobody else sees the file yet, and it is made durable as a whole.
    for (const setting of ["journal_mode = off", "synchronous = off", "foreign_keys = on"]) database.pragma(setting);
    database.exec(STAGE);
    database.exec("begin");
    const write = writerOf(database);
    let rows = 0;
    for await (const record of records) {
      signal?.throwIfAborted();
      write(record);
      rows += 1;
      if (rows % PAGE === 0) await othersTurn();
    }
    assertAllSettled(database);
    database.exec("commit");
  } finally {
    database.close();
  }
}

function writerOf(database: Database.Database): (record: RegisterRecord) => void {
  const names = new Names(database);
  const pool = poolWriter(database);
  const lease = leaseWriter(database, names);
  const event = eventWriter(database, names);
  const register = database.prepare(
    "insert into register (only, store_id, created_at, gaps_until) values (1, ?, ?, ?)",
  );
  const reservation = database.prepare(
    `insert into reservation (start, "end", reason, owner, installation, token)
     values (:start, :end, :reason, :owner, :installation, :token)`,
  );
  return (record) => {
    switch (record.record) {
      case "register":
        return void register.run(record.storeId, record.createdAt, record.gapsUntil ?? 0);
      case "pool":
        return pool(record);
      case "reservation": {
        const { start, end, reason, managedBy } = record.reservation;
        return void reservation.run({ start, end, reason, ...columnsOf(managedBy) });
      }
      case "lease":
        return lease(record);
      case "event":
        return event(record);
    }
  };
}

function poolWriter(database: Database.Database): (record: Of<"pool">) => void {
  const add = database.prepare(
    `insert into pool (name, strategy, issue_order, quarantine_seconds, universal, description, cursor, owner,
       installation, token, retired)
     values (:name, :strategy, :order, :quarantineSeconds, :universal, :description, :cursor, :owner, :installation,
       :token, :retired)`,
  );
  const addRange = database.prepare('insert into pool_range (start, "end", pool) values (?, ?, ?)');
  return ({ pool, cursor, isRetired }) => {
    const { name, strategy, order, quarantineSeconds, description } = pool;
    const id = add.run({
      name,
      strategy,
      order,
      quarantineSeconds,
      description,
      cursor,
      universal: pool.universal ? 1 : 0,
      retired: isRetired ? 1 : 0,
      ...columnsOf(pool.managedBy),
    }).lastInsertRowid;
    for (const range of pool.ranges) addRange.run(range.start, range.end, id);
  };
}

/** A lease has one row with its newest event, which comes later. */
const STAGE = `create temp table staged (seq integer primary key, address integer not null unique, pool integer not null,
  owner text not null, installation integer not null, acquired_at integer not null, released_at integer,
  rotation text not null, slot integer not null, token text not null, description text not null, tags text not null)`;

function leaseWriter(database: Database.Database, names: Names): (record: Of<"lease">) => void {
  const poolId = database.prepare<[string], number>("select id from pool where name = ?").pluck();
  const add = database.prepare("insert into staged values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return ({ lease }) => {
    const { seq, address, owner, acquiredAt, rotation, slot, token, description } = lease;
    // A pool that is not there has an id that the lease's column refuses.
    const ids = [poolId.get(lease.pool) ?? NO_POOL, names.id(lease.installation)] as const;
    const [pool, installation] = ids;
    const times = [acquiredAt, lease.releasedAt ?? null] as const;
    const tags = JSON.stringify(lease.tags);
    add.run(seq, address, pool, owner, installation, ...times, rotation, slot, token, description, tags);
  };
}

function eventWriter(database: Database.Database, names: Names): (record: Of<"event">) => void {
  const settle = database.prepare<object>(
    `insert into lease (seq, at, kind, address, pool, owner, installation, actor, before, event_pool, acquired_at,
       released_at, rotation, slot, token, description, tags, scope)
     select seq, :at, :kind, address, pool, :rest, installation, :actor, :before,
       nullif(coalesce((select id from pool where name = :pool), ${NO_POOL}), pool), nullif(acquired_at, :at),
       released_at, rotation, slot, token, description, tags, :scope
     from staged where seq = :seq and address = :address and owner = :owner and installation = :installation`,
  );
  const add = database.prepare(eventInsert);
  return ({ event, before }) => {
    const { seq, at } = event;
    const installation = names.id(event.installation);
    const ids = { scope: names.id(scopeOf(event.owner)), installation, actor: names.id(event.actor) };
    const row = {
      ...event,
      ...ids,
      rest: restOf(event.owner),
      address: event.address ?? null,
      before: before ?? null,
    };
    if (isAboutLease(event) && settle.run(row).changes > 0) return;
    add.run(...eventValues(event, { seq, at, ...ids, before }));
  };
}

function assertAllSettled(database: Database.Database): void {
  const left = database
    .prepare<[], Mac>("select address from staged where seq not in (select seq from lease) limit 1")
    .pluck()
    .get();
  if (left === undefined) return;
  throw new MacpoolError("INVALID_FILE", `${formatMac(left)} has no event that matches its last change.`);
}

function contradiction(cause: unknown): MacpoolError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new MacpoolError("INVALID_FILE", `This contradicts what came before it (${words}).`, { cause });
}
