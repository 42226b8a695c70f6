import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import type { AcquireRequest, Labels, Lease } from "../../provider/lease/lease";
import { BY_HAND } from "../../provider/lease/owner";
import { DEFAULT_POOL } from "../../provider/lease/pool";
import type { Grant } from "../../provider/lease/transact";
import { formatMac, type Mac, parseMac } from "../../provider/mac/mac";
import { contains } from "../../provider/mac/range";
import type { LeaseStore } from "../../provider/store/store";
import { collectTag, ownerGiven, settledJson } from "../by-hand";
import { withRegister } from "../register";

interface ClaimOptions {
  readonly owner: string;
  readonly pool?: string;
  readonly description?: string;
  readonly tag?: Lease["tags"];
}

/** Returns `macpool claim`: leases one given address. */
export function claimCommand(): Command {
  return new Command("claim")
    .description("lease this very address to an owner")
    .argument("<mac>", "the address, in any spelling")
    .requiredOption("--owner <text>", "who gets it")
    .option("--pool <name>", "its pool (default: the one that holds it)")
    .option("--description <text>", "free text")
    .option("--tag <key=value>", "a tag; repeat it for more", collectTag)
    .addHelpText("after", "\nExample:\n  macpool claim 42:00:00:00:00:07 --owner printer --tag site=hq")
    .action(async (text: string, options: ClaimOptions, command: Command) => {
      const address = parseMac(text);
      const owner = ownerGiven(options.owner);
      await withRegister(command, async (register, output) => {
        const pool = options.pool ?? (await poolOf(register, address));
        const request = { ...hand(owner, pool), ...labelsOf(options), requestedAddress: address };
        const grant = await grantOne(register, request);
        await output.line(formatMac(grant.lease.address), settledJson(grant));
      });
    });
}

/** What is not said stays as it is, where the owner has the address already. */
function labelsOf({ description, tag }: ClaimOptions): Pick<AcquireRequest, keyof Labels | "keepsLabels"> {
  const keepsLabels = [
    ...(description === undefined ? (["description"] as const) : []),
    ...(tag === undefined ? (["tags"] as const) : []),
  ];
  return { description: description ?? "", tags: tag ?? {}, keepsLabels };
}

/**
 * Grants one address.
 *
 * @throws MacpoolError those of `acquire`.
 */
async function grantOne(register: LeaseStore, request: AcquireRequest): Promise<Grant> {
  const [outcome] = await register.acquire([request]);
  if (outcome === undefined) throw new MacpoolError("INTERNAL", "The register answered nothing. Please report this.");
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** Returns what every request of the command line has in common. */
function hand(owner: string, pool: string): AcquireRequest {
  return { owner, installation: BY_HAND.cli, pool, rotation: "", description: "", tags: {} };
}

async function poolOf(register: LeaseStore, address: Mac): Promise<string> {
  const pools = await register.pools();
  // Whichever pool is asked refuses an address that lies in none, and says so.
  return (pools.find((pool) => contains(pool.ranges, address)) ?? pools[0])?.name ?? DEFAULT_POOL;
}
