import type { Lease } from "../lease/lease";
import type { LeaseFilter } from "./store";

/** How a kind of register reads leases. */
export interface Listing {
  /** Yields what matches, but for a beginning of owners, by address. It reads through all leases. */
  byAddress(filter: LeaseFilter): AsyncIterable<Lease>;
  /**
   * Yields what matches by owner, the live ones of one first, and those by address; with `isOwned` all but what has no
   * owner. The leases of one owner are sorted for every page of them.
   */
  byOwner(filter: LeaseFilter, isOwned?: boolean): AsyncIterable<Lease>;
  /** Returns whether there are more than `few` leases without an owner, live and released. */
  areUnowned(few: number): Promise<boolean>;
}

/** No declared owner has nearly as many leases; of a register that only `macpool next` uses, all may have none. */
const FEW = 1000;

/** Yields the leases that match, in the order of `LeaseStore.list`. */
export async function* listed(filter: LeaseFilter, listing: Listing): AsyncIterable<Lease> {
  const { owner, ownerPrefix, state } = filter;
  const isByOwner = owner !== undefined || ownerPrefix !== undefined;
  if (!isByOwner) yield* listing.byAddress(filter);
  else if (owner || ownerPrefix || !(await listing.areUnowned(FEW))) yield* listing.byOwner(filter);
  else {
    for (const one of ["live", "released"] as const) {
      if ((state ?? one) === one) yield* listing.byAddress({ ...filter, owner: "", state: one });
    }
    if (owner === undefined) yield* listing.byOwner(filter, true);
  }
}
