import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { MacpoolError } from "../../error";
import { shellWord } from "../../shell-word";
import { restoreCommand } from "../remedies";

/** What the operating system says of paths; a parameter, so that tests can name file systems they have not got. */
export interface FileSystem {
  /** Returns the `f_type` of statfs(2) for the file system that holds `path`. */
  typeOf(path: string): number;
  /** Returns every mount point of this process. */
  mountPoints(): readonly string[];
}

/** The file system of this machine. Mount points are known on Linux only. */
export const machineFileSystem: FileSystem = {
  typeOf: (path) => statfsSync(path).type,
  mountPoints: () => {
    if (process.platform !== "linux") return [];
    const plain = (text: string) =>
      text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    return readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => plain(line.split(" ")[4] ?? ""));
  },
};

/** statfs(2) `f_type` values on which SQLite's locks or shared memory do not hold between machines. */
const SHARED_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x517b, "SMB"],
  [0x65735546, "FUSE or virtiofs"],
  [0x01021997, "9p"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
]);

/** Whoever creates a register fills its file in moments; one that is empty for longer than this was given up. */
const CREATION_MILLISECONDS = 5_000;

/** A register file that passed the checks, and the identity to compare it with later. */
export interface CheckedFile {
  /** With symbolic links resolved. */
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

/**
 * Returns the register file at `path` after every check that can be made without opening it. In the order made: it
 * exists, is a file, is not shared between machines, is not itself a mount point, has one name, and is not empty.
 *
 * It is never opened here: closing a file descriptor drops the POSIX locks that SQLite holds on the same file in this
 * process (sqlite.org/howtocorrupt.html, section 2.2).
 *
 * @throws MacpoolError REGISTER_MISSING, REGISTER_UNUSABLE or REGISTER_CORRUPT; REGISTER_BUSY while it is being created.
 */
export function checkFile(path: string, fileSystem: FileSystem = machineFileSystem): CheckedFile {
  const real = resolvePath(path);
  const stat = statSync(real);
  if (!stat.isFile()) throw unusable(real, "it is a directory or device, not a file. Name a file in it.");
  checkFileSystem(real, fileSystem);
  if (stat.nlink > 1) {
    throw unusable(
      real,
      `it has ${stat.nlink} names (hard links). SQLite keeps a log for each name, so two users of it would get the same addresses. Remove the other names${known(otherNames(real, stat))}.`,
    );
  }
  assertNotEmpty(real, stat);
  return { path: real, device: stat.dev, inode: stat.ino };
}

/**
 * Checks that the path still leads to the file that was opened: a register that was moved or deleted meanwhile goes on
 * working for whoever has it open, and gives out the same addresses as its successor.
 *
 * @throws MacpoolError REGISTER_UNUSABLE.
 */
export function checkSameFile(file: CheckedFile): void {
  const stat = statSync(file.path, { throwIfNoEntry: false });
  if (stat !== undefined && stat.dev === file.device && stat.ino === file.inode) return;
  throw unusable(file.path, "it was moved, deleted or replaced while in use; nothing was written. Run again.");
}

/**
 * Refuses a directory in which a register must not lie.
 *
 * @throws MacpoolError REGISTER_UNUSABLE naming the kind of file system.
 */
export function checkFileSystem(path: string, fileSystem: FileSystem): void {
  const shared = SHARED_FILE_SYSTEMS.get(fileSystem.typeOf(path) >>> 0);
  if (shared !== undefined) {
    throw unusable(
      path,
      `it is on ${shared}, a shared or virtual file system where two machines can get the same address. Use PostgreSQL, or a path on a local disk.`,
    );
  }
  if (fileSystem.mountPoints().includes(path)) {
    throw unusable(
      path,
      "the file itself is a mount point, so another container may see it under another log. Mount its directory instead.",
    );
  }
}

function resolvePath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw unusable(path, `it cannot be reached (${String(code)}); check the directory's owner and mode.`, error);
    }
    const link = linkAt(path);
    if (link !== undefined) {
      throw unusable(path, `it is a symbolic link to ${link}, which is not there. Mount or put back what it leads to.`);
    }
    throw new MacpoolError(
      "REGISTER_MISSING",
      `There is no register at ${path}. Create one with: macpool init --store ${shellWord(path)}`,
      { details: { path } },
    );
  }
}

/** Returns where a symbolic link leads; undefined when the path is none. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Whatever else it is, or if it is nothing.
    return undefined;
  }
}

/** A copy that was cut off as it was given its name, by `putInPlace`, has its first one still, in the same directory. */
function otherNames(path: string, { dev, ino }: Stats): readonly string[] {
  try {
    const names = readdirSync(dirname(path)).map((name) => join(dirname(path), name));
    return names.filter((name) => {
      const stat = name === path ? undefined : lstatSync(name, { throwIfNoEntry: false });
      return stat?.ino === ino && stat.dev === dev;
    });
  } catch {
    // They only help: that there are others is known without them.
    return [];
  }
}

function known(names: readonly string[]): string {
  return names.length === 0 ? "" : `: ${names.join(", ")}`;
}

function assertNotEmpty(path: string, stat: Stats): void {
  if (stat.size > 0) return;
  if (Date.now() - stat.mtimeMs < CREATION_MILLISECONDS) {
    throw new MacpoolError("REGISTER_BUSY", `Register ${path} is empty: another process is creating it. Try again.`, {
      details: { path },
    });
  }
  throw new MacpoolError(
    "REGISTER_CORRUPT",
    `Register ${path} is empty (0 bytes): it was cut off, or its creation was interrupted. Put a backup in its place (${restoreCommand(path)}), or delete it if it never was in use.`,
    { details: { path } },
  );
}

function unusable(path: string, words: string, cause?: unknown): MacpoolError {
  return new MacpoolError("REGISTER_UNUSABLE", `Register ${path}: ${words}`, { cause, details: { path } });
}
