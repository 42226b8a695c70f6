import { type Entitlement, ownLease } from "../lease/held";
import type { AcquireRequest, Lease } from "../lease/lease";
import type { LeaseStore } from "../store/store";

/** Milliseconds for which what was read holds; a person reads a preview later than that. */
const FRESH = 10_000;

/** Leases of one stack that are kept in memory; owners beyond are asked for one by one. */
const MOST = 10_000;

/** What a stack's owners begin with, unless a program names them itself: organization, project and stack. */
const PREFIX = /^(?:[^/]+\/){3}/;

interface Reading {
  readonly at: number;
  readonly leases: Promise<ReadonlyMap<string, readonly Lease[]>>;
}

/**
 * What the owners of a stack hold, read in a few statements. The engine calls `check` for one resource after the other, so
 * that each question to a server is a round trip of its own, which no resource that stays as it is needs to cost.
 *
 * Only what a resource held before, and still holds, is answered from memory: that depends on the live leases of its owner
 * and on nothing else. It may be a few seconds old, and that decides nothing. `check` runs some time before anything is
 * done anyway; `diff` asks the register whether the lease is still there; `update` and `delete` go by the token, and
 * `create`, for which `check` was told of no old inputs, is never answered from here.
 */
export class Recollection {
  readonly #asked = new Set<string>();
  readonly #readings = new Map<string, Reading>();

  /** Returns the lease that `request` keeps, as it was a moment ago; undefined when the register must be asked. */
  async keptBy(request: AcquireRequest, register: LeaseStore): Promise<Entitlement | undefined> {
    const prefix = PREFIX.exec(request.owner)?.[0];
    if (prefix === undefined || request.requestedAddress !== undefined) return undefined;
    // A stack may have one resource only: reading ahead pays from the second on.
    if (!this.#asked.has(prefix)) {
      this.#asked.add(prefix);
      return undefined;
    }
    const live = (await this.#read(prefix, register)).get(request.owner) ?? [];
    const own = ownLease(request, live);
    return own === undefined ? undefined : { rule: "keep", address: own.address };
  }

  #read(prefix: string, register: LeaseStore): Reading["leases"] {
    const known = this.#readings.get(prefix);
    const now = performance.now();
    if (known !== undefined && now - known.at < FRESH) return known.leases;
    const leases = leasesBelow(prefix, register);
    this.#readings.set(prefix, { at: now, leases });
    // Whoever asks next tries again.
    leases.catch(() => this.#readings.delete(prefix));
    return leases;
  }
}

/** Returns the live leases of each owner, newest first. */
async function leasesBelow(prefix: string, register: LeaseStore): Reading["leases"] {
  const byOwner = new Map<string, Lease[]>();
  let count = 0;
  for await (const lease of register.list({ ownerPrefix: prefix, state: "live" })) {
    const leases = byOwner.get(lease.owner);
    if (leases === undefined) byOwner.set(lease.owner, [lease]);
    else leases.push(lease);
    count += 1;
    if (count < MOST) continue;
    // Its other leases were not read.
    byOwner.delete(lease.owner);
    break;
  }
  for (const leases of byOwner.values()) leases.sort((one, other) => other.seq - one.seq);
  return byOwner;
}
