import { InvalidArgumentError } from "commander";
import type { Lease, Rule } from "../provider/lease/lease";
import { parseOwner } from "../provider/lease/owner";
import type { Grant } from "../provider/lease/transact";
import { formatMac, readMac } from "../provider/mac/mac";
import { warn } from "./register";

/** Returns how a lease that was just granted is printed as JSON; the token is what fences later changes. */
export function grantedJson(lease: Lease) {
  const { pool, owner, token, seq } = lease;
  return { address: formatMac(lease.address), pool, owner, token, seq };
}

/** Returns what one acquired address came to, as JSON too; a warning is told. */
export function settledJson({ lease, rule, warning }: Grant): ReturnType<typeof grantedJson> & { readonly rule: Rule } {
  if (warning !== undefined) warn(warning);
  return { ...grantedJson(lease), rule };
}

/**
 * Returns the owner that `--owner` gives. What reads as an address can be one, but no other command finds it by that name.
 *
 * @throws MacpoolError INVALID_OWNER.
 */
export function ownerGiven(text: string): string {
  const owner = parseOwner(text);
  if (readMac(owner) !== undefined) {
    warn(
      `Owner ${JSON.stringify(owner)} reads as a MAC address: show and release take it for one, so name them the address that it gets.`,
    );
  }
  return owner;
}

/**
 * Adds one `--tag key=value` to those before it.
 *
 * @throws InvalidArgumentError when there is no `=`, or no key before it.
 */
export function collectTag(text: string, before: Lease["tags"] = {}): Lease["tags"] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write key=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
