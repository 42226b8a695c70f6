import { dirname } from "node:path";
import { MacpoolError } from "../../error";
import { DamageError } from "../damage";
import { RECONCILE, restoreCommand } from "../remedies";
import { ownerAndMode, readOnlyFor } from "./owner-and-mode";

/** Returns the SQLite result code of a driver error, such as `SQLITE_BUSY`; undefined for any other value. */
function sqliteCode(error: unknown): string | undefined {
  if (error instanceof DamageError) return "SQLITE_CORRUPT_CONTENT";
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : undefined;
}

/** Returns whether another connection holds the lock, so that trying again later may succeed; also once translated. */
export function isBusy(error: unknown): boolean {
  if (MacpoolError.is(error)) return error.code === "REGISTER_BUSY";
  const code = sqliteCode(error);
  return code !== undefined && /^SQLITE_(BUSY|LOCKED)/.test(code);
}

/**
 * Returns whether the device could not confirm that it keeps what was written. The kernel says so once and then forgets
 * the pages, so that a later success does not cover them.
 */
export function isUnsynced(error: unknown): boolean {
  return /^SQLITE_IOERR_(DIR_)?FSYNC/.test(sqliteCode(error) ?? "");
}

/** Returns whether a change to the file was cut off, and whoever may write has to undo it first. */
export function isCutOff(error: unknown): boolean {
  return sqliteCode(error) === "SQLITE_READONLY_ROLLBACK";
}

/** Returns whether SQLite found a part of the file that it cannot make sense of. */
export function isCorrupt(error: unknown): boolean {
  return sqliteCode(error)?.startsWith("SQLITE_CORRUPT") ?? false;
}

/** Returns whether a row takes more memory than there is. In a damaged file one may claim any length. */
export function isTooLarge(error: unknown): boolean {
  return TOO_LARGE.test(sqliteCode(error) ?? "");
}

/**
 * Returns whether a statement names what the register does not have. Where those of this package do, the text of the
 * schema is damaged, which SQLite's own check does not look at.
 */
export function isOfAnotherSchema(error: unknown): boolean {
  return sqliteCode(error) === "SQLITE_ERROR";
}

/** Returns whether SQLite can make nothing of the file, or of a part of it. */
export function isUnreadable(error: unknown): boolean {
  return isCorrupt(error) || sqliteCode(error) === "SQLITE_NOTADB";
}

/** Returns whether a row would contradict another, or what the schema demands of it. */
export function isConstraint(error: unknown): boolean {
  return sqliteCode(error)?.startsWith("SQLITE_CONSTRAINT") ?? false;
}

/**
 * Returns `error` as one that says what happened to which file and what to do. Errors of ours pass unchanged, and so
 * does anything that neither SQLite nor the operating system raised.
 */
export function translate(error: unknown, path: string): Error {
  const code = sqliteCode(error);
  if (code === undefined) return translateSystem(error, path);
  const [, ours, words] = TABLE.find(([pattern]) => pattern.test(code)) ?? FALLBACK;
  return new MacpoolError(ours, `Register ${path} (${code}): ${words(path)}`, {
    cause: error,
    details: { sqlite: code },
  });
}

/** Returns an error of the operating system as {@link translate} does, and leaves one of SQLite as it is. */
export function translateSystem(error: unknown, path: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (MacpoolError.is(error) || !("syscall" in error && "code" in error)) return error;
  const [code, syscall] = [String(error.code), String(error.syscall)];
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  const words = isFull ? FULL : "the device or file system refused; nothing was changed. Check it, and run again.";
  return new MacpoolError(
    isFull ? "REGISTER_FULL" : "REGISTER_UNUSABLE",
    `Register ${path} (${code}, ${syscall}): ${words}`,
    { cause: error, details: { path, system: code } },
  );
}

const FULL = "no space is left on the device; nothing was allocated. Free some space and run again.";

const TOO_LARGE = /^SQLITE_(NOMEM|TOOBIG)/;

/** SQLite's code, ours, and what happened to the register at that path, with what to do. */
type Row = readonly [RegExp, ConstructorParameters<typeof MacpoolError>[0], (path: string) => string];

const FALLBACK: Row = [/./, "REGISTER_UNUSABLE", () => "SQLite refused the operation; nothing was changed."];

const TABLE: readonly Row[] = [
  [
    /^SQLITE_READONLY_DIRECTORY|^SQLITE_READONLY_CANTINIT/,
    "REGISTER_UNUSABLE",
    (path) =>
      `write permission is needed on the directory too, because SQLite keeps its log beside the file; ${ownerAndMode(dirname(path))}.`,
  ],
  [
    // A register in use keeps a write-ahead log instead.
    /^SQLITE_READONLY_ROLLBACK/,
    "REGISTER_CORRUPT",
    () =>
      "a change was cut off and waits in a journal beside it. If this register was being created, delete both files and create it again; otherwise it is another program's, and was left alone.",
  ],
  [/^SQLITE_READONLY/, "REGISTER_UNUSABLE", (path) => `${readOnlyFor(path)}.`],
  [/^SQLITE_CANTOPEN/, "REGISTER_UNUSABLE", (path) => `it cannot be opened by this user; ${ownerAndMode(path)}.`],
  [/^SQLITE_(PERM|AUTH)/, "REGISTER_UNUSABLE", (path) => `this user may not open it; ${ownerAndMode(path)}.`],
  [
    /^SQLITE_NOTADB/,
    "REGISTER_FOREIGN",
    (path) =>
      `this is not a macpool register, and it was left alone. Check the path; if a register was here, put a backup in its place: ${restoreCommand(path)}`,
  ],
  [
    /^SQLITE_CORRUPT/,
    "REGISTER_CORRUPT",
    (path) =>
      `the file is damaged; nothing was written. Put a backup in its place: ${restoreCommand(path)}. Without one, move it aside and make it anew from the Pulumi state of every stack that uses it: ${RECONCILE}`,
  ],
  [/^SQLITE_(FULL|IOERR_SHMSIZE)/, "REGISTER_FULL", () => FULL],
  [
    TOO_LARGE,
    "REGISTER_UNUSABLE",
    () =>
      "a row takes more memory than there is, or is damaged and seems to; nothing was changed. What checks the file: macpool doctor",
  ],
  [/^SQLITE_(BUSY|LOCKED|PROTOCOL)/, "REGISTER_BUSY", () => "another process holds its lock. Try again."],
  [
    /^SQLITE_IOERR/,
    "REGISTER_UNUSABLE",
    () =>
      "the device reported an error, and what was being written is uncertain. Run again: the same owners get the same addresses.",
  ],
];
