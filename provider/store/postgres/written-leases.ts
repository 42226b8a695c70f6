import type { Lease } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import { contains, type Range } from "../../mac/range";
import { keyOf } from "./questions";

/** The leases that a transaction writes: the last of each address. */
export class WrittenLeases {
  readonly #leases = new Map<Mac, Lease>();
  /** By owner and pool. */
  readonly #owned = new Map<string, Map<Mac, Lease>>();

  /** In the order in which their addresses were first written. */
  get all(): ReadonlyMap<Mac, Lease> {
    return this.#leases;
  }

  put(lease: Lease): void {
    const { address, owner, pool } = lease;
    const before = this.#leases.get(address);
    if (before !== undefined) this.#owned.get(keyOf(before.owner, before.pool))?.delete(address);
    const key = keyOf(owner, pool);
    const own = this.#owned.get(key) ?? new Map<Mac, Lease>();
    this.#owned.set(key, own.set(address, lease));
    this.#leases.set(address, lease);
  }

  ofOwner(owner: string, pool: string): readonly Lease[] {
    return [...(this.#owned.get(keyOf(owner, pool))?.values() ?? [])];
  }

  /** Returns those that are released, longest first. */
  released(pool: string): readonly Lease[] {
    return [...this.#leases.values()]
      .filter((lease) => lease.pool === pool && lease.releasedAt !== undefined)
      .sort((one, other) => one.seq - other.seq);
  }

  /** Returns the addresses in a range, ascending. */
  within(range: Range): readonly Mac[] {
    const inside = [...this.#leases.keys()].filter((address) => contains([range], address));
    return inside.sort((one, other) => one - other);
  }
}
