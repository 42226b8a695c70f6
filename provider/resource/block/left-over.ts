import { memberName } from "../../lease/block";
import { isNamed, type Lease } from "../../lease/lease";
import { listText } from "../../list-text";
import { formatMac } from "../../mac/mac";
import type { LeaseStore } from "../../store/store";

/** Addresses named in the warning; more would bury what it says. */
const NAMED = 10;

/** What the leases of a block have in common. */
type Identity = Pick<Lease, "owner" | "installation" | "pool" | "rotation">;

/**
 * Says so when the register has leases beyond the first `count` of a block that the stack has. They were granted for it
 * when it was to be larger, the answer was lost, and it was not asked for again as large: nothing that is done to it ends
 * them. They are not released here, because nobody can tell whether a state has them after all, such as that of a stack
 * which another block of this name was moved to. Nor is this said by `create`, which is not always told what it replaces.
 */
export async function warnOfLeftOver(block: Identity, count: number, register: LeaseStore): Promise<void> {
  const leases = await beyond(block, count, register);
  const [first] = leases;
  if (first === undefined) return;
  const addresses = leases.map(({ address }) => formatMac(address));
  console.warn(
    `macpool: block ${JSON.stringify(block.owner)} is to have ${count} addresses, and the register has more of it: ${listText(addresses, NAMED)}. They are left over from an update that was cut off while the block was larger, unless another stack or block has them. If macpool reconcile, given the exports of all stacks, calls them orphans, release each: macpool release --force ${formatMac(first.address)}`,
  );
}

/** All of them were granted in one step, so that the first index without one is the end. */
async function beyond(block: Identity, count: number, register: LeaseStore): Promise<readonly Lease[]> {
  const found: Lease[] = [];
  for (;;) {
    const lease = await leaseOf(block, count + found.length, register);
    if (lease === undefined) return found;
    found.push(lease);
  }
}

async function leaseOf(block: Identity, index: number, register: LeaseStore): Promise<Lease | undefined> {
  const name = memberName(block, index);
  for await (const lease of register.list({ owner: name.owner, pool: block.pool, state: "live" })) {
    if (isNamed(lease, name) && lease.rotation === block.rotation) return lease;
  }
  return undefined;
}
