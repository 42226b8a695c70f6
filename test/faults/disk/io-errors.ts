import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MacpoolError } from "../../../provider/error";
import type { Lease } from "../../../provider/lease/lease";
import { backupSqlite } from "../../../provider/store/sqlite/backup";
import { createSqliteRegister, openSqliteStore } from "../../../provider/store/sqlite/sqlite-store";
import type { LeaseStore } from "../../../provider/store/store";
import { arm, disarm, type Fault, hit } from "./fault";
import { relax } from "./lax";
import { CONTENT, context, Done } from "./scripts";

/** What a process that makes operations fail is told on its command line. */
export interface ErrorOrder {
  readonly root: string;
  /** Each is tried at `at`, `at + step`, ... until the script comes to its end first. */
  readonly faults: readonly (Fault & { readonly step: number })[];
}

/** What one failing operation came to; a line of that process's output. */
export interface ErrorReport {
  readonly fault: Fault;
  /** The operation; undefined when there were not so many. */
  readonly met: string | undefined;
  /** What the user was told: our code, and that of SQLite or the system. */
  readonly told: readonly string[];
  readonly wrong: readonly string[];
}

const REMEDY = /run again|try again|check|free some space|put a backup|delete|choose/i;

/** A life of a register in which one operation fails. */
class Trial {
  readonly #root: string;
  readonly #path: string;
  readonly #fault: Fault;
  readonly #done = new Done(() => true);
  readonly #owners = new Set<string>();
  readonly told: string[] = [];
  readonly wrong: string[] = [];
  #store: LeaseStore | undefined;
  /** Whether a commit of the open store could not be synced. */
  #isInDoubt = false;

  constructor(root: string, fault: Fault) {
    this.#root = root;
    this.#path = join(root, "a", "register.db");
    this.#fault = fault;
  }

  /** Does everything that one does with a register, then lets the disk work again and looks whether all is well. */
  async run(): Promise<void> {
    arm(this.#fault);
    if (!(await this.#attempt("create", async () => this.#create())))
      await this.#again("create", async () => this.#create());
    await this.#open();
    const first = await this.#acquire("first");
    await Promise.all(["a", "b", "c", "d"].map((owner) => this.#acquire(owner)));
    if (first !== undefined) await this.#attempt("release", () => this.#done.release(this.#opened, first));
    for (let number = 0; number < 12; number += 1) await this.#acquire(`many/${number}`);
    if (!(await this.#attempt("backup", () => this.#backUp()))) await this.#again("backup", () => this.#backUp());
    await this.#attempt("close", () => this.#opened.close());
    await this.#open();
    await this.#acquire("a");
    await this.#acquire("later");
    disarm();
    await this.#examine();
  }

  get #opened(): LeaseStore {
    if (this.#store === undefined) throw new Error("no register is open");
    return this.#store;
  }

  #create(): void {
    createSqliteRegister(this.#path, CONTENT, context);
  }

  async #backUp(): Promise<void> {
    await backupSqlite(this.#path, join(this.#root, "copy.db"), context);
  }

  async #open(): Promise<void> {
    const open = async () => {
      this.#store = await openSqliteStore(this.#path, context, { giveUpAfter: 0 });
      this.#isInDoubt = false;
    };
    if (!(await this.#attempt("open", open))) await this.#again("open", open);
  }

  async #acquire(owner: string): Promise<Lease | undefined> {
    let lease: Lease | undefined;
    this.#owners.add(owner);
    const wasInDoubt = this.#isInDoubt;
    const isDone = await this.#attempt(`acquire ${owner}`, async () => {
      lease = await this.#done.acquire(this.#opened, owner);
    });
    if (isDone && wasInDoubt)
      this.wrong.push(`${owner} was granted an address after a commit that could not be synced`);
    return lease;
  }

  /** Returns whether `work` was done, and takes down what the user is told when it is not. */
  async #attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#hear(what, error);
      return false;
    }
  }

  #hear(what: string, error: unknown): void {
    if (!MacpoolError.is(error)) {
      this.wrong.push(`${what}: ${String(error)}`);
      return;
    }
    const { code, message, details } = error;
    this.told.push(`${code} ${details["sqlite"] ?? details["system"] ?? ""}`);
    if (details["sqlite"] === "SQLITE_IOERR_FSYNC" && /^(acquire|release)/.test(what)) this.#isInDoubt = true;
    if (!message.includes(this.#root)) this.wrong.push(`${what}: no file is named: ${message}`);
    if (!REMEDY.test(message)) this.wrong.push(`${what}: no remedy is named: ${message}`);
    if (hit() === undefined) this.wrong.push(`${what}: failed although nothing had: ${message}`);
    const isFull = this.#fault.action === "ENOSPC" && this.#fault.kinds === "w";
    if (isFull && code !== "REGISTER_FULL")
      this.wrong.push(`${what}: no word of the space that is missing: ${message}`);
  }

  /** Does with a disk that works again what has failed. */
  async #again(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#fault.how === "sticky") disarm();
    await work().catch((error: unknown) => this.wrong.push(`${what} again: ${String(error)}`));
  }

  /** The same process goes on, unless it is in doubt; then another look is taken. */
  async #examine(): Promise<void> {
    if (this.#isInDoubt) {
      await this.#acquire("doubtful");
      await this.#opened.close();
      await this.#open();
    }
    // Before anybody asks again, which would put right what was lost.
    this.wrong.push(...(await this.#contradictions(this.#opened)));
    for (const owner of this.#owners) {
      await this.#done
        .acquire(this.#opened, owner)
        .catch((error: unknown) => this.wrong.push(`${owner} again: ${String(error)}`));
    }
    await this.#look(this.#opened);
    await this.#opened.close();
    const store = await openSqliteStore(this.#path, context);
    await this.#look(store);
    await store.close();
    if (!existsSync(join(this.#root, "copy.db"))) this.wrong.push("there is no copy");
    const left = readdirSync(this.#root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"));
    if (left.length > 0 && this.#fault.how === "once" && this.#fault.kinds !== "e")
      this.wrong.push(`left behind: ${left}`);
  }

  async #contradictions(store: LeaseStore): Promise<readonly string[]> {
    const { seq } = await store.identity();
    const wrong = this.#done.leases.violations(await liveOf(store), seq);
    return wrong.map(({ kind, words }) => `${kind}: ${words}`);
  }

  async #look(store: LeaseStore): Promise<void> {
    const { faults } = await store.verify();
    this.wrong.push(...faults, ...(await this.#contradictions(store)));
    const { length } = await liveOf(store);
    if (length !== this.#owners.size) this.wrong.push(`${this.#owners.size} owners have ${length} leases`);
  }
}

async function liveOf(store: LeaseStore): Promise<readonly Lease[]> {
  const live: Lease[] = [];
  for await (const lease of store.list({ state: "live" })) live.push(lease);
  return live;
}

async function attempt(fault: Fault, root: string): Promise<ErrorReport> {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  const trial = new Trial(root, fault);
  await trial.run().catch((error: unknown) => trial.wrong.push(String(error)));
  return { fault, met: hit(), told: trial.told, wrong: trial.wrong };
}

async function main({ root, faults }: ErrorOrder): Promise<void> {
  // The register is small, and its log is to be folded in now and then.
  relax({ synchronous: "full", checkpointPages: 20 });
  for (const { step, ...fault } of faults) {
    for (let at = fault.at; ; at += step) {
      const report = await attempt({ ...fault, at }, root);
      if (report.met === undefined) break;
      console.log(JSON.stringify(report));
    }
  }
}

main(JSON.parse(process.argv[2] ?? "")).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
