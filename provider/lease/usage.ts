import { overlaps, type Range, rangesSize, unionRanges } from "../mac/range";
import type { PoolUsage } from "./lease";
import type { Pool, Reservation } from "./pool";

/** What a register counts for {@link usageOf} among the leases of a range of addresses. */
export interface LeaseCounts {
  readonly live: number;
  readonly quarantined: number;
  readonly reusable: number;
  /** `releasedAt` of the quarantined lease that was released first, in milliseconds since 1970. */
  readonly oldestQuarantined: number | undefined;
}

/**
 * Returns the usage of a pool. An address that is reserved counts as live while it is leased, and as reserved otherwise,
 * whoever had it before: it becomes free by no passing of time.
 */
export function usageOf(
  pool: Pool,
  reservations: readonly Reservation[],
  countsIn: (range: Range) => LeaseCounts,
): PoolUsage {
  const withheld = reservedRanges(pool, reservations);
  const free = totalOf(without(pool.ranges, withheld).map(countsIn));
  const liveInReserved = totalOf(withheld.map(countsIn)).live;
  const live = free.live + liveInReserved;
  const reserved = rangesSize(withheld) - liveInReserved;
  const { quarantined, reusable, oldestQuarantined } = free;
  return {
    size: pool.size,
    live,
    quarantined,
    reusable,
    reserved,
    neverIssued: pool.size - live - quarantined - reusable - reserved,
    nextFreeAt: oldestQuarantined === undefined ? undefined : oldestQuarantined + pool.quarantineSeconds * 1000,
  };
}

/**
 * Returns the counts of leases by when each was released, undefined for a live one; those released after `over`, in
 * milliseconds since 1970, are quarantined.
 */
export function countsOf(releases: readonly (number | undefined)[], over: number): LeaseCounts {
  const released = releases.filter((at) => at !== undefined);
  const quarantined = released.filter((at) => at > over);
  return {
    live: releases.length - released.length,
    quarantined: quarantined.length,
    reusable: released.length - quarantined.length,
    oldestQuarantined: quarantined.length === 0 ? undefined : Math.min(...quarantined),
  };
}

/** Returns the counts of all parts together. */
export function totalOf(parts: readonly LeaseCounts[]): LeaseCounts {
  const sum = (count: "live" | "quarantined" | "reusable") => parts.reduce((total, part) => total + part[count], 0);
  const oldest = parts.reduce(
    (least, part) => Math.min(least, part.oldestQuarantined ?? least),
    Number.POSITIVE_INFINITY,
  );
  return {
    live: sum("live"),
    quarantined: sum("quarantined"),
    reusable: sum("reusable"),
    oldestQuarantined: Number.isFinite(oldest) ? oldest : undefined,
  };
}

/** Returns the parts of a pool that are reserved, ascending and disjoint. */
function reservedRanges(pool: Pool, reservations: readonly Reservation[]): readonly Range[] {
  const parts = pool.ranges.flatMap((range) =>
    reservations
      .filter((reservation) => overlaps(range, reservation))
      .map(({ start, end }) => ({ start: Math.max(range.start, start), end: Math.min(range.end, end) })),
  );
  return unionRanges(parts);
}

/** Returns what is left of `ranges` without `holes`; both ascending and disjoint. */
function without(ranges: readonly Range[], holes: readonly Range[]): readonly Range[] {
  return ranges.flatMap((range) => {
    const inside = holes.filter((hole) => overlaps(range, hole));
    const starts = [range.start, ...inside.map((hole) => hole.end + 1)];
    const ends = [...inside.map((hole) => hole.start - 1), range.end];
    return starts
      .map((start, index) => ({ start, end: ends[index] ?? range.end }))
      .filter(({ start, end }) => start <= end);
  });
}
