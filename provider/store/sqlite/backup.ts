import { resolve } from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { patienceOf } from "../patience";
import type { Following, StoreContext, Verification } from "../store";
import { openConnection } from "./connection";
import { loadDriver } from "./load-driver";
import { withPatience } from "./patience";
import { assertVacant, putInPlace, withScratch } from "./scratch";
import { translate } from "./sqlite-error";
import { verify } from "./verify";

/** Database pages copied in one step, between which signals are looked at and other work goes on. */
const PAGES_A_STEP = 256;

/** What a finished copy holds. */
export interface Copied {
  readonly location: string;
  readonly storeId: string;
  readonly seq: number;
  readonly leases: number;
}

/**
 * Copies the register at `path` into the new file `target` as it is at one moment, while others go on writing.
 *
 * @throws MacpoolError REGISTER_EXISTS when there is a file at `target`; REGISTER_CORRUPT when the copy is not sound; those
 * of `openConnection`. Nothing is left behind then.
 */
export async function backupSqlite(
  path: string,
  target: string,
  context: StoreContext,
  following: Following = {},
): Promise<Copied> {
  const to = resolve(target);
  assertVacant(to);
  const { database, file } = await withPatience(patienceOf(resolve(path), context), () =>
    openConnection(path, context.clock),
  );
  try {
    // No check of its file system: a backup may well lie on a share.
    return await withScratch(to, undefined, async (scratch) => {
      await copyMoment(database, scratch, following);
      const copied = await inspect(scratch, `The copy of ${file.path}`, following);
      await lastCall(following.signal);
      putInPlace(scratch, to);
      return { ...copied, location: to };
    });
  } catch (error) {
    throw translate(error, file.path);
  } finally {
    database.close();
  }
}

/** Copies what `database` shows now into the empty file `to`: what is committed meanwhile is not in it. */
export async function copyMoment(database: Database.Database, to: string, following: Following): Promise<void> {
  database.exec("begin");
  try {
    // Without an open read transaction, every commit of another process would start the copy again.
    database.prepare("select count(*) from sqlite_schema").get();
    await database.backup(to, { progress: (state) => step(state, following) });
    following.signal?.throwIfAborted();
  } finally {
    database.exec("rollback");
  }
}

/**
 * Returns what the finished copy at `path` holds, after a check of all of it, as one file without a log.
 *
 * @throws MacpoolError REGISTER_CORRUPT naming `what` and the first fault.
 */
export async function inspect(path: string, what: string, following: Following): Promise<Omit<Copied, "location">> {
  const Driver = loadDriver();
  const database = new Driver(path, { fileMustExist: true, timeout: 0 });
  try {
    // A log beside it would be forgotten when the copy is carried elsewhere.
    database.pragma("journal_mode = delete");
    const verification = await verify(database, following);
    assertSound(verification, what);
    const register = database
      .prepare<[], { storeId: string; seq: number }>(
        "select store_id as storeId, coalesce((select seq from event order by seq desc limit 1), 0) as seq from register",
      )
      .get();
    if (register === undefined) throw unsound(what, ["It has lost its id."]);
    return { ...register, leases: verification.leases };
  } finally {
    database.close();
  }
}

/** Lets a signal be seen that came during a check, which nothing can interrupt. */
export async function lastCall(signal: AbortSignal | undefined): Promise<void> {
  await othersTurn();
  signal?.throwIfAborted();
}

function step(state: Database.BackupMetadata, { signal, progress }: Following): number {
  signal?.throwIfAborted();
  progress?.(state.totalPages - state.remainingPages, state.totalPages, "pages copied");
  return PAGES_A_STEP;
}

function assertSound({ faults }: Verification, what: string): void {
  if (faults.length > 0) throw unsound(what, faults);
}

function unsound(what: string, faults: readonly string[]): MacpoolError {
  return new MacpoolError(
    "REGISTER_CORRUPT",
    `${what} is not sound, and was not kept. Its faults are ${faults.length}; the first: ${faults[0] ?? ""}`,
    { details: { faults: faults.length, first: faults[0] ?? "" } },
  );
}
