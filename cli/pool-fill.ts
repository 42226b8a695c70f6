import type { PoolUsage } from "../provider/lease/lease";

/** A pool with less than this share of its addresses free deserves a warning. */
export const LOW_SHARE = 0.1;

/** Returns the share of the addresses a pool may hand out that it could hand out now, 0 to 1. */
export function freeShare({ size, reserved, neverIssued, reusable }: PoolUsage): number {
  return size === reserved ? 0 : (neverIssued + reusable) / (size - reserved);
}
