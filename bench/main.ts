/**
 * `npm run bench`: prints how fast we are, as ratios against a raw database or a provider that does nothing, in one run.
 * Names on the command line choose figures: `npm run bench -- allocation`.
 *
 * @module
 */
import { allocationFigures } from "./allocation";
import { engineFigures } from "./engine";
import { openingFigures } from "./opening";
import { providerHostFigures } from "./provider-host";
import { type Figure, printFigures } from "./report";

const BENCHES: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  allocation: allocationFigures,
  "provider-host": providerHostFigures,
  engine: engineFigures,
  opening: openingFigures,
};

async function main(): Promise<void> {
  const chosen = process.argv.slice(2);
  const unknown = chosen.find((name) => !(name in BENCHES));
  if (unknown !== undefined) throw new Error(`There is no bench "${unknown}": ${Object.keys(BENCHES).join(", ")}.`);
  const figures: Figure[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (chosen.length === 0 || chosen.includes(name)) figures.push(...(await bench()));
  }
  printFigures(figures);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
