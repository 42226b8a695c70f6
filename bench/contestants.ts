import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AcquireRequest } from "../provider/lease/lease";
import { createRegister, openRegister, systemContext } from "../provider/store/open";
import type { LeaseStore } from "../provider/store/store";
import { LOG_PAGES, openIndexed, openRaw, type RawTable } from "./raw-table";
import { interleaved, timed } from "./report";

/** How much is measured, and how. */
export interface DurableOptions {
  /** Whether addresses come from the owner's name, all over the pool, or one after the other. */
  readonly pool: "derived" | "sequential";
  /**
   * What the write-ahead logs of both are like: new with every turn, as in a process that has just opened its register, or
   * full and written over, as after a thousand pages. While a log grows, the file system writes its own metadata too.
   */
  readonly log: "growing" | "overwritten";
  readonly rounds: number;
  /** Turns of each contestant a round. */
  readonly slices: number;
  /** Allocations a turn, one a commit. */
  readonly singles: number;
  /** Sizes of batches that are allocated by one call, besides. */
  readonly batches: readonly number[];
}

/** Milliseconds of each round, divided by the allocations in it. */
export interface DurableTimes {
  readonly raw: readonly number[];
  /** Raw inserts into a table that has an index for the address and one for the owner, which no register can do without. */
  readonly indexed: readonly number[];
  readonly single: readonly number[];
  readonly turn: readonly number[];
  /** As `turn`, into the table of `indexed`. */
  readonly indexedTurn: readonly number[];
  readonly batches: readonly {
    readonly size: number;
    readonly raw: readonly number[];
    readonly indexed: readonly number[];
    readonly ours: readonly number[];
  }[];
}

/** Allocations that are asked for in one turn of the event loop. */
const TURN = 16;

/** Returns how long allocations and raw inserts take, in turn, in a scratch directory. */
export async function durableTimes(options: DurableOptions): Promise<DurableTimes> {
  const { pool, log, rounds, slices, singles, batches } = options;
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const ask = asker(pool === "sequential");
  const all = await Contestants.in(directory, pool === "sequential");
  const turns = Math.max(1, Math.round(singles / TURN));
  const many = (size: number) => Array.from({ length: size }, ask);
  const raw = () => all.raw.insert(ask());
  const indexed = () => all.indexed.insert(ask());
  const one = () => all.store.acquire([ask()]);
  const work: Record<string, { readonly count: number; readonly run: () => unknown }> = {
    raw: { count: singles, run: () => repeat(singles, raw) },
    indexed: { count: singles, run: () => repeat(singles, indexed) },
    single: { count: singles, run: () => repeat(singles, one) },
    turn: { count: turns * TURN, run: () => repeat(turns, () => Promise.all(Array.from({ length: TURN }, one))) },
    "indexed turn": { count: turns * TURN, run: () => repeat(turns, () => all.indexed.insertAll(many(TURN))) },
  };
  for (const size of batches) {
    work[`raw ${size}`] = { count: size, run: () => all.raw.insertAll(many(size)) };
    work[`indexed ${size}`] = { count: size, run: () => all.indexed.insertAll(many(size)) };
    work[`ours ${size}`] = { count: size, run: () => all.store.acquire(many(size)) };
  }
  const prepare = async (times: number) => {
    for (const call of [one, raw, indexed]) await repeat(times, call);
  };
  const renew = async () => {
    await all.reopen();
    await prepare(1);
  };
  const contestants = Object.fromEntries(
    Object.entries(work).map(([name, { run, count }]) => [
      name,
      async () => {
        if (log === "growing") await renew();
        return (await timed(run)) / count / slices;
      },
    ]),
  );
  if (log === "overwritten") await prepare(LOG_PAGES);
  const times = await interleaved(rounds, contestants, slices);
  await all.close();
  rmSync(directory, { recursive: true, force: true });
  const of = (name: string) => times[name] ?? [];
  return {
    raw: of("raw"),
    indexed: of("indexed"),
    single: of("single"),
    turn: of("turn"),
    indexedTurn: of("indexed turn"),
    batches: batches.map((size) => ({
      size,
      raw: of(`raw ${size}`),
      indexed: of(`indexed ${size}`),
      ours: of(`ours ${size}`),
    })),
  };
}

/** Returns what makes requests of ever new owners, of 51 characters. */
export function asker(sequential = false): () => AcquireRequest {
  let made = 0;
  return () => {
    made += 1;
    const owner = `acme/network/production/lab:vm:Vm/web-${String(made).padStart(9, "0")}-nic0`;
    return { owner, installation: "bench", pool: "default", rotation: "", description: "", tags: {}, sequential };
  };
}

const REGISTER = "register.db";

/** A register, and two tables without anything, side by side. */
class Contestants {
  readonly #directory: string;
  readonly #sequential: boolean;
  store: LeaseStore;
  raw: RawTable;
  indexed: RawTable;

  private constructor(directory: string, sequential: boolean, store: LeaseStore) {
    this.#directory = directory;
    this.#sequential = sequential;
    this.store = store;
    this.raw = openRaw(directory);
    this.indexed = openIndexed(directory, sequential);
  }

  static async in(directory: string, sequential: boolean): Promise<Contestants> {
    await createRegister(join(directory, REGISTER), systemContext(console.error));
    return new Contestants(directory, sequential, await openStore(directory));
  }

  /** Whoever closes last removes the log. */
  async reopen(): Promise<void> {
    await this.close();
    this.store = await openStore(this.#directory);
    this.raw = openRaw(this.#directory);
    this.indexed = openIndexed(this.#directory, this.#sequential);
  }

  async close(): Promise<void> {
    await this.store.close();
    this.raw.close();
    this.indexed.close();
  }
}

function openStore(directory: string): Promise<LeaseStore> {
  return openRegister(join(directory, REGISTER), systemContext(console.error));
}

async function repeat(times: number, work: () => unknown): Promise<void> {
  for (let done = 0; done < times; done += 1) await work();
}
