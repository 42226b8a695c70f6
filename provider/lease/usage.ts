import { overlaps, type Range, rangesSize } from "../mac/range";
import type { PoolUsage } from "./lease";
import type { Pool, Reservation } from "./pool";

/** What a register counts for {@link usageOf}. */
export interface LeaseCounts {
  readonly live: number;
  readonly quarantined: number;
  readonly reusable: number;
  /** `releasedAt` of the quarantined lease that was released first, in milliseconds since 1970. */
  readonly oldestQuarantined: number | undefined;
  /** Counts the leases, live or released, whose address is in the range. */
  readonly leasedWithin: (range: Range) => number;
}

/** Returns the usage of a pool; an address that is both leased and reserved counts as leased. */
export function usageOf(pool: Pool, reservations: readonly Reservation[], counts: LeaseCounts): PoolUsage {
  const withheld = reservedRanges(pool, reservations);
  const leased = withheld.reduce((sum, range) => sum + counts.leasedWithin(range), 0);
  const reserved = rangesSize(withheld) - leased;
  const { live, quarantined, reusable } = counts;
  return {
    size: pool.size,
    live,
    quarantined,
    reusable,
    reserved,
    neverIssued: pool.size - live - quarantined - reusable - reserved,
    nextFreeAt:
      counts.oldestQuarantined === undefined ? undefined : counts.oldestQuarantined + pool.quarantineSeconds * 1000,
  };
}

/** Returns the parts of a pool that are reserved, ascending and disjoint. */
function reservedRanges(pool: Pool, reservations: readonly Reservation[]): readonly Range[] {
  const parts: Range[] = [];
  for (const range of pool.ranges) {
    for (const reservation of reservations) {
      if (!overlaps(range, reservation)) continue;
      const start = Math.max(range.start, reservation.start, (parts.at(-1)?.end ?? -1) + 1);
      const end = Math.min(range.end, reservation.end);
      if (start <= end) parts.push({ start, end });
    }
  }
  return parts;
}
