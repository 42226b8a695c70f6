import { MacpoolError } from "../error";

/** Owners that the addresses of a block have: see `memberOwner` in lease/block.ts. */
const MEMBER = /^(.*)\[(?:0|[1-9]\d{0,3})\]$/s;

/**
 * Which resource of one run has which owner. The register takes a second request of one owner for a retry of the first,
 * and answers with the same address. The SDK tells a program so at once (sdk/owner-guard.ts); but what a transformation
 * makes of an owner is seen here alone.
 *
 * A resource is told from others by the owner that it would have by default, which comes from its URN.
 */
export class RunOwners {
  readonly #nics = new Map<string, string>();
  readonly #blocks = new Map<string, string>();
  /** By the owner of the block that they would belong to. */
  readonly #members = new Map<string, string>();

  /**
   * Notes that the MacAddress called `resource` by default has `owner`.
   *
   * @throws MacpoolError INVALID_OWNER when another resource has it.
   */
  claim(owner: string, resource: string): void {
    const other = this.#nics.get(owner) ?? resource;
    if (other !== resource) throw shared(owner, other, resource);
    const [, blockOwner] = MEMBER.exec(owner) ?? [];
    if (blockOwner !== undefined) {
      const block = this.#blocks.get(blockOwner);
      if (block !== undefined) throw shared(owner, `an address of block ${block}`, resource);
      this.#members.set(blockOwner, resource);
    }
    this.#nics.set(owner, resource);
  }

  /**
   * Notes that the MacAddressBlock called `resource` by default has `owner`, and so those of all its addresses.
   *
   * @throws MacpoolError INVALID_OWNER when another resource has one of them.
   */
  claimBlock(owner: string, resource: string): void {
    const other = this.#blocks.get(owner) ?? resource;
    if (other !== resource) throw shared(owner, `block ${other}`, `block ${resource}`);
    const member = this.#members.get(owner);
    if (member !== undefined) throw shared(`${owner}[...]`, member, `an address of block ${resource}`);
    this.#blocks.set(owner, resource);
  }
}

function shared(owner: string, one: string, other: string): MacpoolError {
  return new MacpoolError(
    "INVALID_OWNER",
    `Two resources of this program have the owner ${JSON.stringify(owner)}: those whose owner is by default ${one}, and ${other}. One owner holds one address, so both NICs would get the same MAC: give each its own owner. Perhaps a transformation sets it.`,
    { details: { owner } },
  );
}
