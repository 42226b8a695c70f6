import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { watchTree } from "./process-tree";

/** Another process that was stopped, as by Ctrl-Z, while it held the lock of a register. */
export class LockHolder {
  readonly #child: ChildProcess;
  readonly #ended: Promise<boolean>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = watchTree(child);
  }

  /** Takes the lock of the register at `path` and stops; resolves when that is so. */
  static async of(path: string): Promise<LockHolder> {
    const script = join(__dirname, "..", "hooks", "hold-lock.cjs");
    const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
    const holder = new LockHolder(child);
    await Promise.race([once(child.stdout, "data"), holder.#ended.then(() => Promise.reject(new Error("no lock")))]);
    child.kill("SIGSTOP");
    return holder;
  }

  /** Lets it go on, and end in an orderly way. */
  async resume(): Promise<void> {
    this.#child.kill("SIGCONT");
    await this.#ended;
  }

  /** Kills it as it is, stopped in the middle of a change. Harmless when it has ended. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
