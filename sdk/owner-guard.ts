import * as pulumi from "@pulumi/pulumi";
import { sharedMap } from "./shared";

/** Who asks for an owner in this program. */
export interface OwnerClaim {
  /** The resource's logical name. */
  readonly name: string;
  /** Whether the program gave the owner, instead of leaving it to the resource's URN. */
  readonly explicit: boolean;
}

/** Keyed by provider resource, an object of one deployment: a later deployment of this process starts with none. */
const claims = sharedMap<pulumi.ProviderResource, Map<string, OwnerClaim>>("owners/1");

/** Owners that the addresses of a block have: see `memberOwner` in provider/lease/block.ts. */
const MEMBER = /^(.*)\[(?:0|[1-9]\d{0,3})\]$/s;

/**
 * Returns `owner` after noting that the MacAddress of `claim` uses it under `provider`.
 *
 * The register takes a second request of the same owner and installation for a retry of the first and answers with the
 * same address, so only the program can tell that it means two NICs. Two owners that both come from URNs are let through:
 * equal ones mean equal URNs, which the engine reports itself. Those of a MacAddress and a block's are not equal URNs.
 *
 * @throws pulumi.RunError naming both resources, when another one has this owner and either was given it by hand.
 */
export function claimOwner(provider: pulumi.ProviderResource, owner: string, claim: OwnerClaim): string {
  const held = claimsOf(provider);
  const first = held.get(owner);
  if (first !== undefined && (first.explicit || claim.explicit)) {
    throw new pulumi.RunError(
      `MacAddress "${claim.name}" has the owner ${JSON.stringify(owner)}, which MacAddress "${first.name}" of this program already has. One owner holds one address, so both NICs would get the same MAC: give each its own owner.`,
    );
  }
  const [, blockOwner] = MEMBER.exec(owner) ?? [];
  if (blockOwner !== undefined) {
    const block = held.get(blockKey(blockOwner));
    if (block !== undefined) throw sharedWithBlock(owner, claim, block);
    held.set(memberKey(blockOwner), claim);
  }
  held.set(owner, claim);
  return owner;
}

/**
 * Returns `owner` after noting that the MacAddressBlock of `claim` uses it, and with it the owners `<owner>[<index>]`,
 * also those that it may grow into.
 *
 * @throws pulumi.RunError naming both resources, when another one has this owner or one of those.
 */
export function claimBlockOwner(provider: pulumi.ProviderResource, owner: string, claim: OwnerClaim): string {
  const held = claimsOf(provider);
  const first = held.get(blockKey(owner));
  if (first !== undefined && (first.explicit || claim.explicit)) {
    throw new pulumi.RunError(
      `MacAddressBlock "${claim.name}" has the owner ${JSON.stringify(owner)}, which MacAddressBlock "${first.name}" of this program already has. Both would get the same addresses: give each its own owner.`,
    );
  }
  const member = held.get(memberKey(owner));
  if (member !== undefined) throw sharedWithBlock(`${owner}[...]`, member, claim);
  held.set(blockKey(owner), claim);
  return owner;
}

function sharedWithBlock(owner: string, { name }: OwnerClaim, block: OwnerClaim): pulumi.RunError {
  return new pulumi.RunError(
    `MacAddress "${name}" has the owner ${JSON.stringify(owner)}, which an address of MacAddressBlock "${block.name}" of this program has or may get. Both would get the same MAC: give either another name or owner.`,
  );
}

/** A line feed is in no owner that the register takes, so these keys are no owners. */
function blockKey(owner: string): string {
  return `block\n${owner}`;
}

function memberKey(blockOwner: string): string {
  return `member\n${blockOwner}`;
}

function claimsOf(provider: pulumi.ProviderResource): Map<string, OwnerClaim> {
  const held = claims.get(provider) ?? new Map<string, OwnerClaim>();
  claims.set(provider, held);
  return held;
}
