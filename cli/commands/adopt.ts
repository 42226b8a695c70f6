import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import type { Lease } from "../../provider/lease/lease";
import { BY_HAND } from "../../provider/lease/owner";
import type { Grant } from "../../provider/lease/transact";
import { formatMac, type Mac, parseMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";
import { ownerGiven, settledJson } from "../by-hand";
import { withRegister } from "../register";
import { assertByHand } from "../subject";

interface AdoptOptions {
  readonly owner: string;
  readonly force?: boolean;
}

/** Returns `macpool adopt`: gives a live lease to another owner, or to the same one by hand. */
export function adoptCommand(): Command {
  return new Command("adopt")
    .description("give a leased address to another owner; the address stays, the former holder's token ends")
    .argument("<mac>", "the address, in any spelling")
    .requiredOption("--owner <text>", "who has it from now on")
    .option("--force", "also when a Pulumi stack holds it")
    .addHelpText("after", "\nExample:\n  macpool adopt 42:00:00:00:00:00 --owner acme/web/prod/nic-1")
    .action(async (text: string, options: AdoptOptions, command: Command) => {
      const address = parseMac(text);
      const owner = ownerGiven(options.owner);
      await withRegister(command, async (register, output) => {
        const lease = await liveLease(register, address);
        assertByHand(lease, options.force === true);
        const grant = await takeOver(register, lease, owner);
        await output.line(formatMac(grant.lease.address), settledJson(grant));
      });
    });
}

/**
 * Returns the live lease of an address.
 *
 * @throws MacpoolError LEASE_NOT_FOUND, which says whether it was ever leased.
 */
export async function liveLease(register: LeaseStore, address: Mac): Promise<Lease> {
  const lease = await register.find(address);
  if (lease !== undefined && lease.releasedAt === undefined) return lease;
  const words = lease === undefined ? "nobody ever had it" : `"${lease.owner}" released it`;
  throw new MacpoolError(
    "LEASE_NOT_FOUND",
    `${formatMac(address)} is leased to nobody: ${words}. To lease it, claim it.`,
    { details: { address: formatMac(address) } },
  );
}

async function takeOver(register: LeaseStore, lease: Lease, owner: string): Promise<Grant> {
  const grant = await register.takeOver({ ...lease, owner, installation: BY_HAND.cli });
  if (grant !== undefined) return grant;
  const address = formatMac(lease.address);
  throw new MacpoolError("LEASE_NOT_FOUND", `${address} changed hands meanwhile. Look again: macpool show ${address}`, {
    details: { address },
  });
}
