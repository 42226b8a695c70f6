import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { MacpoolError } from "../../error";
import { checkFileSystem, type FileSystem } from "./file-checks";
import { translateSystem } from "./sqlite-error";

/** Files that SQLite keeps beside a database, and would take for those of another one that came to its path. */
export const LOGS = ["-wal", "-journal"] as const;
const SIDE_FILES = [...LOGS, "-shm"] as const;

/** link(2) fails with one of these where a file system has no hard links, such as FAT. */
const NO_LINKS: readonly unknown[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Runs `work` on a new empty file beside `target`, readable by this user alone, which is gone afterwards unless `work`
 * has put it in its place. With `fileSystem` it is to be a register: its directory is made when it is not there, and goes
 * again when `work` fails, and it must not be one that machines share.
 *
 * @throws MacpoolError REGISTER_UNUSABLE when the file cannot be created; those of `checkFileSystem` and of `work`.
 */
export async function withScratch<T>(
  target: string,
  fileSystem: FileSystem | undefined,
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  const directory = dirname(target);
  const scratch = join(directory, `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  const outermost = fileSystem === undefined ? undefined : creating(directory, () => makeDirectories(directory));
  try {
    if (fileSystem !== undefined) checkFileSystem(directory, { ...fileSystem, mountPoints: () => [] });
    creating(directory, () => closeSync(openSync(scratch, "wx", 0o600)));
    return await work(scratch);
  } catch (error) {
    removeDatabase(scratch);
    removeDirectories(directory, outermost);
    throw translateSystem(error, target);
  } finally {
    removeDatabase(scratch);
  }
}

/** Removes a database and what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", ...SIDE_FILES]) rmSync(path + suffix, { force: true });
}

/** Removes what SQLite keeps beside a database. */
export function removeSideFiles(path: string): void {
  for (const suffix of SIDE_FILES) rmSync(path + suffix, { force: true });
}

/**
 * Checks that nothing is at `path`, and no log that SQLite would take for that of the database to come.
 *
 * @throws MacpoolError REGISTER_EXISTS naming what is there.
 */
export function assertVacant(path: string, advice?: string): void {
  if (existsSync(path)) throw occupied(path, undefined, advice);
  const log = LOGS.map((suffix) => path + suffix).find((file) => existsSync(file));
  if (log !== undefined) throw occupied(log, undefined, LOG_ADVICE);
}

/**
 * Gives the finished file `scratch` the name `target`, for good: when this returns, a power cut cannot undo it.
 *
 * @throws MacpoolError REGISTER_EXISTS when there is a file; it is never overwritten. REGISTER_FULL when a part of it is still
 * in its log, which SQLite says nothing of when it closes on a full disk.
 */
export function putInPlace(scratch: string, target: string): void {
  assertVacant(target);
  if (LOGS.some((suffix) => existsSync(scratch + suffix))) throw unfinished(target);
  syncFile(scratch);
  try {
    linkSync(scratch, target);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") throw occupied(target, error);
    if (!NO_LINKS.includes(code)) throw error;
    claimAndRename(scratch, target);
  }
  try {
    rmSync(scratch, { force: true });
    syncDirectory(dirname(target));
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

/** An empty file of our own is all that the renaming can overwrite. */
function claimAndRename(scratch: string, target: string): void {
  try {
    closeSync(openSync(target, "wx", 0o600));
  } catch (error) {
    throw occupied(target, error);
  }
  renameSync(scratch, target);
}

/** Makes the content of a file that no database has open survive a power cut. */
export function syncFile(path: string): void {
  const handle = openSync(path, "r+");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Without this, a power cut may lose the directory entry of a file whose content was safe. */
export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Makes `directory` and those above it that are not there, for good, and returns the outermost that was made; undefined
 * when it was there.
 */
export function makeDirectories(directory: string): string | undefined {
  const outermost = mkdirSync(directory, { recursive: true });
  if (outermost === undefined) return undefined;
  try {
    // A new directory is an entry of the one above it, which a power cut may lose with all that is below.
    for (let made = directory; made.length >= outermost.length; made = dirname(made)) syncDirectory(dirname(made));
  } catch (error) {
    removeDirectories(directory, outermost);
    throw error;
  }
  return outermost;
}

/** Removes directories from the innermost to the outermost that was made, as long as nothing else is in them. */
export function removeDirectories(innermost: string, outermost: string | undefined): void {
  if (outermost === undefined) return;
  try {
    for (let path = innermost; path.length >= outermost.length; path = dirname(path)) rmdirSync(path);
  } catch {
    // Somebody has put a file there meanwhile; why the file was not created matters more.
  }
}

function creating<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new MacpoolError(
      "REGISTER_UNUSABLE",
      `No file can be made in ${directory} (${words}): check that it is a directory this user may write to.`,
      { cause: error, details: { path: directory } },
    );
  }
}

function unfinished(target: string): MacpoolError {
  return new MacpoolError(
    "REGISTER_FULL",
    `Register ${target} could not be written as a whole, and was not made. Free some space on its disk and run again.`,
    { details: { path: target } },
  );
}

const ADVICE = "Choose another path, or move it away first.";
const LOG_ADVICE =
  "It holds the newest changes of a register that was here: put both where that one is now, or choose another path.";

/** Returns REGISTER_EXISTS for what is at `path`. */
export function occupied(path: string, cause?: unknown, advice = ADVICE): MacpoolError {
  return new MacpoolError("REGISTER_EXISTS", `There is a file at ${path} already; it was left alone. ${advice}`, {
    cause,
    details: { path },
  });
}
