import { dateText, quarantineEnd } from "../../provider/lease/held";
import type { Lease } from "../../provider/lease/lease";
import type { Pool } from "../../provider/lease/pool";
import { formatMac } from "../../provider/mac/mac";
import type { Colour, Table } from "./table";

/** What a lease is now; a released one is in quarantine or for anybody to get. */
export type LeaseState = "live" | "quarantined" | "reusable";

const COLOURS: Readonly<Record<LeaseState, Colour>> = { live: "green", quarantined: "yellow", reusable: "dim" };

/** A lease and what its pool and the time make of it. */
export interface LeaseRow {
  readonly lease: Lease;
  readonly state: LeaseState;
  /** Milliseconds since 1970; undefined for a live lease, and for one of a pool that is gone. */
  readonly quarantineEnd: number | undefined;
}

/** Returns how leases are looked at: `pools` are the register's, `now` is in milliseconds since 1970. */
export function leaseReader(pools: readonly Pool[], now: number): (lease: Lease) => LeaseRow {
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  return (lease) => {
    const pool = byName.get(lease.pool);
    const end = lease.releasedAt === undefined || pool === undefined ? undefined : quarantineEnd(lease, pool);
    return { lease, state: stateOf(lease, end, now), quarantineEnd: end };
  };
}

/** Returns how a lease is printed as JSON: times in ISO 8601, UTC; null where there is none. */
export function leaseJson({ lease, state, quarantineEnd: end }: LeaseRow) {
  const { pool, owner, installation, rotation, seq, description, tags } = lease;
  return {
    address: formatMac(lease.address),
    pool,
    owner,
    state,
    installation,
    rotation,
    seq,
    acquiredAt: dateText(lease.acquiredAt),
    releasedAt: lease.releasedAt === undefined ? null : dateText(lease.releasedAt),
    quarantineEnd: end === undefined ? null : dateText(end),
    description,
    tags,
  };
}

/** Returns a lease's tags on one line, as `--tag` takes them. */
export function tagsText(tags: Lease["tags"]): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

/** The colour of a state on a terminal. */
export function stateColour(state: LeaseState): Colour {
  return COLOURS[state];
}

/** The table of `macpool list`. */
export const LEASES: Table<LeaseRow> = {
  columns: [
    { heading: "ADDRESS", text: ({ lease }) => formatMac(lease.address) },
    { heading: "STATE", text: ({ state }) => state, colour: ({ state }) => stateColour(state) },
    { heading: "POOL", text: ({ lease }) => lease.pool },
    { heading: "OWNER", text: ({ lease }) => lease.owner },
    { heading: "INSTALLATION", text: ({ lease }) => lease.installation },
    { heading: "SINCE", text: ({ lease }) => dateText(lease.releasedAt ?? lease.acquiredAt) },
    { heading: "DESCRIPTION", text: ({ lease }) => lease.description },
  ],
  json: leaseJson,
};

function stateOf(lease: Lease, end: number | undefined, now: number): LeaseState {
  if (lease.releasedAt === undefined) return "live";
  return end !== undefined && end > now ? "quarantined" : "reusable";
}
