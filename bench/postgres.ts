import type { Bench, BenchContext } from "./bench";
import { type LoadOptions, type LoadTimes, loadTimes, type PostgresPool } from "./postgres-contestants";
import { withServer } from "./postgres-server";
import { type Aim, type Figure, median, medianFigure, quantile, ratioFigure, ratios } from "./report";

const SLOW_MILLISECONDS = 2;
/** Targets of P1 and hopes, by clients. */
const SINGLE: readonly (readonly [number, number, number])[] = [
  [1, 0.8, 0.9],
  [8, 0.65, 0.85],
  [32, 0.6, 0.8],
];

/** Returns allocations in PostgreSQL against raw inserts there, by 1, 8 and 32 clients, and on a disk 2 ms slower. */
export const postgres: Bench = async (context) => {
  const fast = await withServer(context.postgres, (url) => fastFigures(url, context));
  const { slowDisk } = context;
  // Somebody's own server cannot be slowed down from here.
  if (slowDisk === undefined || context.postgres !== undefined) return fast ?? [];
  const environment = slowDisk.environment(SLOW_MILLISECONDS);
  const slow = await withServer(undefined, (url) => slowFigures(url, context), environment);
  return [...(fast ?? []), ...(slow ?? [])];
};

async function fastFigures(url: string, context: BenchContext): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const pool of poolsOf(context)) {
    for (const [clients, target, moonshot] of SINGLE) {
      const times = await loadTimes(url, optionsFor(context, pool, clients));
      const name = `one durable allocation / raw insert commit, ${pool}, C = ${clients}`;
      figures.push(ratioFigure(aimOf(pool, atLeast("P1", name, target, moonshot)), times.raw, times.ours));
      figures.push(floorFigure(times, "P1", name));
      if (clients === 32) figures.push(waitFigure(times, pool));
    }
    const batches = await loadTimes(url, { ...optionsFor(context, pool, 8), size: 16, calls: 128 });
    const batch = `batch of 16 / raw bulk insert, ${pool}, C = 8`;
    figures.push(ratioFigure(aimOf(pool, atLeast("P4", batch, 0.55, 0.8)), batches.raw, batches.ours));
    figures.push(floorFigure(batches, "P4", batch));
  }
  return figures;
}

async function slowFigures(url: string, context: BenchContext): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const pool of poolsOf(context)) {
    for (const clients of [8, 32]) {
      const times = await loadTimes(url, { ...optionsFor(context, pool, clients), slices: 2 });
      const name = `one durable allocation / raw insert commit, disk 2 ms slower, ${pool}, C = ${clients}`;
      figures.push(ratioFigure(aimOf(pool, atLeast("P2", name, 0.9, 0.97)), times.raw, times.ours));
      figures.push(floorFigure(times, "P2", name));
    }
  }
  return figures;
}

/** A check has no time for both; addresses all over the pool are the harder ones. */
function poolsOf({ isShort }: BenchContext): readonly PostgresPool[] {
  return isShort ? ["derived"] : ["derived", "relaxed", "sequential"];
}

function optionsFor({ isShort }: BenchContext, pool: PostgresPool, clients: number): LoadOptions {
  const rounds = isShort ? 5 : 11;
  return { pool, clients, size: 1, rounds, slices: isShort ? 2 : 4, calls: clients === 1 ? 48 : 10 * clients };
}

/** One cursor in strict order is one line to wait in, which is what it is for: told, and held to nothing. */
function aimOf(pool: PostgresPool, aim: Aim): Aim {
  const { target: _, moonshot: __, ...told } = aim;
  return pool === "sequential" ? told : aim;
}

function atLeast(id: string, name: string, target: number, moonshot: number): Aim {
  return { id, name, bound: "at least", target, moonshot };
}

/** What no register can do better: it is told, so that a target can be read against what this server allows. */
function floorFigure({ raw, bare }: LoadTimes, id: string, against: string): Figure {
  const aim: Aim = { id, name: `floor, bare tables of leases and events: ${against}`, bound: "at least" };
  return ratioFigure(aim, raw, bare);
}

function waitFigure({ rawWaits, oursWaits }: LoadTimes, pool: PostgresPool): Figure {
  const worst = (waits: readonly (readonly number[])[]) => waits.map((times) => quantile(times, 0.99));
  const [ours, raw] = [worst(oursWaits), worst(rawWaits)];
  const aim: Aim = {
    id: "P3",
    name: `p99 of an allocation / of a raw insert, ${pool}, C = 32`,
    bound: "at most",
    target: 2,
    moonshot: 1.3,
  };
  return medianFigure(
    aimOf(pool, aim),
    ratios(ours, raw),
    `${median(ours).toFixed(1)} ms against ${median(raw).toFixed(1)}`,
  );
}
