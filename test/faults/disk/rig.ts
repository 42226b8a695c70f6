import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { MacpoolError } from "../../../provider/error";
import { parsePrefix } from "../../../provider/mac/range";
import { createSqliteRegister, openSqliteStore } from "../../../provider/store/sqlite/sqlite-store";
import { collect, initial, testContext } from "../../store/support";
import { Acknowledged, type Violation } from "./acknowledged";
import { type Built, onDisk } from "./build";
import type { Laxity } from "./lax";
import { afterCut, type Luck } from "./power-cut";
import type { Random } from "./random";
import type { StreamOrder } from "./stream";
import { keepAll, keptTree, plant, treeOf } from "./tree";

/** How one round goes: who writes with what settings, when the power fails, and what it leaves. */
export interface Round extends Laxity {
  readonly writers: number;
  /** Answers after which the power fails. */
  readonly answers: number;
  readonly luck: Luck;
}

const OWNERS_EACH = 12;
const POOLS = [
  { name: "derived", ranges: [parsePrefix("42:20")] },
  // Addresses come back to somebody else at once, and half of them are always in use.
  { name: "few", ranges: [parsePrefix("42:30:00:00:00")], strategy: "sequential" as const, quarantineSeconds: 0 },
];

/** A register on a disk whose power fails again and again while processes write to it. */
export class Rig {
  readonly #built: Built;
  readonly #random: Random;
  readonly #directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-power-")));
  readonly #disk = join(this.#directory, "disk");
  readonly #image = join(this.#directory, "image");
  readonly #path = join(this.#disk, "register.db");
  readonly #acknowledged = new Acknowledged();
  #rounds = 0;

  constructor(built: Built, random: Random) {
    this.#built = built;
    this.#random = random;
    mkdirSync(this.#disk);
    createSqliteRegister(this.#path, initial({ pools: POOLS }), testContext());
  }

  /** How many requests were acknowledged in all rounds. */
  get answers(): number {
    return this.#acknowledged.count;
  }

  /** Lets processes write until the power fails, and returns what is wrong with the register that is left. */
  async round(round: Round): Promise<readonly Violation[]> {
    this.#rounds += 1;
    keepAll(this.#image, this.#disk);
    const orders = Array.from({ length: round.writers }, (_, index) => this.#order(index, round));
    await this.#writeUntilCut(orders, round.answers);
    for (const { log } of orders) this.#acknowledged.read(log);
    plant(afterCut(keptTree(this.#image, this.#disk), treeOf(this.#disk), round.luck, this.#random), this.#disk);
    return this.#examine();
  }

  /** Removes everything. */
  dispose(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #order(index: number, { synchronous, checkpointPages }: Laxity): StreamOrder {
    const owners = Array.from({ length: OWNERS_EACH }, (_, number) => `writer-${index}/vm-${number}`);
    const log = join(this.#directory, `log-${this.#rounds}-${index}`);
    const seed = Math.floor(this.#random() * 2 ** 32);
    return { path: this.#path, log, owners, pools: ["derived", "few"], seed, synchronous, checkpointPages };
  }

  async #writeUntilCut(orders: readonly StreamOrder[], answers: number): Promise<void> {
    const writers = orders.map((order) => this.#start(order));
    // About a hundred bytes an answer, with its question.
    const isEnough = () => {
      const sizes = orders.map(({ log }) => (existsSync(log) ? statSync(log).size : 0));
      return sizes.every((size) => size > 0) && sizes.reduce((sum, size) => sum + size, 0) > answers * 180;
    };
    try {
      while (!isEnough()) {
        const dead = writers.find(({ child }) => child.exitCode !== null);
        if (dead !== undefined) throw new Error(`a writer ended: ${dead.errors()}`);
        await pause(3);
      }
    } finally {
      await Promise.all(writers.map(({ child }) => kill(child)));
    }
  }

  #start(order: StreamOrder): { readonly child: ChildProcess; errors(): string } {
    const disk = { MACPOOL_DISK_ROOT: this.#disk, MACPOOL_DISK_IMAGE: this.#image };
    const { program, env } = onDisk(this.#built, "stream", disk);
    const child = spawn(process.execPath, [program, JSON.stringify(order)], { env });
    let errors = "";
    child.stderr.on("data", (text) => {
      errors += text;
    });
    return { child, errors: () => errors };
  }

  async #examine(): Promise<readonly Violation[]> {
    try {
      const store = await openSqliteStore(this.#path, testContext());
      try {
        const { faults } = await store.verify();
        const live = await collect(store.list({ state: "live" }));
        const { seq } = await store.identity();
        const wrong = this.#acknowledged.violations(live, seq);
        this.#acknowledged.settle(live);
        return [...faults.map((words) => ({ kind: "unsound" as const, words })), ...wrong];
      } finally {
        await store.close();
      }
    } catch (error) {
      if (!MacpoolError.is(error)) throw error;
      return [{ kind: "unsound", words: error.message }];
    }
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
