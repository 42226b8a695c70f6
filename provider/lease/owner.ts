import { MacpoolError } from "../error";

const MAX_LENGTH = 1024;

/** The owner of an address that `macpool next` gave to nobody in particular. It never reclaims anything. */
export const ANONYMOUS = "";

/**
 * The installations of leases that people made, with the command line or from a list of what was in use before. A
 * program may take such an address over by naming it, whoever its owner is: see `adopt` in `AcquireRequest`.
 */
export const BY_HAND = { cli: "cli", import: "import" } as const;

/** Compares two owners by their UTF-8 bytes, as both kinds of database do: negative when `one` comes first. */
export function compareOwners(one: string, other: string): number {
  // UTF-16 orders what lies outside the basic plane otherwise.
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Returns whether leases under this installation were made by hand. */
export function isByHand(installation: string): boolean {
  return installation === BY_HAND.cli || installation === BY_HAND.import;
}

/**
 * Returns `owner` unchanged when it can name a lease holder. It is opaque: compared byte by byte, never parsed.
 *
 * Lone surrogates are refused because UTF-8 turns all of them into one replacement character, so two owners would
 * become one in the register.
 *
 * @throws MacpoolError INVALID_OWNER when it is empty, longer than 1 024 characters, or holds control characters or
 * lone surrogates.
 */
export function parseOwner(owner: string): string {
  const fault = ownerFault(owner);
  if (fault !== undefined) {
    throw new MacpoolError("INVALID_OWNER", `Owner ${JSON.stringify(owner.slice(0, 80))} ${fault}.`);
  }
  return owner;
}

function ownerFault(owner: string): string | undefined {
  if (owner === ANONYMOUS) return "is empty: give a text that names the NIC, such as its resource name";
  if (owner.length > MAX_LENGTH) return `has ${owner.length} characters; at most ${MAX_LENGTH} are allowed`;
  if (/\p{Cc}/u.test(owner)) return "holds a control character";
  if (!isWellFormed(owner)) return "is not well-formed Unicode";
  return undefined;
}

/** Returns whether a text can be stored as it is: half a surrogate pair has no form in UTF-8 and would come back as something else. */
export function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}
