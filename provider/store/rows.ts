import type { Lease, RegisterEvent } from "../lease/lease";
import type { Mac } from "../mac/mac";
import { DamageError } from "./damage";

/** The tables of a lease query. */
export const leaseTables = "lease join pool on pool.id = lease.pool join name on name.id = lease.installation";

/** The columns of {@link LeaseRow}, for {@link leaseTables}, in both kinds of SQL. */
export const leaseColumns = `address, pool.name as "poolName", lease.owner, name.value as installation, rotation, slot,
  lease.token, seq, acquired_at as "acquiredAt", released_at as "releasedAt", lease.description, tags`;

/** The beginning of a lease query, up to its condition. */
export const leaseQuery = `select ${leaseColumns} from ${leaseTables}`;

/** One row of a lease query. */
export interface LeaseRow {
  readonly address: Mac;
  readonly poolName: string;
  readonly owner: string;
  readonly installation: string;
  readonly rotation: string;
  readonly slot: Mac;
  readonly token: string;
  readonly seq: number;
  readonly acquiredAt: number;
  readonly releasedAt: number | null;
  readonly description: string;
  readonly tags: string;
}

/** Returns the lease of a row. Field by field, because a long list spends its time here. */
export function leaseOfRow(row: LeaseRow): Lease {
  return {
    address: row.address,
    pool: row.poolName,
    owner: row.owner,
    installation: row.installation,
    rotation: row.rotation,
    slot: row.slot,
    token: row.token,
    seq: row.seq,
    acquiredAt: row.acquiredAt,
    releasedAt: row.releasedAt ?? undefined,
    description: row.description,
    tags: row.tags === "{}" ? {} : tagsOf(row.tags),
  };
}

function tagsOf(text: string): Lease["tags"] {
  try {
    return JSON.parse(text);
  } catch {
    throw new DamageError("the tags of a lease cannot be read");
  }
}

/** The tables of an event query. */
export const eventTables = `event join name as installation on installation.id = event.installation
  join name as actor on actor.id = event.actor`;

/** The columns of {@link EventRow}, for {@link eventTables}. */
export const eventColumns =
  "seq, at, kind, address, pool, owner, installation.value as installation, actor.value as actor";

/** The beginning of an event query, up to its condition. */
export const eventQuery = `select ${eventColumns} from ${eventTables}`;

/** One row of an event query. */
export interface EventRow extends Omit<RegisterEvent, "address"> {
  readonly address: Mac | null;
}

/** Returns the event of a row. */
export function eventOfRow(row: EventRow): RegisterEvent {
  return { ...row, address: row.address ?? undefined };
}
