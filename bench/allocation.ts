import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { AcquireRequest } from "../provider/lease/lease";
import { createRegister, openRegister, systemContext } from "../provider/store/open";
import { type Figure, interleaved, median, medianRatio, timed } from "./report";

const COMMITS = 400;
const TURN = 16;
const ROUNDS = 9;

/** Returns the speed of allocations against raw inserts on the same settings: one a commit, and 16 a turn. */
export async function allocationFigures(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const store = await newStore(directory);
  const raw = newRaw(directory);
  let made = 0;
  const request = (): AcquireRequest => {
    made += 1;
    const owner = `acme/network/production/lab:vm:Vm/web-${made}-nic`;
    return { owner, installation: "bench", pool: "default", rotation: "", description: "", tags: {} };
  };
  const times = await interleaved(ROUNDS, {
    raw: () => timed(() => repeat(COMMITS, () => raw.insert(request().owner))),
    single: () => timed(() => repeat(COMMITS, () => store.acquire([request()]))),
    turn: () => timed(() => repeat(COMMITS / TURN, () => Promise.all(turn(() => store.acquire([request()]))))),
  });
  await store.close();
  raw.close();
  rmSync(directory, { recursive: true, force: true });
  const each = (name: keyof typeof times) => `${((1000 * median(times[name])) / COMMITS).toFixed(0)} us`;
  return [
    {
      name: "one durable allocation / raw insert commit",
      value: medianRatio(times.raw, times.single),
      target: 0.7,
      bound: "at least",
      detail: `${each("single")} against ${each("raw")}, rate over rate`,
    },
    {
      name: "16 allocations in one turn / raw insert commits",
      value: medianRatio(times.raw, times.turn),
      target: 5,
      bound: "at least",
      detail: `${each("turn")} against ${each("raw")} an address, rate over rate`,
    },
  ];
}

async function newStore(directory: string) {
  const path = join(directory, "register.db");
  const context = systemContext(console.error);
  await createRegister(path, context);
  return openRegister(path, context);
}

function newRaw(directory: string) {
  const database = new Database(join(directory, "raw.db"));
  for (const pragma of ["journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 1000"]) {
    database.pragma(pragma);
  }
  database.exec("create table raw (id integer primary key, owner text not null) strict");
  const insert = database.prepare<[string]>("insert into raw (owner) values (?)");
  return { insert: (owner: string) => insert.run(owner), close: () => database.close() };
}

async function repeat(times: number, work: () => unknown): Promise<void> {
  for (let done = 0; done < times; done += 1) await work();
}

function turn<T>(work: () => T): T[] {
  return Array.from({ length: TURN }, work);
}
