/**
 * `npm run bench`: prints how fast we are, as ratios against a raw database or a provider that does nothing, in one run.
 * Names on the command line choose benches: `npm run bench -- alloc batch`; `--leases 0,1e6,16e6` are the sizes that
 * `scale` and `pg-scale` compare; `--postgres URL` is a database to use in place of a server of the bench's own. With
 * `--check` fewer rounds are made, and the exit code is 1 when a target is missed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { alloc, batch } from "./allocation";
import type { Bench, BenchContext } from "./bench";
import { engineFigures } from "./engine";
import { fleet } from "./fleet";
import { printMachine } from "./machine";
import { postgres } from "./postgres";
import { postgresScale } from "./postgres-scale";
import { processes } from "./processes";
import { providerHost } from "./provider-host";
import { type Figure, isMet, printFigure, printTable } from "./report";
import { scale } from "./scale";
import { makeSlowDisk } from "./slow-disk";

const BENCHES: Readonly<Record<string, Bench>> = {
  alloc,
  batch,
  scale,
  procs: processes,
  provider: providerHost,
  engine: engineFigures,
  pg: postgres,
  "pg-scale": postgresScale,
  fleet,
};

/** Those with the real engine take minutes. */
const CHECKED = ["alloc", "batch", "scale", "procs", "provider", "pg"];

async function main(): Promise<void> {
  const options = {
    check: { type: "boolean", default: false },
    leases: { type: "string" },
    postgres: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const unknown = positionals.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) throw new Error(`There is no bench "${unknown}": ${Object.keys(BENCHES).join(", ")}.`);
  const everything = values.check ? CHECKED : Object.keys(BENCHES);
  const slowDisk = makeSlowDisk();
  const leases = (values.leases ?? (values.check ? "0,1e5" : "0,1e6")).split(",").map(Number);
  printMachine();
  try {
    const { check: isShort, postgres: url } = values;
    await run(positionals.length === 0 ? everything : positionals, { isShort, slowDisk, leases, postgres: url });
  } finally {
    slowDisk?.remove();
  }
}

async function run(names: readonly string[], context: BenchContext): Promise<void> {
  const figures: Figure[] = [];
  for (const name of names) {
    for (const figure of (await BENCHES[name]?.(context)) ?? []) {
      printFigure(figure);
      figures.push(figure);
    }
  }
  printTable(figures);
  if (context.isShort && !figures.every(isMet)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
