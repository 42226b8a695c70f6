import { Command, InvalidArgumentError } from "commander";
import type { AcquireRequest, Lease } from "../../provider/lease/lease";
import { ANONYMOUS, BY_HAND } from "../../provider/lease/owner";
import { DEFAULT_POOL } from "../../provider/lease/pool";
import { formatMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";

import { grantedJson, ownerGiven } from "../by-hand";
import type { Table } from "../output/table";
import { warn, withRegister } from "../register";

/** Addresses granted in one transaction: few enough for output to flow. */
const CHUNK = 1000;

const TABLE: Table<Lease> = {
  columns: [{ heading: "ADDRESS", text: (lease) => formatMac(lease.address) }],
  json: grantedJson,
  isBare: true,
};

interface NextOptions {
  readonly pool: string;
  readonly owner?: string;
  readonly count: number;
}

/** Returns `macpool next`: allocates and prints one address a line, and nothing else. */
export function nextCommand(): Command {
  return new Command("next")
    .description("allocate addresses and print them, one a line")
    .option("--pool <name>", "the pool to take them from", DEFAULT_POOL)
    .option("--owner <text>", "who gets it: the same owner gets the same address every time")
    .option("--count <n>", "how many", parseCount, 1)
    .addHelpText(
      "after",
      "\nWithout an owner, the next address of the pool's sequence.\n\nExample:\n  mac=$(macpool next --owner web-1)",
    )
    .action(async (options: NextOptions, command: Command) => {
      if (options.owner !== undefined && options.count !== 1) {
        command.error("error: --count cannot go with --owner, which always gets the one address");
      }
      const request = requestOf(options);
      await withRegister(command, async (register, output) => {
        await output.rows(granted(register, request, options.count), TABLE);
      });
    });
}

async function* granted(register: LeaseStore, request: AcquireRequest, count: number): AsyncIterable<Lease> {
  for (let left = count; left > 0; left -= CHUNK) {
    const outcomes = await register.acquire(new Array(Math.min(left, CHUNK)).fill(request));
    for (const outcome of outcomes) {
      if (!outcome.ok) throw outcome.error;
      if (outcome.value.warning !== undefined) warn(outcome.value.warning);
      yield outcome.value.lease;
    }
  }
}

function requestOf(options: NextOptions): AcquireRequest {
  const owner = options.owner === undefined ? ANONYMOUS : ownerGiven(options.owner);
  const labels = { description: "", tags: {}, keepsLabels: ["description", "tags"] as const };
  return { owner, installation: BY_HAND.cli, pool: options.pool, rotation: "", ...labels };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1_000_000) return count;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000000.");
}
