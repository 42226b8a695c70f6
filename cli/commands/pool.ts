import { Command, Option } from "commander";
import type { PoolChange } from "../../provider/lease/administer";
import { type Order, type Pool, type PoolSpec, type Strategy, withoutToken } from "../../provider/lease/pool";
import { formatRange, parseRange, type Range } from "../../provider/mac/range";
import { formatDuration, parseDuration } from "../duration";
import { assertUnmanaged, managerText } from "../managed";
import type { Field } from "../output/output";
import type { Table } from "../output/table";
import { poolNamed } from "../pool-named";
import { withRegister } from "../register";
import { warnOfWithheld } from "../withheld";

const POOLS: Table<Pool> = {
  columns: [
    { heading: "POOL", text: ({ name }) => name },
    { heading: "SIZE", text: ({ size }) => String(size), isRight: true },
    { heading: "STRATEGY", text: strategyText },
    { heading: "QUARANTINE", text: ({ quarantineSeconds }) => formatDuration(quarantineSeconds), isRight: true },
    { heading: "RANGES", text: rangesText },
    { heading: "MANAGED BY", text: ({ managedBy }) => managerText(managedBy) },
    { heading: "DESCRIPTION", text: ({ description }) => description },
  ],
  json: poolJson,
};

interface PoolOptions {
  readonly range?: readonly string[];
  readonly addRange?: readonly string[];
  readonly strategy?: Strategy;
  readonly order?: Order;
  readonly quarantine?: number;
  readonly universal?: boolean;
  readonly description?: string;
  readonly force?: boolean;
}

/** Returns `macpool pool` with its commands. */
export function poolCommand(): Command {
  return new Command("pool")
    .description("create, look at, change or delete pools")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(updateCommand())
    .addCommand(deleteCommand());
}

function createCommand(): Command {
  return withSettings(new Command("create"))
    .description("create a pool")
    .argument("<name>", "1 to 63 letters, digits, dots, underscores or hyphens")
    .addHelpText("after", "\nExample:\n  macpool pool create lab --range 62:00:00 --quarantine 1h")
    .action(async (name: string, options: PoolOptions, command: Command) => {
      if (options.range === undefined)
        command.error("error: a pool needs at least one --range, such as --range 62:00:00");
      const spec: PoolSpec = { name, ranges: rangesOf(options.range), ...settingsOf(options) };
      await withRegister(command, async (register, output) => {
        const pool = await register.createPool(spec);
        await warnOfWithheld(register, pool.ranges);
        await output.line(pool.name, poolJson(pool));
      });
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("list the pools")
    .addHelpText("after", "\nExample:\n  macpool pool list")
    .action(async (_options: object, command: Command) => {
      await withRegister(command, async (register, output) => {
        await output.rows(await register.pools(), POOLS);
      });
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("print everything known of a pool")
    .argument("<name>", "the pool")
    .addHelpText("after", "\nExample:\n  macpool pool show default")
    .action(async (name: string, _options: object, command: Command) => {
      await withRegister(command, async (register, output) => {
        const pool = poolNamed(name, await register.pools());
        await output.fields(fieldsOf(pool), poolJson(pool));
      });
    });
}

function updateCommand(): Command {
  return withSettings(new Command("update"))
    .description("change a pool: what is not given stays")
    .argument("<name>", "the pool")
    .option("--add-range <range>", "a range that comes to those it has; repeat it for more", collect)
    .option("--no-universal", "only locally administered addresses")
    .option("--force", "also when code manages it")
    .addHelpText("after", "\nExample:\n  macpool pool update default --add-range 62:00:00")
    .action(async (name: string, options: PoolOptions, command: Command) => {
      const { force, ...change } = options;
      if (Object.keys(change).length === 0) command.error("error: nothing to change: give at least one option");
      if (options.range !== undefined && options.addRange !== undefined) {
        command.error("error: --range replaces all ranges and cannot go with --add-range");
      }
      await withRegister(command, async (register, output) => {
        const before = poolNamed(name, await register.pools());
        assertUnmanaged(`Pool "${name}"`, before.managedBy, force === true);
        const pool = await register.updatePool(name, { ...settingsOf(options), ...rangesIn(options) });
        await warnOfWithheld(register, pool.ranges);
        await output.line(pool.name, poolJson(pool));
      });
    });
}

function deleteCommand(): Command {
  return new Command("delete")
    .description("delete a pool in which no lease is live")
    .argument("<name>", "the pool")
    .option("--force", "also when code manages it")
    .addHelpText(
      "after",
      "\nA pool made over the same addresses later keeps those that were released for as long as its own quarantine says.\n\nExample:\n  macpool pool delete spare",
    )
    .action(async (name: string, options: PoolOptions, command: Command) => {
      await withRegister(command, async (register, output) => {
        const pool = poolNamed(name, await register.pools());
        assertUnmanaged(`Pool "${name}"`, pool.managedBy, options.force === true);
        await register.deletePool(name);
        await output.line(pool.name, poolJson(pool));
      });
    });
}

function withSettings(command: Command): Command {
  return command
    .option("--range <range>", "a prefix, FIRST-LAST or ADDRESS/BITS; repeat it for more", collect)
    .addOption(
      new Option("--strategy <strategy>", "how an owner's address is chosen").choices(["derived", "sequential"]),
    )
    .addOption(
      new Option("--order <order>", "how addresses of a sequence follow each other in PostgreSQL").choices([
        "strict",
        "relaxed",
      ]),
    )
    .option("--quarantine <time>", "how long a released address is kept from others, such as 24h", parseDuration)
    .option("--universal", "the ranges are an OUI that is yours")
    .option("--description <text>", "free text");
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function rangesOf(texts: readonly string[]): readonly Range[] {
  return texts.map(parseRange);
}

function rangesIn({ range, addRange }: PoolOptions): Pick<PoolChange, "ranges" | "addRanges"> {
  return range === undefined ? { addRanges: rangesOf(addRange ?? []) } : { ranges: rangesOf(range) };
}

function settingsOf({ strategy, order, quarantine, universal, description }: PoolOptions) {
  return { strategy, order, quarantineSeconds: quarantine, universal, description };
}

function rangesText({ ranges }: Pool): string {
  return ranges.map(formatRange).join(" ");
}

function strategyText({ strategy, order }: Pool): string {
  return order === "strict" ? strategy : `${strategy}, ${order}`;
}

function poolJson(pool: Pool) {
  const { name, ranges, size, strategy, order, quarantineSeconds, universal, description, managedBy } = pool;
  const texts = ranges.map(formatRange);
  return {
    name,
    ranges: texts,
    size,
    strategy,
    order,
    quarantineSeconds,
    universal,
    description,
    managedBy: withoutToken(managedBy) ?? null,
  };
}

function fieldsOf(pool: Pool): readonly Field[] {
  return [
    { label: "pool", text: pool.name },
    ...pool.ranges.map((range) => ({ label: "range", text: formatRange(range) })),
    { label: "size", text: String(pool.size) },
    { label: "strategy", text: strategyText(pool) },
    { label: "quarantine", text: formatDuration(pool.quarantineSeconds) },
    { label: "universal", text: pool.universal ? "yes" : "no" },
    { label: "managed by", text: managerText(pool.managedBy) },
    { label: "description", text: pool.description },
  ].filter(({ text }) => text !== "");
}
