import type { Mac } from "../../mac/mac";
import { type Occupancy, WINDOW } from "./questions";

/** Stretches of addresses that were looked at, by what was asked. */
type Occupancies = ReadonlyMap<string, Occupancy>;

/** Returns what was asked and answered about a stretch that tells of `address`; undefined when nothing was. */
export function occupancyOf(address: Mac, occupancies: Occupancies): readonly [string, Occupancy] | undefined {
  return [...occupancies].find(([, occupancy]) => isCovered(address, occupancy));
}

/** Returns whether the address lies in a stretch that was looked at, and has no lease. */
export function isVacant(address: Mac, occupancies: Occupancies): boolean {
  for (const occupancy of occupancies.values()) {
    if (address >= occupancy.gap && isCovered(address, occupancy)) return !occupancy.taken.includes(address);
  }
  return false;
}

function isCovered(address: Mac, { start, end, taken }: Occupancy): boolean {
  const last = taken.length < WINDOW ? end : (taken.at(-1) ?? end);
  return address >= start && address <= last;
}
