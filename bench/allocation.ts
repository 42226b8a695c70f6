import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Bench, BenchContext } from "./bench";
import { type DurableOptions, type DurableTimes, durableTimes } from "./contestants";
import { type Aim, type Figure, ratioFigure } from "./report";

const SLOW_MILLISECONDS = 2;
const POOLS = ["derived", "sequential"] as const;
const LOGS = ["growing", "overwritten"] as const;

type Pool = DurableOptions["pool"];

/** Returns single allocations against raw inserts, one a commit: on this disk, and on a slower one. */
export const alloc: Bench = async (context) => {
  const figures: Figure[] = [];
  for (const pool of poolsOf(context)) {
    for (const log of LOGS) {
      const times = await durableTimes(optionsFor(context, pool, log, []));
      const name = `one durable allocation / raw insert commit, ${pool}, log ${log}`;
      figures.push(ratioFigure(aim("S1", name, 0.75, 0.87), times.raw, times.single));
      figures.push(ratioFigure(floor("S1", `raw insert commit, ${pool}, log ${log}`), times.raw, times.indexed));
    }
  }
  const slow = timesOnSlowDisk(context);
  const aimed = aim("S1", "one durable allocation / raw insert commit, disk 2 ms slower", 0.95, 1);
  return slow === undefined ? figures : [...figures, ratioFigure(aimed, slow.raw, slow.single)];
};

/** Returns allocations in groups against raw inserts: one a commit for those of one turn, as many a commit for batches. */
export const batch: Bench = async (context) => {
  const figures: Figure[] = [];
  for (const pool of poolsOf(context)) {
    const growing = await durableTimes(optionsFor(context, pool, "growing", []));
    const times = await durableTimes(optionsFor(context, pool, "overwritten", [256, 1024]));
    for (const [log, { raw, turn, indexedTurn }] of [
      ["growing", growing],
      ["overwritten", times],
    ] as const) {
      const against = `16 in one turn / raw insert commit, ${pool}, log ${log}`;
      figures.push(ratioFigure(aim("S2", against, 5, 9), raw, turn));
      figures.push(ratioFigure(floor("S2", against), raw, indexedTurn));
    }
    for (const { size, raw, indexed, ours } of times.batches) {
      const [target, moonshot] = size === 256 ? [0.3, 0.5] : [0.25, 0.4];
      // Two indexes and a history against one table that has neither: see the rows of S8.
      const against = `batch of ${size} / raw bulk insert, ${pool}`;
      figures.push(ratioFigure(aim("S3", against, target, moonshot), raw, ours));
      figures.push(ratioFigure(floor("S3", against), raw, indexed));
    }
  }
  const slow = timesOnSlowDisk(context);
  const aimed = aim("S2", "16 in one turn / raw insert commit, disk 2 ms slower", 12, 15);
  return slow === undefined ? figures : [...figures, ratioFigure(aimed, slow.raw, slow.turn)];
};

/** A check has no time for both; addresses all over the pool are the harder ones. */
function poolsOf({ isShort }: BenchContext): readonly Pool[] {
  return isShort ? ["derived"] : POOLS;
}

function optionsFor(
  { isShort }: BenchContext,
  pool: Pool,
  log: DurableOptions["log"],
  batches: readonly number[],
): DurableOptions {
  const common = { pool, log, batches };
  return isShort ? { ...common, rounds: 7, slices: 4, singles: 32 } : { ...common, rounds: 15, slices: 6, singles: 48 };
}

function timesOnSlowDisk({ slowDisk, isShort }: BenchContext): DurableTimes | undefined {
  if (slowDisk === undefined) return undefined;
  const options: DurableOptions = {
    pool: "derived",
    log: "growing",
    batches: [],
    rounds: isShort ? 5 : 11,
    slices: 2,
    singles: 32,
  };
  const child = [join(__dirname, "slow-child.js"), JSON.stringify(options)];
  const env = { ...process.env, ...slowDisk.environment(SLOW_MILLISECONDS) };
  return JSON.parse(execFileSync(process.execPath, child, { env, encoding: "utf8" }));
}

function aim(id: string, name: string, target: number, moonshot: number): Aim {
  return { id, name, bound: "at least", target, moonshot };
}

/** What no register can do better: it is told, so that a target can be read against what this disk allows. */
function floor(id: string, against: string): Aim {
  return { id, name: `floor, a bare table with both unique indexes: ${against}`, bound: "at least" };
}
