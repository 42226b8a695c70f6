import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { MODULES, workerProgram } from "./program";

/** What a worker answers: a value, or an error's code and message. */
export interface Answer {
  readonly code?: string;
  readonly message?: string;
  readonly seq?: number;
  readonly addresses?: readonly string[];
  readonly owner?: string;
  readonly address?: string;
  readonly token?: string;
  readonly granted?: number;
  readonly longest?: number;
}

/** Another process; see worker.ts for what it can do. It ends with the test at the latest. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #errors = "";

  constructor(user?: number) {
    const identity = user === undefined ? {} : { uid: user, gid: user };
    const env = { PATH: process.env["PATH"], NODE_PATH: MODULES };
    const child = spawn(process.execPath, [workerProgram()], { cwd: "/", env, ...identity });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    // What is asked of a worker that has ended shows as an answer that is missing.
    child.stdin.on("error", () => undefined);
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#child = child;
    onTestFinished(async () => {
      await this.kill();
    });
  }

  /** Tells the worker to do `command` and returns its answer. */
  ask(command: object): Promise<Answer> {
    this.tell(command);
    return this.next();
  }

  /** Tells the worker to do `command`. */
  tell(command: object): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Returns the worker's next answer. */
  async next(): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the worker ended: ${this.#errors}`);
    return JSON.parse(value);
  }

  /** Stops the worker in the midst of what it does, as a debugger or a suspended machine would. */
  suspend(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Lets a worker go on that was suspended. */
  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Gives the worker, with all its threads, precedence over the other jobs of the machine, where we may and know how to. */
  prefer(): void {
    spawnSync("chrt", ["--rr", "--all-tasks", "--pid", "1", String(this.#child.pid)]);
  }

  /** Resolves when the worker is gone. */
  async gone(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) await once(this.#child, "exit");
  }

  /** Kills the worker as `kill -9` does, waits until it is gone and returns what it had still said. */
  async kill(): Promise<readonly Answer[]> {
    this.#child.kill("SIGKILL");
    await this.gone();
    const rest: Answer[] = [];
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done === true) return rest;
      // The last line may have been cut off.
      if (value.endsWith("}")) rest.push(JSON.parse(value));
    }
  }
}
