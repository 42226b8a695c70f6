import { MacpoolError } from "../error";
import { blockOwnerOf } from "../lease/block";
import { askerOf } from "./run-addresses";

/** What a resource says of itself, as far as it is known. */
interface Claim {
  readonly owner?: string | undefined;
  readonly pool?: string | undefined;
  /** What tells it from others: the owner that it would have by default, which comes from its URN. */
  readonly defaultOwner: string | undefined;
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
  readonly #refusals = new Map<string, MacpoolError>();

  /**
   * Notes which owner a MacAddress has in which pool; does nothing while one of the two is not known.
   *
   * @throws MacpoolError INVALID_OWNER when another resource has it there.
   */
  claim({ owner, pool, defaultOwner: resource }: Claim): void {
    if (owner === undefined || pool === undefined || resource === undefined) return;
    const key = askerOf({ pool, owner });
    const other = this.#nics.get(key) ?? resource;
    if (other !== resource) throw this.#refuse(owner, other, resource);
    const blockOwner = blockOwnerOf(owner);
    if (blockOwner !== undefined) {
      const blockKey = askerOf({ pool, owner: blockOwner });
      const block = this.#blocks.get(blockKey);
      if (block !== undefined) throw this.#refuse(owner, `an address of block ${block}`, resource);
      this.#members.set(blockKey, resource);
    }
    this.#nics.set(key, resource);
  }

  /**
   * Notes which owner a MacAddressBlock has, as {@link claim} does, and so those of all its addresses.
   *
   * @throws MacpoolError INVALID_OWNER when another resource has one of them there.
   */
  claimBlock({ owner, pool, defaultOwner: resource }: Claim): void {
    if (owner === undefined || pool === undefined || resource === undefined) return;
    const key = askerOf({ pool, owner });
    const other = this.#blocks.get(key) ?? resource;
    if (other !== resource) throw this.#refuse(owner, `block ${other}`, `block ${resource}`);
    const member = this.#members.get(key);
    if (member !== undefined) throw this.#refuse(`${owner}[0]`, member, `an address of block ${resource}`);
    this.#blocks.set(key, resource);
  }

  /**
   * Checks that nothing was refused that has this owner, or with a block one of its owners. What came first may be new, and
   * get what the other one has.
   *
   * @throws MacpoolError INVALID_OWNER.
   */
  assertUndisputed(owner: string): void {
    const refusal = this.#refusals.get(wholeOf(owner));
    if (refusal !== undefined) throw refusal;
  }

  #refuse(owner: string, one: string, other: string): MacpoolError {
    const refusal = shared(owner, one, other);
    this.#refusals.set(wholeOf(owner), refusal);
    return refusal;
  }
}

/** Returns the owner of the block that an owner may be of, else itself. */
function wholeOf(owner: string): string {
  return blockOwnerOf(owner) ?? owner;
}

function shared(owner: string, one: string, other: string): MacpoolError {
  return new MacpoolError(
    "INVALID_OWNER",
    `Two resources of this program have the owner ${JSON.stringify(owner)}: those whose owner is by default ${one}, and ${other}. One owner holds one address, so both NICs would get the same MAC: give each its own owner. Perhaps a transformation sets it.`,
    { details: { owner } },
  );
}
