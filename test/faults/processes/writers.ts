import { join } from "node:path";
import { expect } from "vitest";
import type { Content } from "../history/content";
import type { Entry } from "../history/entries";
import { Worker } from "./process";

/** How many things at once each writer does. */
export const LANES = 3;

/** A process that works on a register, and whoever takes its place. */
export class Writer {
  /** What its lanes saw. */
  readonly logs: readonly string[];
  readonly #store: string;
  readonly #number: number;
  #worker: Worker | undefined;
  #starts = 0;

  /** @param store A file's path or a server's URL. */
  constructor(store: string, number: number, directory: string) {
    this.#store = store;
    this.#number = number;
    this.logs = Array.from({ length: LANES }, (_, lane) => join(directory, `w${number}-${lane}.log`));
  }

  get worker(): Worker {
    if (this.#worker === undefined) throw new Error("the writer was not started");
    return this.#worker;
  }

  /** Starts the process, which goes on where the one before it was killed. */
  async start(): Promise<void> {
    this.#worker = new Worker();
    await this.#open(this.#worker);
    this.#starts += 1;
    const seed = (lane: number) => (this.#starts * 100 + this.#number) * LANES + lane;
    const lanes = this.logs.map((log, lane) => ({ name: `w${this.#number}-${lane}`, seed: seed(lane), log }));
    this.#worker.tell({ do: "work", lanes });
  }

  /** Lets the process finish what it began. */
  async end(): Promise<void> {
    expect(await this.worker.ask({ do: "stop" })).toEqual({});
    expect(await this.worker.next(), "the work ended without an error").toEqual({});
  }

  /** A server that starts just then may be out of reach; whoever starts a program runs it again. */
  async #open(worker: Worker): Promise<void> {
    for (;;) {
      const answer = await worker.ask({ do: "open", path: this.#store });
      if (answer.code === undefined) return;
      expect(answer, "nothing else keeps a process from opening the register").toMatchObject({
        code: "REGISTER_UNREACHABLE",
      });
    }
  }
}

/** Starts so many writers on one register; their logs go to `directory`. */
export async function startWriters(store: string, count: number, directory: string): Promise<[Writer, ...Writer[]]> {
  const writer = (number: number) => new Writer(store, number, directory);
  const writers: [Writer, ...Writer[]] = [
    writer(0),
    ...Array.from({ length: count - 1 }, (_, index) => writer(index + 1)),
  ];
  await Promise.all(writers.map((one) => one.start()));
  return writers;
}

/** Returns those that nobody was told the outcome of, and that were not asked for again until somebody was. */
export function unresolved(entries: readonly Entry[]): readonly Entry[] {
  const laneOf = ({ name }: Entry) => name.replace(/\..*/, "");
  const known = new Map<string, number>();
  const keyOf = (entry: Entry) => `${laneOf(entry)} ${JSON.stringify(entry.operation)}`;
  for (const entry of entries) {
    if (entry.outcome !== "unknown") known.set(keyOf(entry), entry.invokedAt);
  }
  return entries.filter((entry) => entry.outcome === "unknown" && !((known.get(keyOf(entry)) ?? 0) > entry.invokedAt));
}

/** Expects that the work met every rule by which leases change. */
export function expectEveryRule({ events }: Content): void {
  const kinds = new Set(events.map(({ kind }) => kind));
  for (const kind of ["keep", "reclaim", "derive", "sequence", "reuse", "release", "update"]) {
    expect(kinds, `the work led to ${kind}`).toContain(kind);
  }
}
