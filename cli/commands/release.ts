import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import type { Lease } from "../../provider/lease/lease";
import { listText } from "../../provider/list-text";
import { formatMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";
import { leaseJson, leaseReader } from "../output/leases";
import { withRegister } from "../register";
import { assertByHand, parseSubject, type Subject } from "../subject";
import { liveLease } from "./adopt";

/** Addresses named in a refusal; more would bury what it says. */
const NAMED = 10;

interface ReleaseOptions {
  readonly all?: boolean;
  readonly force?: boolean;
}

/** Returns `macpool release`: ends a lease, or all of an owner, and prints what was released. */
export function releaseCommand(): Command {
  return new Command("release")
    .description("end the lease of an address, or of an owner; its quarantine starts")
    .argument("<mac-or-owner>", "an address in any spelling, or the exact owner")
    .option("--all", "all leases of the owner, when there are several")
    .option("--force", "also what a Pulumi stack holds")
    .addHelpText("after", "\nExample:\n  macpool release 42:00:00:00:00:00")
    .action(async (text: string, options: ReleaseOptions, command: Command) => {
      const subject = parseSubject(text);
      await withRegister(command, async (register, output) => {
        const leases = await liveLeases(register, subject, options.all === true);
        for (const lease of leases) assertByHand(lease, options.force === true);
        const released = await releaseAll(register, leases);
        const read = leaseReader(await register.pools(), Date.now());
        await output.rows(released, {
          columns: [{ heading: "ADDRESS", text: (lease) => formatMac(lease.address) }],
          json: (lease) => leaseJson(read(lease)),
          isBare: true,
        });
      });
    });
}

async function liveLeases(register: LeaseStore, subject: Subject, isAll: boolean): Promise<readonly Lease[]> {
  if ("address" in subject) return [await liveLease(register, subject.address)];
  const { owner } = subject;
  const leases: Lease[] = [];
  for await (const lease of register.list({ owner, state: "live" })) leases.push(lease);
  if (leases.length === 0) {
    throw new MacpoolError("LEASE_NOT_FOUND", `Owner "${owner}" has no live lease.`, { details: { owner } });
  }
  if (leases.length > 1 && !isAll) throw ambiguous(owner, leases);
  return leases;
}

async function releaseAll(register: LeaseStore, leases: readonly Lease[]): Promise<readonly Lease[]> {
  const released = (await register.release(leases)).filter((lease) => lease !== undefined);
  if (released.length > 0) return released;
  throw new MacpoolError("LEASE_NOT_FOUND", "The lease changed hands meanwhile. Look again: macpool show.");
}

function ambiguous(owner: string, leases: readonly Lease[]): MacpoolError {
  const addresses = leases.map(({ address, pool }) => `${formatMac(address)} (pool ${pool})`);
  return new MacpoolError(
    "OWNER_AMBIGUOUS",
    `Owner "${owner}" has ${leases.length} live leases: ${listText(addresses, NAMED)}. Name one address, or release all of them with --all.`,
    { details: { owner, leases: leases.length } },
  );
}
