import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { AcquireRequest } from "../provider/lease/lease";
import { createRegister, openRegister, systemContext } from "../provider/store/open";
import type { LeaseStore } from "../provider/store/store";
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
  readonly single: readonly number[];
  readonly turn: readonly number[];
  readonly batches: readonly {
    readonly size: number;
    readonly raw: readonly number[];
    readonly ours: readonly number[];
  }[];
}

/** When SQLite folds a log into its file and goes on at the log's beginning; every commit writes one page at least. */
const LOG_PAGES = 1000;

/** Allocations that are asked for in one turn of the event loop. */
const TURN = 16;

/** Returns how long allocations and raw inserts take, in turn, in a scratch directory. */
export async function durableTimes(options: DurableOptions): Promise<DurableTimes> {
  const { pool, log, rounds, slices, singles, batches } = options;
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const ask = asker(pool === "sequential");
  const both = await Both.in(directory);
  const turns = Math.max(1, Math.round(singles / TURN));
  const raw = () => both.raw.insert(ask());
  const one = () => both.store.acquire([ask()]);
  const work: Record<string, { readonly count: number; readonly run: () => unknown }> = {
    raw: { count: singles, run: () => repeat(singles, raw) },
    single: { count: singles, run: () => repeat(singles, one) },
    turn: { count: turns * TURN, run: () => repeat(turns, () => Promise.all(Array.from({ length: TURN }, one))) },
  };
  for (const size of batches) {
    work[`raw ${size}`] = { count: size, run: () => both.raw.insertAll(Array.from({ length: size }, ask)) };
    work[`ours ${size}`] = { count: size, run: () => both.store.acquire(Array.from({ length: size }, ask)) };
  }
  const prepare = async (times: number) => {
    await repeat(times, one);
    await repeat(times, raw);
  };
  const renew = async () => {
    await both.reopen();
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
  await both.close();
  rmSync(directory, { recursive: true, force: true });
  const of = (name: string) => times[name] ?? [];
  return {
    raw: of("raw"),
    single: of("single"),
    turn: of("turn"),
    batches: batches.map((size) => ({ size, raw: of(`raw ${size}`), ours: of(`ours ${size}`) })),
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
const RAW = "raw.db";

/** A register, and a table without anything, side by side. */
class Both {
  readonly #directory: string;
  store: LeaseStore;
  raw: RawTable;

  private constructor(directory: string, store: LeaseStore) {
    this.#directory = directory;
    this.store = store;
    this.raw = openRaw(directory);
  }

  static async in(directory: string): Promise<Both> {
    await createRegister(join(directory, REGISTER), systemContext(console.error));
    return new Both(directory, await openStore(directory));
  }

  /** Whoever closes last removes the log. */
  async reopen(): Promise<void> {
    await this.close();
    this.store = await openStore(this.#directory);
    this.raw = openRaw(this.#directory);
  }

  async close(): Promise<void> {
    await this.store.close();
    this.raw.close();
  }
}

function openStore(directory: string): Promise<LeaseStore> {
  return openRegister(join(directory, REGISTER), systemContext(console.error));
}

type RawTable = ReturnType<typeof openRaw>;

/** A table of the same rows as the leases', without any index, under the same settings. */
function openRaw(directory: string) {
  const database = new Database(join(directory, RAW));
  for (const pragma of ["journal_mode = wal", "synchronous = full", `wal_autocheckpoint = ${LOG_PAGES}`]) {
    database.pragma(pragma);
  }
  database.exec(
    `create table if not exists raw (id integer primary key, pool integer not null, owner text not null, installation integer not null,
       rotation text not null, slot integer not null, token text not null, seq integer not null,
       acquired_at integer not null, released_at integer, description text not null, tags text not null) strict`,
  );
  const statement = database.prepare(
    `insert into raw (pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at, description, tags)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const begin = database.prepare("begin immediate");
  const commit = database.prepare("commit");
  const insert = ({ owner, rotation, description }: AcquireRequest) =>
    statement.run(1, owner, 1, rotation, 0, "0123456789abcdefghijkl", 1, Date.now(), null, description, "{}");
  const insertAll = (rows: readonly AcquireRequest[]) => {
    begin.run();
    for (const row of rows) insert(row);
    commit.run();
  };
  return { insert, insertAll, close: () => database.close() };
}

async function repeat(times: number, work: () => unknown): Promise<void> {
  for (let done = 0; done < times; done += 1) await work();
}
