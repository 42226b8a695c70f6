import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { createRegister, openRegister, systemContext } from "../provider/store/open";
import type { LeaseStore } from "../provider/store/store";
import type { Bench } from "./bench";
import { asker } from "./contestants";
import { fillRegister } from "./fill";
import { type Figure, interleaved, median, medianFigure, quantile, ratios, timed } from "./report";
import { ROOT } from "./root";

/** A round of them; enough rounds make a 99th percentile. */
const SINGLES = 120;
const BATCH = 256;
const NEW_LEASES = 50_000;

interface Sized {
  readonly leases: number;
  readonly path: string;
}

/** Returns how registers of many leases compare with one of few: allocating, opening, and bytes a lease. */
export const scale: Bench = async ({ leases, isShort }) => {
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  try {
    const registers = leases.map((count): Sized => ({ leases: count, path: join(directory, `${count}.db`) }));
    for (const { leases: count, path } of registers) {
      const took = await timed(() => fillRegister(path, count));
      if (count > 0) console.error(`filled ${count} leases in ${(took / 1000).toFixed(1)} s`);
    }
    const [small, ...large] = registers;
    if (small === undefined) throw new Error("Name at least one number of leases: --leases 0,1e6");
    const figures: Figure[] = [];
    for (const one of large) {
      figures.push(...(await openingFigures(one, small, isShort ? 11 : 31)));
      figures.push(...(await latencyFigures(one, small, isShort ? 9 : 25)));
    }
    return [...figures, await bytesFigure(directory, isShort ? NEW_LEASES / 5 : NEW_LEASES)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

async function openingFigures(large: Sized, small: Sized, rounds: number): Promise<readonly Figure[]> {
  const open = (path: string) => () =>
    timed(async () => {
      const store = await openRegister(path, systemContext(console.error));
      await store.predict(asker()());
      await store.close();
    });
  const times = await interleaved(rounds, { large: open(large.path), small: open(small.path) });
  const fresh = openedInNewProcesses(large.path, rounds);
  const milliseconds = (values: readonly number[]) => `${median(values).toFixed(2)} ms`;
  return [
    medianFigure(
      {
        id: "S7",
        name: `opening ${large.leases} leases / ${small.leases}`,
        bound: "at most",
        target: 1.5,
        moonshot: 1.2,
      },
      ratios(times.large, times.small),
      `${milliseconds(times.large)} against ${milliseconds(times.small)}, with one look-up`,
    ),
    medianFigure(
      {
        id: "S7",
        name: `milliseconds to load the package and open ${large.leases} leases`,
        bound: "at most",
        target: 20,
      },
      fresh,
      "in a new process, from its first line on",
    ),
  ];
}

/** Returns how long it took, in each of so many new processes, to load what opens a register, bundled as it is published. */
function openedInNewProcesses(path: string, times: number): readonly number[] {
  const directory = mkdtempSync(join(ROOT, ".scratch-bench-"));
  try {
    const source = join("provider", "store", "open.ts");
    execFileSync(process.execPath, [join(ROOT, "scripts", "bundle.mjs"), directory, source], { stdio: "inherit" });
    const bundle = join(directory, source.replace(/ts$/, "js"));
    return Array.from({ length: times }, () => openedBy(bundle, path));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openedBy(bundle: string, path: string): number {
  const program = `const start = performance.now();
    const { openRegister, systemContext } = require(${JSON.stringify(bundle)});
    openRegister(${JSON.stringify(path)}, systemContext(console.error)).then((store) => {
      console.log(performance.now() - start);
      return store.close();
    });`;
  return Number(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
}

async function latencyFigures(large: Sized, small: Sized, rounds: number): Promise<readonly Figure[]> {
  const context = systemContext(console.error);
  const stores = { large: await openRegister(large.path, context), small: await openRegister(small.path, context) };
  const ask = asker();
  const latencies: { large: number[][]; small: number[][] } = { large: [], small: [] };
  const singles = async (store: LeaseStore, into: number[][]) => {
    const times: number[] = [];
    for (let done = 0; done < SINGLES; done += 1) times.push(await timed(() => store.acquire([ask()])));
    into.push(times);
    return 0;
  };
  const batch = (store: LeaseStore) => timed(() => store.acquire(Array.from({ length: BATCH }, ask)));
  await interleaved(rounds, {
    large: () => singles(stores.large, latencies.large),
    small: () => singles(stores.small, latencies.small),
  });
  // Apart from the singles: a batch fills the log, and whoever comes next would fold it into the file.
  const times = await interleaved(rounds, { large: () => batch(stores.large), small: () => batch(stores.small) });
  for (const store of Object.values(stores)) await store.close();
  const all = { large: latencies.large.slice(1).flat(), small: latencies.small.slice(1).flat() };
  const middles = (rows: readonly (readonly number[])[]) => rows.slice(1).map(median);
  const micros = (value: number) => `${(1000 * value).toFixed(0)} us`;
  const name = `${large.leases} leases / ${small.leases}`;
  const against = (part: number) => `${micros(quantile(all.large, part))} against ${micros(quantile(all.small, part))}`;
  return [
    medianFigure(
      { id: "S4", name: `p50 of one allocation, ${name}`, bound: "at most", target: 1.25, moonshot: 1.1 },
      ratios(middles(latencies.large), middles(latencies.small)),
      against(0.5),
    ),
    {
      id: "S4",
      name: `p99 of one allocation, ${name}`,
      bound: "at most",
      target: 2,
      moonshot: 1.3,
      value: quantile(all.large, 0.99) / quantile(all.small, 0.99),
      detail: against(0.99),
    },
    medianFigure(
      { id: "S4", name: `rate of batches of ${BATCH}, ${name}`, bound: "at least", target: 0.7, moonshot: 0.9 },
      ratios(times.small, times.large),
      `${micros(median(times.large) / BATCH)} an address against ${micros(median(times.small) / BATCH)}`,
    ),
  ];
}

/** Returns the bytes of a lease that was allocated, not loaded: its neighbours came at other times. */
async function bytesFigure(directory: string, leases: number): Promise<Figure> {
  const path = join(directory, "bytes.db");
  await createRegister(path, systemContext(console.error));
  const before = statSync(path).size;
  const store = await openRegister(path, systemContext(console.error));
  const ask = asker();
  for (let made = 0; made < leases; made += 500) await store.acquire(Array.from({ length: 500 }, ask));
  await store.close();
  const database = new Database(path, { readonly: true });
  const parts = database
    .prepare<[], { name: string; bytes: number }>(
      "select name, sum(pgsize) as bytes from dbstat group by name order by 2 desc",
    )
    .all();
  database.close();
  const shares = parts.slice(0, 3).map(({ name, bytes }) => `${name} ${(bytes / leases).toFixed(0)}`);
  return {
    ...{
      id: "S8",
      name: "file bytes a lease, owner of 51 characters",
      bound: "at most",
      target: 170,
      moonshot: 110,
    },
    value: (statSync(path).size - before) / leases,
    detail: `${leases} leases: ${shares.join(", ")}`,
  };
}
