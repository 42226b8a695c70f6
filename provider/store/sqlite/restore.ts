import { chmodSync, chownSync, existsSync, promises, realpathSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { MacpoolError } from "../../error";
import { patienceOf, type Waiting } from "../patience";
import type { Following, StoreContext } from "../store";
import { type Copied, inspect, lastCall } from "./backup";
import { openConnection } from "./connection";
import { type FileSystem, machineFileSystem } from "./file-checks";
import { type Replaced, replaceRegister } from "./replace";
import { assertVacant, LOGS, putInPlace, withScratch } from "./scratch";
import { translate } from "./sqlite-error";

/** How a register is restored. */
export interface RestoreOptions extends Following, Waiting {
  /** Whether a register at the target is to make way; it is kept beside it. Default false. */
  readonly replace?: boolean | undefined;
  readonly fileSystem?: FileSystem | undefined;
}

/** What was restored, and what made way for it. */
export interface Restored extends Copied {
  readonly replaced: Replaced | undefined;
}

const REPLACE = "With --replace the backup takes its place, and it is kept beside it.";

/**
 * Makes a copy of the register file `from` the register at `to`, checked from end to end and brought to the present
 * schema. A crash at any moment leaves at `to` what was there before, or the restored register; `from` is only read.
 *
 * @throws MacpoolError REGISTER_EXISTS when there is one at `to` and `replace` is not set; REGISTER_MISSING,
 * REGISTER_FOREIGN, REGISTER_CORRUPT or REGISTER_TOO_NEW for `from`; REGISTER_BUSY when either is in use for too long.
 */
export async function restoreSqlite(
  from: string,
  to: string,
  context: StoreContext,
  options: RestoreOptions = {},
): Promise<Restored> {
  // A log lies beside the file itself, not beside a link to it.
  const source = existsSync(from) ? realpathSync(from) : resolve(from);
  const target = existsSync(to) ? realpathSync(to) : resolve(to);
  const patience = patienceOf(target, context, options);
  if (options.replace !== true) assertVacant(target, REPLACE);
  return withScratch(target, options.fileSystem ?? machineFileSystem, async (scratch) => {
    const copied = await bringIn(source, scratch, context.clock, options);
    await lastCall(options.signal);
    if (options.replace !== true || !isOccupied(target)) {
      putInPlace(scratch, target);
      return { ...copied, location: target, replaced: undefined };
    }
    if (existsSync(target)) keepOwner(statSync(target), scratch, context);
    const replaced = await replaceRegister(scratch, target, patience, context.clock());
    return { ...copied, location: target, replaced };
  });
}

/** Fills the empty file `scratch` with the register in `source`, sound and of the present schema. */
async function bringIn(source: string, scratch: string, clock: () => number, options: RestoreOptions) {
  try {
    await copyUnused(source, scratch);
    options.signal?.throwIfAborted();
    // Opening it as a register makes every check there is, takes in its log and brings it to the present schema.
    openConnection(scratch, clock, options.fileSystem).database.close();
    return await inspect(scratch, source, options);
  } catch (error) {
    throw renamed(translate(error, source), scratch, source);
  }
}

/** Copies a database file with its log, provided that nobody writes to it meanwhile. */
async function copyUnused(source: string, scratch: string): Promise<void> {
  const before = stampOf(source);
  assertFile(source);
  for (const suffix of ["", ...LOGS]) {
    if (!existsSync(source + suffix)) continue;
    await promises.copyFile(source + suffix, scratch + suffix);
    chmodSync(scratch + suffix, 0o600);
  }
  if (before === stampOf(source)) return;
  throw new MacpoolError(
    "REGISTER_BUSY",
    `${source} was written to while it was read: it is in use. Take a copy of it with: macpool backup`,
    { details: { path: source } },
  );
}

function assertFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  const details = { path };
  if (stat === undefined) throw new MacpoolError("REGISTER_MISSING", `There is no file at ${path}.`, { details });
  if (!stat.isFile()) throw new MacpoolError("REGISTER_UNUSABLE", `${path} is a directory or device.`, { details });
  if (stat.size > 0) return;
  throw new MacpoolError("REGISTER_CORRUPT", `${path} is empty (0 bytes). Use another backup.`, { details });
}

function stampOf(path: string): string {
  const stats = ["", ...LOGS].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false, bigint: true }));
  return stats.map((stat) => (stat === undefined ? "-" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`)).join();
}

function isOccupied(path: string): boolean {
  return ["", ...LOGS].some((suffix) => existsSync(path + suffix));
}

/** Whoever could use the old register can use the new one. */
function keepOwner(old: Stats, scratch: string, { warn }: StoreContext): void {
  chmodSync(scratch, old.mode & 0o777);
  const { uid, gid } = statSync(scratch);
  if (old.uid === uid && old.gid === gid) return;
  try {
    chownSync(scratch, old.uid, old.gid);
  } catch {
    warn(
      "The restored register belongs to you, and the one before it to another user or group. Run chown if they need it.",
    );
  }
}

/** The user knows nothing of the file that the check was made on. */
function renamed(error: Error, scratch: string, source: string): Error {
  if (!MacpoolError.is(error)) return error;
  return new MacpoolError(error.code, error.message.replaceAll(scratch, source), {
    cause: error,
    details: "path" in error.details ? { ...error.details, path: source } : error.details,
  });
}
