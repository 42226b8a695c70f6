import { closeSync, openSync, readSync } from "node:fs";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { assertSchemaKnown, migrationsOf, newestSchema } from "../migrations";
import { restoreCommand } from "../remedies";
import { type CheckedFile, checkFile, checkSameFile, type FileSystem } from "./file-checks";
import { loadDriver } from "./load-driver";
import { restOf, scopeOf } from "./names";
import { assertNoLogOfReader } from "./owner-and-mode";
import { isConstraint, isCutOff, isOfAnotherSchema, translate } from "./sqlite-error";

/** "MACP": the field of the SQLite header that marks a file as ours. */
const APPLICATION_ID = 0x4d414350;

/** Commits were lost in write-ahead mode before this (sqlite.org/wal.html, "the WAL-reset bug"). */
const OLDEST_SQLITE = [3, 51, 3] as const;

/**
 * Makes a commit survive a power cut, and keeps waiting for locks out of the driver, where it would block Node. The cache
 * may grow to 32 MB, because derived addresses lie all over the register.
 */
const PRAGMAS = [
  "journal_mode = wal",
  "synchronous = full",
  "fullfsync = on",
  "checkpoint_fullfsync = on",
  "foreign_keys = on",
  "cell_size_check = on",
  "trusted_schema = off",
  "mmap_size = 0",
  "wal_autocheckpoint = 1000",
  "journal_size_limit = 67108864",
  "busy_timeout = 0",
  "cache_size = -32000",
];

/** An open register and the file it came from. */
export interface Connection {
  readonly database: Database.Database;
  readonly file: CheckedFile;
}

/**
 * Opens the register at `path` after every check, with settings read back, and brings an older schema up to ours: also for
 * a preview, which changes no lease by that. A package that knows only the older schema refuses the register from then on.
 *
 * @throws MacpoolError REGISTER_MISSING, REGISTER_UNUSABLE, REGISTER_FOREIGN, REGISTER_CORRUPT, REGISTER_TOO_NEW,
 * NATIVE_MODULE; REGISTER_BUSY while another process holds the lock that an upgrade needs.
 */
export function openConnection(path: string, clock: () => number, fileSystem?: FileSystem): Connection {
  const file = checkFile(path, fileSystem);
  assertNoLogOfReader(file.path);
  const Driver = loadDriver();
  return translating(file.path, () => {
    assertWhole(Driver, file.path, fileSystem);
    const database = new Driver(file.path, { fileMustExist: true, timeout: 0 });
    try {
      configure(database, file.path);
      // It may have made way for another since it was looked at, and SQLite would take the other's log for its own.
      checkSameFile(file);
      // Nearly always there is nothing to do, and then no lock is taken.
      if (schemaVersion(database) < newestSchema("sqlite")) upgrade(database, file, clock());
    } catch (error) {
      database.close();
      throw error;
    }
    return { database, file };
  });
}

/**
 * Fills the empty file at `path` with the schema and whatever `fill` adds, in one transaction: before it the file has no
 * content, after it the register is whole.
 *
 * @throws MacpoolError REGISTER_UNUSABLE, REGISTER_FULL, NATIVE_MODULE.
 */
export function createDatabase(path: string, now: number, fill: (database: Database.Database) => void): void {
  const Driver = loadDriver();
  translating(path, () => {
    const database = new Driver(path, { fileMustExist: true, timeout: 0 });
    try {
      database.pragma("synchronous = full");
      database.pragma("fullfsync = on");
      database.transaction(() => {
        database.pragma(`application_id = ${APPLICATION_ID}`);
        migrate(database, now);
        fill(database);
      })();
    } finally {
      database.close();
    }
  });
}

/** Returns whether the header of a database says that it is a register. */
export function isOurs(database: Database.Database): boolean {
  return database.pragma("application_id", { simple: true }) === APPLICATION_ID;
}

/** Checks that the file is a register. Whoever opens one first gives it its log; if that was cut off, it is undone here. */
function assertWhole(Driver: typeof Database, path: string, fileSystem: FileSystem | undefined): void {
  try {
    assertOurs(Driver, path);
  } catch (error) {
    if (!isCutOff(error) || !bearsOurMark(path)) throw error;
    const database = new Driver(path, { fileMustExist: true, timeout: 0 });
    try {
      // SQLite undoes the change before it reads anything.
      database.pragma("user_version");
    } finally {
      database.close();
    }
    // A creation that is undone leaves nothing.
    checkFile(path, fileSystem);
    assertOurs(Driver, path);
  }
}

/** SQLite tells nobody what is in the file now. No lock of ours can be lost by closing it: here, nobody could open it. */
function bearsOurMark(path: string): boolean {
  const mark = Buffer.alloc(4);
  const handle = openSync(path, "r");
  try {
    readSync(handle, mark, 0, mark.length, 68);
  } finally {
    closeSync(handle);
  }
  return mark.readUInt32BE() === APPLICATION_ID;
}

function assertOurs(Driver: typeof Database, path: string): void {
  // Read-only, because closing a writer would fold the log of somebody else's database into it.
  const database = new Driver(path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    if (!isOurs(database)) {
      throw new MacpoolError(
        "REGISTER_FOREIGN",
        `${path} is not a macpool register, and was left alone. Check the path; if a register was here, put a backup in its place: ${restoreCommand(path)}`,
        { details: { path } },
      );
    }
    const version = schemaVersion(database);
    // The one transaction that made it ours gave it a version.
    if (version < 1) throw withoutVersion(path, version);
    assertSchemaKnown(path, version, newestSchema("sqlite"));
  } finally {
    database.close();
  }
}

function upgrade(database: Database.Database, file: CheckedFile, now: number): void {
  const run = database.transaction(() => {
    checkSameFile(file);
    migrate(database, now);
  });
  try {
    run.immediate();
  } catch (error) {
    if (isConstraint(error)) throw unsoundBefore(file.path, schemaVersion(database), error);
    throw isOfAnotherSchema(error) ? withoutVersion(file.path, schemaVersion(database), error) : error;
  }
}

/** Its number and its tables do not fit together. */
function withoutVersion(path: string, version: number, cause?: unknown): MacpoolError {
  return new MacpoolError(
    "REGISTER_CORRUPT",
    `Register ${path} is not sound: it says that its schema is version ${version}, and it is not. It was left as it was. Put a backup in its place: ${restoreCommand(path)}`,
    { cause, details: { path, schema: version } },
  );
}

/** A newer schema is stricter: what it refuses is damage that has gone unnoticed. */
function unsoundBefore(path: string, version: number, cause: unknown): MacpoolError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new MacpoolError(
    "REGISTER_CORRUPT",
    `Register ${path} is not sound: a lease has no event that matches its last change (${words}). It was left as it was, in schema ${version}, and macpool doctor says the same of it. Put a backup in its place: ${restoreCommand(path)}`,
    { cause, details: { path, schema: version } },
  );
}

/** Runs the migrations that are missing, in the transaction that is open; another process may have run them meanwhile. */
function migrate(database: Database.Database, now: number): void {
  const version = schemaVersion(database);
  // What SQLite has of its own for this ends at a NUL.
  database.function("owner_scope", { deterministic: true }, (owner) => scopeOf(String(owner)));
  database.function("owner_rest", { deterministic: true }, (owner) => restOf(String(owner)));
  for (const { number, name, checksum, sql } of migrationsOf("sqlite")) {
    if (number <= version) continue;
    const record = () =>
      database
        .prepare("insert into migration (number, name, checksum, applied_at) values (?, ?, ?, ?)")
        .run(number, name, checksum, now);
    // The number comes first, so that none can run twice; the first migration makes the table for it.
    if (number > 1) record();
    database.exec(sql);
    if (number === 1) record();
    database.pragma(`user_version = ${number}`);
  }
}

function schemaVersion(database: Database.Database): number {
  return Number(database.pragma("user_version", { simple: true }));
}

function configure(database: Database.Database, path: string): void {
  const version = String(database.prepare("select sqlite_version()").pluck().get());
  if (isOlder(version, OLDEST_SQLITE)) {
    throw new MacpoolError(
      "NATIVE_MODULE",
      `better-sqlite3 was built with SQLite ${version}, which can lose commits; ${OLDEST_SQLITE.join(".")} is needed. Run: npm install better-sqlite3@12`,
    );
  }
  for (const pragma of PRAGMAS) database.pragma(pragma);
  const journal = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (journal !== "wal" || synchronous !== 2) {
    throw new MacpoolError(
      "REGISTER_UNUSABLE",
      `Register ${path}: its durable settings did not hold (journal_mode ${String(journal)}, synchronous ${String(synchronous)}). Keep it on a local disk that allows shared memory.`,
      { details: { path } },
    );
  }
}

function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const at = than.findIndex((part, index) => parts[index] !== part);
  return at >= 0 && (parts[at] ?? 0) < (than[at] ?? 0);
}

function translating<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(error, path);
  }
}
