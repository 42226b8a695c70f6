import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { RECONCILE } from "../remedies";
import { type CheckedFile, checkSameFile } from "./file-checks";

/**
 * The log and its index beside a register that is open. SQLite finds them by name, so whoever opens the register after
 * somebody removed them gets others, and neither process sees what the other writes (sqlite.org/howtocorrupt.html,
 * section 2.5). No connection removes them while another is open.
 */
export class SideFiles {
  readonly #file: CheckedFile;
  #known: string | undefined;
  #areLost = false;

  constructor(file: CheckedFile) {
    this.#file = file;
    this.#known = identityOf(file.path);
  }

  /**
   * Checks, under the write lock, that the register and its log are still the ones that were opened.
   *
   * @throws MacpoolError REGISTER_UNUSABLE; for a log that is not, every time from then on.
   */
  check(): void {
    if (this.#areLost) throw removed(this.#file.path);
    checkSameFile(this.#file);
    const found = identityOf(this.#file.path);
    this.#known ??= found;
    if (found !== undefined && found === this.#known) return;
    this.#areLost = true;
    throw removed(this.#file.path);
  }

  /**
   * Closes the connection. If its log was removed and there is another one, it is not folded in: that would undo what is in
   * the other, which stays for as long as this connection is open. If there is none, nobody has come, and nothing is lost.
   */
  async close(database: Database.Database): Promise<void> {
    const { path } = this.#file;
    if (this.#areLost && existsSync(`${path}-wal`)) await closeBeside(database, path);
    else database.close();
  }
}

/** Returns which files they are; undefined when one is missing. */
function identityOf(path: string): string | undefined {
  const stats = ["-wal", "-shm"].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false }));
  return stats.includes(undefined) ? undefined : stats.map((stat) => `${stat?.dev} ${stat?.ino}`).join();
}

/**
 * SQLite folds a log in when it closes, if it can have the file for itself (sqlite3WalClose); so another process has it
 * open meanwhile. Where none can be started the connection stays open.
 */
async function closeBeside(database: Database.Database, path: string): Promise<void> {
  // Loaded here, because nearly nobody needs it and every process would pay for it.
  const { spawn } = await import("node:child_process");
  const other = spawn(process.execPath, ["-e", HOLD, require.resolve("better-sqlite3"), path], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = endOf(other);
  const isOpen = await Promise.race([once(other.stdout, "data").then(() => true), ended.then(() => false)]);
  if (isOpen) database.close();
  other.stdin.on("error", () => undefined).end();
  await ended;
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("error", () => resolve()).once("close", () => resolve());
  });
}

const HOLD = `const database = new (require(process.argv[1]))(process.argv[2], { fileMustExist: true });
database.prepare("select count(*) from sqlite_schema").get();
process.stdout.write("open");
process.stdin.on("end", () => database.close()).resume();`;

function removed(path: string): MacpoolError {
  return new MacpoolError(
    "REGISTER_UNUSABLE",
    `Register ${path}: its log (${path}-wal, ${path}-shm) was removed or replaced while it was in use; nothing was written. Leave those files alone. Run again; if another process used the register meanwhile, what this one had granted may be missing: compare with the states of the stacks: ${RECONCILE}`,
    { details: { path } },
  );
}
