import { Command, Option } from "commander";
import { dateText } from "../../provider/lease/held";
import type { PoolUsage } from "../../provider/lease/lease";
import type { LeaseStore } from "../../provider/store/store";
import { prometheusText } from "../output/prometheus";
import type { Colour, Column } from "../output/table";
import { freeShare, LOW_SHARE } from "../pool-fill";
import { warn, withRegister } from "../register";

const BAR_CELLS = 20;

interface StatsOptions {
  readonly pool?: string;
  readonly format: "text" | "prometheus";
}

/** How full one pool is. */
export interface PoolFill extends PoolUsage {
  readonly pool: string;
}

/** Returns `macpool stats`: prints how full each pool is, and warns of those that soon have nothing left. */
export function statsCommand(): Command {
  return new Command("stats")
    .description("print how full each pool is; warn when less than 10 % of it is free")
    .option("--pool <name>", "this pool alone")
    .addOption(
      new Option("--format <format>", "prometheus: metrics to scrape").choices(["text", "prometheus"]).default("text"),
    )
    .addHelpText("after", "\nExample:\n  macpool stats --format prometheus")
    .action(async (options: StatsOptions, command: Command) => {
      if (options.format === "prometheus" && command.optsWithGlobals()["json"] === true) {
        command.error("error: --format prometheus cannot go with --json");
      }
      await withRegister(command, async (register, output) => {
        const fills = await fillsOf(register, options.pool);
        if (options.format === "prometheus") await output.raw(prometheusText(await register.identity(), fills));
        else await output.rows(fills, { columns: columnsOf(output.isTerminal), json: jsonOf });
        for (const fill of fills) warnIfLow(fill);
      });
    });
}

async function fillsOf(register: LeaseStore, only: string | undefined): Promise<readonly PoolFill[]> {
  const names = only === undefined ? (await register.pools()).map(({ name }) => name) : [only];
  const fills: PoolFill[] = [];
  for (const pool of names) fills.push({ pool, ...(await register.stats(pool)) });
  return fills;
}

function warnIfLow(fill: PoolFill): void {
  const free = freeShare(fill);
  if (free >= LOW_SHARE) return;
  const next = fill.nextFreeAt === undefined ? "" : ` The next quarantine ends at ${dateText(fill.nextFreeAt)}.`;
  warn(
    `Pool "${fill.pool}" has ${percent(free)} of its addresses left (${fill.neverIssued + fill.reusable}).${next} Add a range: macpool pool update.`,
  );
}

function columnsOf(isTerminal: boolean): readonly Column<PoolFill>[] {
  const bar: Column<PoolFill> = { heading: "FILL", text: barText, colour: fillColour };
  return [
    { heading: "POOL", text: ({ pool }) => pool },
    // Scripts can divide.
    ...(isTerminal ? [bar] : []),
    { heading: "FREE", text: (fill) => percent(freeShare(fill)), isRight: true },
    ...(["size", "live", "quarantined", "reusable", "reserved", "neverIssued"] as const).map(countColumn),
  ];
}

function countColumn(key: "size" | "live" | "quarantined" | "reusable" | "reserved" | "neverIssued"): Column<PoolFill> {
  const heading = key === "neverIssued" ? "NEVER ISSUED" : key.toUpperCase();
  return { heading, text: (fill) => String(fill[key]), isRight: true };
}

function barText(fill: PoolFill): string {
  const used = 1 - freeShare(fill);
  // One address in use must show, and one that is free too.
  const cells =
    used === 0 || used === 1 ? used * BAR_CELLS : Math.min(BAR_CELLS - 1, Math.max(1, Math.round(used * BAR_CELLS)));
  return `${"█".repeat(cells)}${"░".repeat(BAR_CELLS - cells)}`;
}

function fillColour(fill: PoolFill): Colour {
  const free = freeShare(fill);
  return free < LOW_SHARE ? "red" : free < 2 * LOW_SHARE ? "yellow" : "green";
}

/** Rounds down: a pool with one address left is not empty, and one with 9.96 % left is below 10 %. */
function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
}

function jsonOf({ nextFreeAt, ...fill }: PoolFill) {
  return {
    ...fill,
    free: freeShare({ ...fill, nextFreeAt }),
    nextFreeAt: nextFreeAt === undefined ? null : dateText(nextFreeAt),
  };
}
