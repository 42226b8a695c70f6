import type { Lease, RegisterEvent } from "../lease/lease";
import type { Mac } from "../mac/mac";
import { DamageError } from "./damage";

/** The tables of a lease query. */
export const leaseTables = "lease join pool on pool.id = lease.pool join name on name.id = lease.installation";

/** The columns of {@link LeaseRow}, for {@link leaseTables}, in both kinds of SQL. */
export const leaseColumns = `address, pool.name as "poolName", lease.owner, name.value as installation, rotation, slot,
  token, seq, acquired_at as "acquiredAt", released_at as "releasedAt", lease.description, tags`;

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

/** An insertion of {@link leaseValues}. By place, because looking names up takes longer than binding what they name. */
export const leaseInsert = `insert into lease (address, pool, owner, installation, rotation, slot, token, seq,
    acquired_at, released_at, description, tags)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Returns the values of a lease's row for {@link leaseInsert}; `pool` and `installation` are their ids. */
export function leaseValues(lease: Lease, pool: number, installation: number) {
  return [
    lease.address,
    pool,
    lease.owner,
    installation,
    lease.rotation,
    lease.slot,
    lease.token,
    lease.seq,
    lease.acquiredAt,
    lease.releasedAt ?? null,
    lease.description,
    JSON.stringify(lease.tags),
  ] as const;
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

/** The beginning of an insertion of {@link eventValues} and, last, the event before it at its address. */
export const eventInsert = "insert into event (seq, at, kind, address, pool, owner, installation, actor, before)";

/** What stands for {@link eventValues} in {@link eventInsert}. */
export const eventPlaceholders = "?, ?, ?, ?, ?, ?, ?, ?";

/** What an event's row has besides the event's own fields: its number and time, and the ids of its names. */
interface EventStamp {
  readonly seq: number;
  readonly at: number;
  readonly installation: number;
  readonly actor: number;
}

/** Returns the values of an event's row for {@link eventPlaceholders}. */
export function eventValues(event: Omit<RegisterEvent, "seq" | "at" | "actor">, stamp: EventStamp) {
  return [
    stamp.seq,
    stamp.at,
    event.kind,
    event.address ?? null,
    event.pool,
    event.owner,
    stamp.installation,
    stamp.actor,
  ] as const;
}
