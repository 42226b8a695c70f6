import { MacpoolError } from "../provider/error";
import type { Lease } from "../provider/lease/lease";
import { isByHand, parseOwner } from "../provider/lease/owner";
import { formatMac, type Mac, readMac } from "../provider/mac/mac";

/** What "MAC or OWNER" on the command line means. */
export type Subject = { readonly address: Mac } | { readonly owner: string };

/**
 * Returns the address that `text` spells in any way, else the owner of that name: an owner that reads as an address
 * cannot be named so.
 *
 * @throws MacpoolError INVALID_OWNER when it can be neither.
 */
export function parseSubject(text: string): Subject {
  const address = readMac(text);
  return address === undefined ? { owner: parseOwner(text) } : { address };
}

/** Returns `subject` in words. */
export function subjectText(subject: Subject): string {
  return "address" in subject ? formatMac(subject.address) : `Owner "${subject.owner}"`;
}

/**
 * Refuses to touch by hand what a Pulumi stack holds.
 *
 * @throws MacpoolError ADDRESS_TAKEN.
 */
export function assertByHand(lease: Lease, isForced: boolean): void {
  if (isForced || isByHand(lease.installation)) return;
  const address = formatMac(lease.address);
  throw new MacpoolError(
    "ADDRESS_TAKEN",
    `${address} belongs to a Pulumi stack: owner "${lease.owner}", installation ${lease.installation}. Its next update would ask for it again. Change the program instead, or repeat this with --force when the stack is gone.`,
    { details: { address, holder: lease.owner, installation: lease.installation } },
  );
}
