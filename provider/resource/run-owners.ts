import { MacpoolError } from "../error";
import { blockOwnerOf, memberOwner } from "../lease/block";
import type { Lease } from "../lease/lease";
import { askerOf } from "./run-addresses";

type Asker = Pick<Lease, "owner" | "pool">;

/** What a resource says of itself, as far as it is known. */
interface Claim {
  readonly owner?: string | undefined;
  readonly pool?: string | undefined;
  /** What tells it from others: the owner that it would have by default, which comes from its URN. */
  readonly defaultOwner: string | undefined;
  /** Whether the stack has it already. */
  readonly isThere: boolean;
}

/**
 * Which resource of one run has which owner. The register takes a second request of one owner for a retry of the first,
 * and answers with the same address. The SDK tells a program so at once (sdk/owner-guard.ts); but what a transformation
 * makes of an owner is seen here alone.
 */
export class RunOwners {
  /** By pool and owner: in another pool an owner has another address. */
  readonly #nics = new Map<string, string>();
  readonly #blocks = new Map<string, string>();
  /** By the block that they would belong to. */
  readonly #members = new Map<string, string>();
  /** By pool and owner; what concerns a block or one of its addresses by the block's. */
  readonly #refusals = new Map<string, MacpoolError>();
  /** Owners that were given to resources which the stack has, by pool and owner. */
  readonly #there = new Set<string>();

  /**
   * Notes which owner a MacAddress has in which pool; does nothing while one of the two is not known.
   *
   * @throws MacpoolError INVALID_OWNER when another resource has it there.
   */
  claim({ owner, pool, defaultOwner: resource, isThere }: Claim): void {
    if (owner === undefined || pool === undefined || resource === undefined) return;
    const key = askerOf({ pool, owner });
    if (isThere) this.#there.add(key);
    const other = this.#nics.get(key) ?? resource;
    if (other !== resource) throw this.#refuse({ pool, owner }, other, resource);
    const blockOwner = blockOwnerOf(owner);
    if (blockOwner !== undefined) {
      const blockKey = askerOf({ pool, owner: blockOwner });
      const block = this.#blocks.get(blockKey);
      if (block !== undefined) throw this.#refuse({ pool, owner }, `an address of block ${block}`, resource);
      this.#members.set(blockKey, resource);
    }
    this.#nics.set(key, resource);
  }

  /**
   * Notes which owner a MacAddressBlock has, as {@link claim} does, and so those of all its addresses.
   *
   * @throws MacpoolError INVALID_OWNER when another resource has one of them there.
   */
  claimBlock({ owner, pool, defaultOwner: resource, isThere }: Claim): void {
    if (owner === undefined || pool === undefined || resource === undefined) return;
    const key = askerOf({ pool, owner });
    if (isThere) this.#there.add(key);
    const other = this.#blocks.get(key) ?? resource;
    if (other !== resource) throw this.#refuse({ pool, owner }, `block ${other}`, `block ${resource}`);
    const member = this.#members.get(key);
    if (member !== undefined)
      throw this.#refuse({ pool, owner: memberOwner(owner, 0) }, member, `an address of block ${resource}`);
    this.#blocks.set(key, resource);
  }

  /**
   * Checks that nothing was refused in this pool that has this owner, or with a block one of its owners. What came first may
   * be new, and get what the other one has.
   *
   * @throws MacpoolError INVALID_OWNER.
   */
  assertUndisputed(asker: Asker): void {
    const refusal = this.#refusals.get(wholeOf(asker));
    if (refusal !== undefined) throw refusal;
  }

  /**
   * Says so when something new was given `address` because its owner has it already, and that owner is one which the program
   * chose: with --target or --exclude nobody looks at another resource that has it.
   */
  warnOfNewcomer({ owner, pool }: Asker, address: string): void {
    const key = askerOf({ pool, owner });
    const resource = this.#nics.get(key) ?? this.#blocks.get(key);
    if (resource === undefined || resource === owner || this.#there.has(key)) return;
    console.warn(
      `macpool: ${address} was live already under the owner ${JSON.stringify(owner)}, and ${resource} has it now. That is right after an update that was cut off, and for a resource that takes the place of another. If another one of this stack has that owner, which --target or --exclude left out, both NICs have one address now: give each its own owner.`,
    );
  }

  #refuse(asker: Asker, one: string, other: string): MacpoolError {
    const refusal = shared(asker.owner, one, other);
    this.#refusals.set(wholeOf(asker), refusal);
    return refusal;
  }
}

/** Returns who asks for the block that an owner may be of, else the owner itself. */
function wholeOf({ pool, owner }: Asker): string {
  return askerOf({ pool, owner: blockOwnerOf(owner) ?? owner });
}

function shared(owner: string, one: string, other: string): MacpoolError {
  return new MacpoolError(
    "INVALID_OWNER",
    `Two resources of this program have the owner ${JSON.stringify(owner)}: those whose owner is by default ${one}, and ${other}. One owner holds one address, so both NICs would get the same MAC: give each its own owner. Perhaps a transformation sets it.`,
    { details: { owner } },
  );
}
