import type { Pool } from "../provider/lease/pool";
import { requirePool } from "../provider/lease/transact";

/**
 * Returns the one of `pools` that is called `name`.
 *
 * @throws MacpoolError POOL_NOT_FOUND, listing the pools there are.
 */
export function poolNamed(name: string, pools: readonly Pool[]): Pool {
  return requirePool(name, { pool: () => pools.find((pool) => pool.name === name), pools: () => pools });
}
