import { chmodSync, constants, copyFileSync, existsSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import type { Patience } from "../patience";
import { copyMoment } from "./backup";
import { isOurs } from "./connection";
import { type CheckedFile, checkSameFile } from "./file-checks";
import { loadDriver } from "./load-driver";
import { withPatience } from "./patience";
import { assertVacant, LOGS, putInPlace, removeSideFiles, syncDirectory, syncFile, withScratch } from "./scratch";
import { isUnreadable, translate } from "./sqlite-error";

/** The register that made way. */
export interface Replaced {
  /** Where it is kept. */
  readonly keptAt: string;
  /** Undefined when it could not be read. */
  readonly identity: { readonly storeId: string; readonly seq: number } | undefined;
}

/**
 * Puts the finished register `scratch` in the place of the one at `target`, which is kept beside it with its log folded
 * in. Its write lock is held until then: whoever has the old file open finds that out under the lock, and writes nothing.
 *
 * @throws MacpoolError REGISTER_BUSY when the lock cannot be had in time; REGISTER_FOREIGN for another program's database.
 */
export async function replaceRegister(
  scratch: string,
  target: string,
  patience: Patience,
  now: number,
): Promise<Replaced> {
  const keptAt = `${target}.before-restore-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}`;
  assertVacant(keptAt);
  const held = await withPatience(patience, () => lockOut(target));
  try {
    await keep(held, target, keptAt).catch((error: unknown) => {
      throw translate(error, target);
    });
    // Where nobody could take its log in, a crash after the swap would leave it to the new register.
    if (held === undefined) dropLogs(target);
    swap(scratch, target);
    return { keptAt, identity: held?.identity };
  } finally {
    held?.database.close();
  }
}

interface Held {
  readonly database: Database.Database;
  readonly identity: Replaced["identity"];
}

/** Returns the register with its write lock taken and nothing in its log; undefined when SQLite cannot read it. */
function lockOut(target: string): Held | undefined {
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isFile() && stat.size === 0)) return undefined;
  if (!stat.isFile()) throw notFile(target);
  const Driver = loadDriver();
  assertNotForeign(Driver, target);
  const database = new Driver(target, { fileMustExist: true, timeout: 0 });
  try {
    if (!isOurs(database)) throw foreign(target);
    takeLock(database, { path: target, device: stat.dev, inode: stat.ino });
    return { database, identity: identityOf(database) };
  } catch (error) {
    database.close();
    if (isUnreadable(error)) return undefined;
    throw translate(error, target);
  }
}

/** Read-only, because a writer would fold the log of somebody else's database into it when it closes. */
function assertNotForeign(Driver: typeof Database, target: string): void {
  let database: Database.Database | undefined;
  try {
    database = new Driver(target, { readonly: true, fileMustExist: true, timeout: 0 });
    if (!isOurs(database)) throw foreign(target);
  } catch (error) {
    // One that cannot be read like this, as after a cut-off change, is looked at again by who may write.
    if (MacpoolError.is(error)) throw error;
  } finally {
    database?.close();
  }
}

function takeLock(database: Database.Database, file: CheckedFile): void {
  database.pragma("wal_checkpoint(truncate)");
  database.exec("begin immediate");
  checkSameFile(file);
  // A reader may have kept the log from being emptied, or a writer have committed between the two.
  const log = statSync(`${file.path}-wal`, { throwIfNoEntry: false });
  if (log === undefined) return;
  if (log.size > 0) throw busy(file.path);
  // SQLite does not sync it then, and a power cut could bring the old log back beside the new register.
  syncFile(`${file.path}-wal`);
}

function identityOf(database: Database.Database): Replaced["identity"] {
  return database
    .prepare<[], { storeId: string; seq: number }>(
      "select store_id as storeId, coalesce((select seq from event order by seq desc limit 1), 0) as seq from register",
    )
    .get();
}

/** Copies the old register, whatever its state, to the name under which it is kept. */
async function keep(held: Held | undefined, target: string, keptAt: string): Promise<void> {
  try {
    if (held !== undefined) return await keepWhole(target, keptAt);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  for (const suffix of ["", ...LOGS]) {
    if (!existsSync(target + suffix)) continue;
    copyFileSync(target + suffix, keptAt + suffix, constants.COPYFILE_EXCL);
    syncFile(keptAt + suffix);
  }
}

/** By another connection than the one with the lock, because SQLite copies nothing out of a write transaction. */
async function keepWhole(target: string, keptAt: string): Promise<void> {
  const Driver = loadDriver();
  const database = new Driver(target, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    await withScratch(keptAt, undefined, async (copy) => {
      await copyMoment(database, copy, {});
      const kept = new Driver(copy, { fileMustExist: true, timeout: 0 });
      kept.pragma("journal_mode = delete");
      kept.close();
      chmodSync(copy, statSync(target).mode & 0o777);
      putInPlace(copy, keptAt);
    });
  } finally {
    database.close();
  }
}

/** They are kept beside what is kept. */
function dropLogs(target: string): void {
  syncDirectory(dirname(target));
  removeSideFiles(target);
  syncDirectory(dirname(target));
}

/** Whoever opens the new file before the old one's logs are gone would take them for its own: it is locked until then. */
function swap(scratch: string, target: string): void {
  syncFile(scratch);
  const Driver = loadDriver();
  const fence = new Driver(scratch, { fileMustExist: true, timeout: 0 });
  try {
    fence.exec("begin exclusive");
    renameSync(scratch, target);
    removeSideFiles(target);
    syncDirectory(dirname(target));
  } finally {
    fence.close();
  }
}

function busy(path: string): MacpoolError {
  return new MacpoolError("REGISTER_BUSY", `Register ${path}: another process is using it. Try again.`);
}

function notFile(path: string): MacpoolError {
  return new MacpoolError("REGISTER_UNUSABLE", `${path} is a directory or device, and was left alone. Name a file.`, {
    details: { path },
  });
}

function foreign(path: string): MacpoolError {
  return new MacpoolError(
    "REGISTER_FOREIGN",
    `${path} is another program's database, and was left alone. Check the path, or move it away first.`,
    { details: { path } },
  );
}
