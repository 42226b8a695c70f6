import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { depth } from "../../depth";
import { createFile, openFile, temporaryDirectory } from "../../store/support";
import { oneOf, type Random, randomFrom } from "../disk/random";
import { checkHistory } from "../history/check";
import { type Content, contentOf } from "../history/content";
import { type Entry, entriesOf } from "../history/entries";
import { readHistory } from "../history/history";
import { POOLS } from "../history/workload";
import { Worker } from "./process";

const WORKERS = depth(4, 8);
const LANES = 3;
const FAULTS = depth(30, 500);
const LIMIT = { timeout: depth(120_000, 1_800_000) };

/** A process that works on the register, and whoever takes its place. */
class Writer {
  readonly logs: readonly string[];
  readonly #path: string;
  readonly #number: number;
  #worker: Worker | undefined;
  #starts = 0;

  constructor(path: string, number: number, directory: string) {
    this.#path = path;
    this.#number = number;
    this.logs = Array.from({ length: LANES }, (_, lane) => join(directory, `w${number}-${lane}.log`));
  }

  get worker(): Worker {
    if (this.#worker === undefined) throw new Error("the writer was not started");
    return this.#worker;
  }

  async start(): Promise<void> {
    this.#worker = new Worker();
    await this.#worker.ask({ do: "open", path: this.#path });
    this.#starts += 1;
    const seed = (lane: number) => (this.#starts * WORKERS + this.#number) * LANES + lane;
    const lanes = this.logs.map((log, lane) => ({ name: `w${this.#number}-${lane}`, seed: seed(lane), log }));
    this.#worker.tell({ do: "work", lanes });
  }

  async end(): Promise<void> {
    expect(await this.worker.ask({ do: "stop" })).toEqual({});
    expect(await this.worker.next(), "the work ended without an error").toEqual({});
  }
}

/** Kills, suspends and misleads the writers, one after the other and at random; returns how many were killed. */
async function trouble(writers: readonly [Writer, ...Writer[]], random: Random): Promise<number> {
  let kills = 0;
  for (let fault = 0; fault < FAULTS; fault += 1) {
    await wait(40 + random() * 160);
    const writer = oneOf(writers, random);
    const what = random();
    if (what < 0.6) {
      if (what < 0.45) await writer.worker.kill();
      else writer.worker.tell({ do: "die" });
      await writer.worker.gone();
      await writer.start();
      kills += 1;
    } else if (what < 0.8) {
      writer.worker.suspend();
      await wait(random() * 300);
      writer.worker.resume();
    } else {
      // Forward on the whole, so that quarantines end, and back every now and then.
      const offset = Math.round(fault * 1000 + (random() - 0.5) * 20_000);
      expect(await writer.worker.ask({ do: "clock", offset })).toEqual({});
    }
  }
  return kills;
}

/** Returns those that nobody was told the outcome of, and that were not asked for again until somebody was. */
function unresolved(entries: readonly Entry[]): readonly Entry[] {
  const laneOf = ({ name }: Entry) => name.replace(/\..*/, "");
  return entries.filter(
    (entry) =>
      entry.outcome === "unknown" &&
      !entries.some(
        (other) =>
          other.outcome !== "unknown" &&
          other.invokedAt > entry.invokedAt &&
          laneOf(other) === laneOf(entry) &&
          JSON.stringify(other.operation) === JSON.stringify(entry.operation),
      ),
  );
}

function expectEveryRule({ events }: Content): void {
  const kinds = new Set(events.map(({ kind }) => kind));
  for (const kind of ["keep", "reclaim", "derive", "sequence", "reuse", "release", "update"]) {
    expect(kinds, `the work led to ${kind}`).toContain(kind);
  }
}

describe("processes that write while they are killed, suspended and misled about the time", () => {
  it("lose nothing, give no address twice, skip none, and keep to every quarantine", LIMIT, async () => {
    const seed = Number(process.env["MACPOOL_SEED"] ?? Date.now() % 1_000_000);
    const path = createFile({ pools: POOLS });
    const directory = temporaryDirectory();
    const writer = (number: number) => new Writer(path, number, directory);
    const writers: [Writer, ...Writer[]] = [
      writer(0),
      ...Array.from({ length: WORKERS - 1 }, (_, index) => writer(index + 1)),
    ];
    await Promise.all(writers.map((one) => one.start()));
    const kills = await trouble(writers, randomFrom(seed));
    await Promise.all(writers.map((one) => one.end()));
    const lines = readHistory(writers.flatMap(({ logs }) => logs));
    const { store } = await openFile(path);
    const content = await contentOf(store);
    const { violations, counts } = checkHistory(lines, content);
    console.info(`history: MACPOOL_SEED=${seed} ${JSON.stringify({ processes: WORKERS, kills, ...counts })}`);
    expect(violations.slice(0, 20), `seed ${seed}`).toEqual([]);
    const codes = lines.flatMap((line) => (line.type === "fail" || line.type === "info" ? [line.code] : []));
    expect([...new Set(codes)], `seed ${seed}: nothing else was refused`).toEqual(["POOL_EXHAUSTED"]);
    expect(counts.committedUnknown, "I10: some had been committed").toBeGreaterThan(0);
    expect(counts.unknown, "I10: only what was under way when a process was killed").toBeLessThanOrEqual(kills * LANES);
    expect(unresolved(entriesOf(lines)), "I10: a retry resolves each").toEqual([]);
    expectEveryRule(content);
  });
});
