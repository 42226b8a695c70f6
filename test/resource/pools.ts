import { derive } from "../../provider/lease/derive";
import { definePool, type PoolSpec } from "../../provider/lease/pool";
import type { Mac } from "../../provider/mac/mac";
import { parsePrefix, parseRange } from "../../provider/mac/range";

/** The smallest pool whose addresses are foretold: 2^24 of them. */
export const foretold: PoolSpec = { name: "foretold", ranges: [parsePrefix("52:54:00")] };

/** One address too small for that. */
export const tooSmall: PoolSpec = { name: "too-small", ranges: [parseRange("0a:00:00:00:00:00-0a:00:00:ff:ff:fe")] };

/** A pool that hands out one address after the other. */
export const sequential: PoolSpec = { name: "sequential", ranges: [parsePrefix("0e")], strategy: "sequential" };

/** A pool whose released addresses go to anybody at once. */
export const hasty: PoolSpec = { name: "hasty", ranges: [parsePrefix("52:54:01")], quarantineSeconds: 0 };

/** Returns the addresses that `owner` would like best in a pool, as it is in force. */
export function candidates(spec: PoolSpec, owner: string): readonly Mac[] {
  const pool = definePool(spec);
  return Array.from({ length: 16 }, (_, attempt) => derive(pool, owner, attempt));
}

/** Returns `count` owners that all like the same address of a pool best. */
export function rivals(spec: PoolSpec, count: number): readonly string[] {
  const pool = definePool(spec);
  const liking = new Map<Mac, string[]>();
  for (let index = 0; ; index += 1) {
    const owner = `acme/net/prod/rival-${index}`;
    const address = derive(pool, owner, 0);
    const group = [...(liking.get(address) ?? []), owner];
    if (group.length === count) return group;
    liking.set(address, group);
  }
}
