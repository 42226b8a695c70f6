import { accessSync, constants, type Stats, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { MacpoolError } from "../../error";
import type { Check } from "../check";
import { patienceOf, type Waiting } from "../patience";
import type { StoreContext } from "../store";
import { type Connection, openConnection } from "./connection";
import { checkFile, checkFileSystem, type FileSystem, machineFileSystem } from "./file-checks";
import { fileSystemName } from "./file-system-names";
import { driverRisk } from "./load-driver";
import { withPatience } from "./patience";
import { isBusy, translate } from "./sqlite-error";

const MEBIBYTE = 2 ** 20;
const LITTLE_SPACE = 64 * MEBIBYTE;
const NO_SPACE = MEBIBYTE;
/** The log is cut back to this size whenever no reader needs more of it. */
const LONG_LOG = 64 * MEBIBYTE;

/** What tests may want otherwise. */
export interface ExamineOptions extends Waiting {
  readonly fileSystem?: FileSystem;
  /** What is wrong with the native module. */
  readonly risk?: string | undefined;
}

/** Returns every check of the register file at `path` and of what surrounds it; its content is for others to check. */
export async function examineSqlite(
  path: string,
  context: StoreContext,
  { fileSystem = machineFileSystem, risk = driverRisk(), ...waiting }: ExamineOptions = {},
): Promise<readonly Check[]> {
  const file = attempt("file", () => checkFile(path, ANYWHERE).path);
  if ("verdict" in file) return [file];
  const real = file.value;
  const place = fileSystemCheck(real, fileSystem);
  return [
    { check: "file", verdict: "ok", finding: real === resolve(path) ? real : `${path} leads to ${real}` },
    place,
    ...permissions(real),
    space(real),
    log(real),
    driver(risk),
    // On a shared file system it would be refused for the same reason.
    ...(place.verdict === "fault" ? [] : await opening(real, context, fileSystem, waiting)),
  ];
}

/** The kind of file system is a check of its own. */
const ANYWHERE: FileSystem = { typeOf: () => 0, mountPoints: () => [] };

function fileSystemCheck(path: string, fileSystem: FileSystem): Check {
  const refused = attempt("file system", () => checkFileSystem(path, fileSystem));
  if ("verdict" in refused) return refused;
  const { name, risk } = fileSystemName(fileSystem.typeOf(path));
  return risk === undefined
    ? { check: "file system", verdict: "ok", finding: name }
    : { check: "file system", verdict: "warning", finding: `${name}: ${risk}` };
}

function permissions(path: string): readonly Check[] {
  const directory = dirname(path);
  return [
    writable("file", path, "Change its owner or mode (chown, chmod u+w)."),
    secrecy(path, statSync(path)),
    writable("directory", directory, "SQLite keeps its log beside the file: give this user write permission on it."),
    sticky(directory, statSync(directory)),
  ];
}

function writable(what: string, path: string, advice: string): Check {
  const check = `${what} access`;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return { check, verdict: "ok", finding: "this user may read and write" };
  } catch {
    return { check, verdict: "fault", finding: `This user may not read and write ${path}. ${advice}` };
  }
}

function secrecy(path: string, { mode }: Stats): Check {
  const finding = `mode ${octal(mode)}`;
  if (process.platform === "win32" || (mode & 0o006) === 0) return { check: "file mode", verdict: "ok", finding };
  const can = (mode & 0o002) === 0 ? "read" : "change";
  return {
    check: "file mode",
    verdict: "warning",
    finding: `${finding}: every user of this machine can ${can} it, and it holds tokens that release leases. Run: chmod o-rw ${path}`,
  };
}

function sticky(path: string, { mode }: Stats): Check {
  const finding = `mode ${octal(mode)}`;
  const isOpen = process.platform !== "win32" && (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  if (!isOpen) return { check: "directory mode", verdict: "ok", finding };
  return {
    check: "directory mode",
    verdict: "warning",
    finding: `${finding}: every user of this machine can replace the register. Run: chmod o-w ${path}`,
  };
}

function space(path: string): Check {
  const { bavail, bsize } = statfsSync(dirname(path));
  const free = bavail * bsize;
  const finding = `${mebibytes(free)} free`;
  if (free >= LITTLE_SPACE) return { check: "disk space", verdict: "ok", finding };
  return {
    check: "disk space",
    verdict: free < NO_SPACE ? "fault" : "warning",
    finding: `Only ${finding}; without space nothing can be allocated. Free some on the file system of ${path}.`,
  };
}

function log(path: string): Check {
  const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const finding = `${mebibytes(size)} beside the file`;
  if (size <= LONG_LOG) return { check: "log", verdict: "ok", finding };
  return {
    check: "log",
    verdict: "warning",
    finding: `${finding}: some process has been reading for long, and the log cannot be cut back. Look for an old pulumi or macpool process and end it.`,
  };
}

function driver(risk: string | undefined): Check {
  return { check: "native module", verdict: risk === undefined ? "ok" : "warning", finding: risk ?? "better-sqlite3" };
}

async function opening(
  path: string,
  context: StoreContext,
  fileSystem: FileSystem,
  waiting: Waiting,
): Promise<readonly Check[]> {
  const patience = patienceOf(path, context, waiting);
  try {
    const connection = await withPatience(patience, () => openConnection(path, context.clock, fileSystem));
    try {
      return [
        engine(connection),
        settings(connection),
        await lock(connection, () => withPatience(patience, () => tryLock(connection))),
      ];
    } finally {
      connection.database.close();
    }
  } catch (error) {
    return [fault("opening", translate(error, path))];
  }
}

function engine({ database }: Connection): Check {
  const version = String(database.prepare("select sqlite_version()").pluck().get());
  const schema = String(database.pragma("user_version", { simple: true }));
  return { check: "versions", verdict: "ok", finding: `SQLite ${version}, schema ${schema}` };
}

/** That the two that matter hold is checked whenever a register is opened. */
function settings({ database }: Connection): Check {
  const names = ["journal_mode", "synchronous", "fullfsync", "foreign_keys", "wal_autocheckpoint"];
  const finding = names.map((name) => `${name} ${String(database.pragma(name, { simple: true }))}`).join(", ");
  return { check: "settings", verdict: "ok", finding };
}

async function lock({ file }: Connection, take: () => Promise<void>): Promise<Check> {
  try {
    await take();
    return { check: "lock", verdict: "ok", finding: "free" };
  } catch (error) {
    if (!isBusy(error)) throw error;
    return {
      check: "lock",
      verdict: "warning",
      finding: `Another process holds the lock of ${file.path}, so nobody else can write. If it stays so, look for a suspended pulumi or macpool process and end it.`,
    };
  }
}

function tryLock({ database }: Connection): void {
  database.exec("begin immediate");
  database.exec("rollback");
}

function attempt<T>(check: string, work: () => T): { readonly value: T } | Check {
  try {
    return { value: work() };
  } catch (error) {
    return fault(check, error);
  }
}

function fault(check: string, error: unknown): Check {
  if (!MacpoolError.is(error)) throw error;
  return { check, verdict: "fault", finding: `${error.message} [${error.code}]` };
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toLocaleString("en", { maximumFractionDigits: 1 })} MiB`;
}
