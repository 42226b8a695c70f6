import { randomFillSync, randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type envPaths from "env-paths";
import { actorName, storePasswordOverride } from "../environment";
import { MacpoolError } from "../error";
import { DEFAULT_RESERVATIONS, defaultPool } from "../lease/pool";
import type { Check } from "./check";
import { examinePostgres } from "./postgres/examine";
import { loadPostgres } from "./postgres/load";
import { createPostgresRegister, openPostgresStore } from "./postgres/postgres-store";
import { isPostgresUrl, withoutPassword } from "./postgres/url";
import type { RegisterRecord } from "./record";
import { backupSqlite, type Copied } from "./sqlite/backup";
import { examineSqlite } from "./sqlite/examine";
import { loadSqlite } from "./sqlite/load";
import { type Restored, type RestoreOptions, restoreSqlite } from "./sqlite/restore";
import { createSqliteRegister, openSqliteStore } from "./sqlite/sqlite-store";
import type { Following, InitialContent, LeaseStore, StoreContext } from "./store";

/**
 * Returns the path of the register that every stack of this user shares unless told otherwise.
 *
 * @throws MacpoolError INVALID_CONFIG when it would be another one in every working directory.
 */
export function defaultStore(): string {
  // Loaded here, because most registers are named.
  const paths: typeof envPaths = require("env-paths");
  return join(absolute(paths("pulumi-macpool", { suffix: "" }).data), "register.db");
}

function absolute(directory: string): string {
  if (isAbsolute(directory)) return directory;
  throw new MacpoolError(
    "INVALID_CONFIG",
    `Your data directory has no absolute path (${JSON.stringify(directory)}), so that every working directory would have a register of its own. Set HOME, or XDG_DATA_HOME, to an absolute path, or name the register (MACPOOL_STORE).`,
  );
}

/**
 * Returns the context of real use: the system's clock, 128 random bits a token, this user or CI job, and the password of
 * this machine's environment, else the configured one.
 */
export function systemContext(warn: (message: string) => void, storePassword?: string): StoreContext {
  const actor = actorName();
  return { clock: Date.now, newToken, actor, warn, storePassword: storePasswordOverride() ?? storePassword };
}

const TOKEN_BYTES = 16;
/** Drawing entropy takes far longer than using it, so it is drawn for many tokens at a time. */
const entropy = Buffer.alloc(TOKEN_BYTES * 256);
let used = entropy.length;

/** Returns a text that nobody can guess and that never comes twice. */
export function newToken(): string {
  if (used === entropy.length) {
    randomFillSync(entropy);
    used = 0;
  }
  used += TOKEN_BYTES;
  return entropy.toString("base64url", used - TOKEN_BYTES, used);
}

/**
 * Opens the register that `store` names: a path (relative to the working directory), `sqlite:PATH`, a `file:` URL or a
 * `postgres:` URL.
 *
 * @throws MacpoolError INVALID_CONFIG for anything else; REGISTER_MISSING when there is none; those of `openSqliteStore`
 * and `openPostgresStore`.
 */
export async function openRegister(store: string, context: StoreContext): Promise<LeaseStore> {
  return isPostgresUrl(store) ? openPostgresStore(store, context) : openSqliteStore(sqlitePath(store), context);
}

/** Returns whether the register is on a server: its operators make it, and every question to it is a round trip. */
export function isOnServer(store: string): boolean {
  return isPostgresUrl(store);
}

/**
 * Returns `store` as it may be shown: without any password.
 *
 * @throws MacpoolError INVALID_CONFIG.
 */
export function shownStore(store: string): string {
  if (isPostgresUrl(store)) return withoutPassword(store);
  sqlitePath(store);
  return store;
}

/**
 * Creates a register with pool `default` under `prefix` (default 42) and returns where it is.
 *
 * @throws MacpoolError REGISTER_EXISTS; INVALID_CONFIG; INVALID_RANGE for the prefix; those of `createSqliteRegister` and
 * `createPostgresRegister`.
 */
export async function createRegister(store: string, context: StoreContext, prefix?: string): Promise<string> {
  if (isPostgresUrl(store)) return createPostgresRegister(store, newRegister(prefix), context);
  const path = sqlitePath(store);
  createSqliteRegister(path, newRegister(prefix), context);
  return path;
}

/**
 * Copies the register into the new file `target` as it is at one moment, while others go on writing.
 *
 * @throws MacpoolError those of `backupSqlite`; INVALID_CONFIG.
 */
export async function backupRegister(
  store: string,
  target: string,
  context: StoreContext,
  following?: Following,
): Promise<Copied> {
  return backupSqlite(filePath(store), filePath(target), context, following);
}

/**
 * Makes the backup `from` the register; see {@link restoreSqlite}.
 *
 * @throws MacpoolError those of `restoreSqlite`; INVALID_CONFIG.
 */
export async function restoreRegister(
  from: string,
  store: string,
  context: StoreContext,
  options?: RestoreOptions,
): Promise<Restored> {
  return restoreSqlite(filePath(from), filePath(store), context, options);
}

/**
 * Creates a register with exactly the content of `records`, as from `dump` of any register, or none at all.
 *
 * @throws MacpoolError those of `loadSqlite` and `loadPostgres`; INVALID_CONFIG.
 */
export async function loadRegister(
  store: string,
  records: AsyncIterable<RegisterRecord>,
  context: StoreContext,
  signal?: AbortSignal,
): Promise<Copied> {
  if (isPostgresUrl(store)) return loadPostgres(store, records, context, signal);
  return loadSqlite(sqlitePath(store), records, context, { signal });
}

/**
 * Returns every check of the register's file or server and of what surrounds it; its content is checked by {@link LeaseStore.verify}.
 *
 * @throws MacpoolError INVALID_CONFIG.
 */
export async function examineRegister(store: string, context: StoreContext): Promise<readonly Check[]> {
  if (isPostgresUrl(store)) return examinePostgres(store, context);
  return examineSqlite(sqlitePath(store), context, { giveUpAfter: 3_000 });
}

/** Returns the path of a file that is copied as a file. */
function filePath(store: string): string {
  if (!isPostgresUrl(store)) return sqlitePath(store);
  throw new MacpoolError(
    "INVALID_CONFIG",
    `${shownStore(store)} is in PostgreSQL, and its backups are the server's: use pg_dump --schema and pg_restore, or macpool export and macpool import.`,
  );
}

/** Returns what a new register holds: pool `default` under `prefix` (default 42), and the ranges reserved in it. */
export function newRegister(prefix?: string): InitialContent {
  return { storeId: randomUUID(), pools: [defaultPool(prefix)], reservations: DEFAULT_RESERVATIONS };
}

/**
 * Returns the absolute path of the register that `store` names, as {@link openRegister} reads it.
 *
 * @throws MacpoolError INVALID_CONFIG.
 */
export function sqlitePath(store: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(store)?.[1]?.toLowerCase();
  if (scheme === "file") return pathOfUrl(store);
  const path = scheme === "sqlite" ? store.slice("sqlite:".length) : store;
  if (scheme !== undefined && scheme !== "sqlite") {
    // The rest of it may hold a password, so it is not repeated.
    throw new MacpoolError(
      "INVALID_CONFIG",
      `This version of pulumi-macpool has no register of kind "${scheme}:". Name a SQLite file by its path, or a PostgreSQL database by a postgres: URL.`,
    );
  }
  assertNoServer(path);
  if (path.trim() === "") throw new MacpoolError("INVALID_CONFIG", "The register's path is empty. Name a file.");
  return resolve(path.startsWith("~/") ? join(absolute(homedir()), path.slice(2)) : path);
}

/** Returns whether a text that is to name a file names a server, in a URL or in libpq's words; it may hold a password. */
export function namesServer(text: string): boolean {
  if (text.includes("://") || /^\s*postgres(ql)?:/i.test(text)) return true;
  const areSettings = /^\s*\w+\s*=.*\s\w+\s*=/.test(text);
  return areSettings && /(^|\s)(host|hostaddr|dbname|user|password|service|passfile)\s*=/i.test(text);
}

function assertNoServer(path: string): void {
  if (!namesServer(path)) return;
  throw new MacpoolError(
    "INVALID_CONFIG",
    "The register's path names a server. Write a postgres: URL with nothing before it, or the path of a file.",
  );
}

function pathOfUrl(url: string): string {
  assertNoServer(url.replace(/^file:\/\//i, ""));
  // What comes after them is no part of a URL's path, so that two registers would be one.
  if (/[?#]/.test(url)) {
    throw new MacpoolError(
      "INVALID_CONFIG",
      "The register's file: URL holds ? or #, and takes no settings. Write %3F and %23 for them in a name, or the path alone.",
    );
  }
  try {
    return fileURLToPath(new URL(url, pathToFileURL(`${resolve(".")}/`)));
  } catch (cause) {
    throw new MacpoolError(
      "INVALID_CONFIG",
      "The register's file: URL names no file on this machine. Write file:///PATH, or the path alone.",
      { cause },
    );
  }
}
