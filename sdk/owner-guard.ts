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

/**
 * Returns `owner` after noting that `claim` uses it under `provider`.
 *
 * The register takes a second request of the same owner and installation for a retry of the first and answers with the
 * same address, so only the program can tell that it means two NICs. Two owners that both come from URNs are let through:
 * equal ones mean equal URNs, which the engine reports itself.
 *
 * @throws pulumi.RunError naming both resources, when another one has this owner and either was given it by hand.
 */
export function claimOwner(provider: pulumi.ProviderResource, owner: string, claim: OwnerClaim): string {
  const held = claims.get(provider) ?? new Map<string, OwnerClaim>();
  claims.set(provider, held);
  const first = held.get(owner);
  if (first !== undefined && (first.explicit || claim.explicit)) {
    throw new pulumi.RunError(
      `MacAddress "${claim.name}" has the owner ${JSON.stringify(owner)}, which MacAddress "${first.name}" of this program already has. One owner holds one address, so both NICs would get the same MAC: give each its own owner.`,
    );
  }
  held.set(owner, claim);
  return owner;
}
