import type { Lease, PoolUsage, RegisterEvent } from "../../../provider/lease/lease";
import type { Pool, Reservation } from "../../../provider/lease/pool";
import type { LeaseStore } from "../../../provider/store/store";
import { collect } from "../../store/support";

/** All that a register shows when nobody writes to it any more. */
export interface Content {
  readonly seq: number;
  readonly pools: readonly (Pool & { readonly usage: PoolUsage })[];
  readonly reserved: readonly Reservation[];
  readonly leases: readonly Lease[];
  readonly events: readonly RegisterEvent[];
  /** What the register's own verification finds. */
  readonly faults: readonly string[];
}

/** Returns what `store` shows. */
export async function contentOf(store: LeaseStore): Promise<Content> {
  const pools = await store.pools();
  const { seq } = await store.identity();
  const { faults } = await store.verify();
  return {
    seq,
    pools: await Promise.all(pools.map(async (pool) => ({ ...pool, usage: await store.stats(pool.name) }))),
    reserved: await store.reserved(),
    leases: await collect(store.list()),
    events: await collect(store.history()),
    faults,
  };
}
