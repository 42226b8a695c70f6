import type { BlockRequest } from "../../../provider/lease/block";
import type { PoolSpec } from "../../../provider/lease/pool";
import type { Grant } from "../../../provider/lease/transact";
import { formatMac, type Mac, parseMac } from "../../../provider/mac/mac";
import { BIG, type Open, type Register, request, start } from "../support";

/** Twenty addresses, handed out in order, one hour of quarantine. */
const ROW: PoolSpec = {
  name: "row",
  ranges: [{ start: parseMac("42:60:00:00:00:00"), end: parseMac("42:60:00:00:00:13") }],
  strategy: "sequential",
  quarantineSeconds: 3600,
};

/** Returns the address at an index of pool `row`. */
export const row = (index: number): Mac => parseMac("42:60:00:00:00:00") + index;

/** Returns a request of a made-up owner for three addresses of pool `big`, but for what is given. */
export function block(change: Partial<BlockRequest> = {}): BlockRequest {
  const { installation, pool, rotation, description, tags } = request();
  return { installation, pool, rotation, description, tags, owner: "vm", count: 3, contiguous: false, ...change };
}

/** Returns what was granted, by index. */
export function addressesOf(grants: readonly Grant[]): readonly Mac[] {
  return grants.map(({ lease }) => lease.address);
}

/** Returns a block's addresses and tokens as a stack's state has them. */
export function heldBy(grants: readonly Grant[], owner = "vm", installation = "one") {
  return { refs: grants.map(({ lease: { address, token } }) => ({ address, token })), owner, installation };
}

/** Returns the live leases as address by owner. */
export async function owned(register: Register): Promise<Record<string, string>> {
  const live = await register.leases({ state: "live" });
  return Object.fromEntries(live.map(({ owner, address }) => [owner, formatMac(address)]));
}

/** Returns everything that a refusal must leave as it is. */
export async function everything(register: Register) {
  return [await register.seq(), await register.leases(), await register.store.stats("row")];
}

/** Starts a register with pools `row` and `big`. */
export async function startRow(open: Open, change: Partial<PoolSpec> = {}) {
  return start(open, { pools: [{ ...ROW, ...change }, BIG] });
}
