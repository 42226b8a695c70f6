import { accessSync, constants, existsSync, statSync } from "node:fs";
import { MacpoolError } from "../../error";

/** Beside a register in use, made by SQLite in the name of whoever opens it first, with the mode of the register. */
const MADE_BY_SQLITE = ["-wal", "-shm"] as const;

/** Returns whose `path` is and what its mode allows, as against who we are, in words that end a sentence. */
export function ownerAndMode(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  const user = process.getuid?.();
  if (stat === undefined || user === undefined) return `check the owner and mode of ${path}`;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
  return `check the owner and mode of ${path}: it belongs to user ${stat.uid} with mode ${mode}, and this is user ${user}`;
}

/** Returns why this user cannot write to the register at `path`, in words that end a sentence. */
export function readOnlyFor(path: string): string {
  const made = MADE_BY_SQLITE.map((suffix) => path + suffix).find((file) => existsSync(file) && !isWritable(file));
  if (made === undefined || !isWritable(path)) {
    return `the file, or the file system it is on, is read-only for this user; ${ownerAndMode(path)}`;
  }
  return `its log is read-only for this user, because somebody opened the register who may only read it; ${ownerAndMode(made)}. Give it and what else lies beside the register the register's owner and mode (chown, chmod); remove nothing`;
}

/**
 * Refuses to open a register for somebody who may only read it, unless others have it open: the log that SQLite would make
 * stays, and nobody else could write to it.
 *
 * @throws MacpoolError REGISTER_UNUSABLE.
 */
export function assertNoLogOfReader(path: string): void {
  const mayOnlyRead = !isWritable(path) && isAllowed(path, constants.R_OK);
  if (!mayOnlyRead || MADE_BY_SQLITE.every((suffix) => existsSync(path + suffix))) return;
  throw new MacpoolError("REGISTER_UNUSABLE", `Register ${path}: ${readOnlyFor(path)}.`, { details: { path } });
}

function isWritable(path: string): boolean {
  return isAllowed(path, constants.W_OK);
}

function isAllowed(path: string, access: number): boolean {
  try {
    accessSync(path, access);
    return true;
  } catch {
    return false;
  }
}
