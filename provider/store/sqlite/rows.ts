import type { Lease, RegisterEvent } from "../../lease/lease";
import { restOf } from "./names";

/** The tables of a lease query. */
export const leaseTables = `lease join pool on pool.id = lease.pool join name on name.id = lease.installation
  join name as scope on scope.id = lease.scope`;

/** The columns of `LeaseRow`, for {@link leaseTables}. */
export const leaseColumns = `address, pool.name as poolName, scope.value || lease.owner as owner, name.value as installation, rotation, slot,
  lease.token, seq, coalesce(acquired_at, at) as acquiredAt, released_at as releasedAt, lease.description, tags`;

/** The beginning of a lease query, up to its condition. */
export const leaseQuery = `select ${leaseColumns} from ${leaseTables}`;

/** The columns of `EventRow`, for `event`. Texts are looked up row by row: a join would make SQLite read all events first. */
export const eventColumns = `seq, at, kind, address, pool, owner,
  (select value from name where id = installation) as installation, (select value from name where id = actor) as actor`;

/** The beginning of an event query, up to its condition. */
export const eventQuery = `select ${eventColumns} from event`;

/** What a row has besides what an event says: its number and time, and the ids of its names. */
export interface EventStamp {
  readonly seq: number;
  readonly at: number;
  readonly scope: number;
  readonly installation: number;
  readonly actor: number;
  /** The event before this one at its address. */
  readonly before: number | undefined;
}

/** An insertion of {@link eventValues}, for an event that is not the newest of a lease. */
export const eventInsert = `insert into past_event (seq, at, kind, address, pool, owner, scope, installation, actor, before)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Returns the values of an event's row for {@link eventInsert}. */
export function eventValues(event: Omit<RegisterEvent, "seq" | "at" | "actor">, stamp: EventStamp) {
  return [
    stamp.seq,
    stamp.at,
    event.kind,
    event.address ?? null,
    event.pool,
    restOf(event.owner),
    stamp.scope,
    stamp.installation,
    stamp.actor,
    stamp.before ?? null,
  ] as const;
}

/** An insertion of {@link leaseValues}. By place, because looking names up takes longer than binding what they name. */
export const leaseInsert = `insert into lease (seq, at, kind, address, pool, owner, scope, installation, actor, before,
    acquired_at, released_at, rotation, slot, token, description, tags)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Returns the values of a lease's row for {@link leaseInsert}, with its newest event; `pool` is its pool's id. */
export function leaseValues(lease: Lease, kind: RegisterEvent["kind"], pool: number, stamp: EventStamp) {
  return [
    lease.seq,
    stamp.at,
    kind,
    lease.address,
    pool,
    restOf(lease.owner),
    stamp.scope,
    stamp.installation,
    stamp.actor,
    stamp.before ?? null,
    lease.acquiredAt === stamp.at ? null : lease.acquiredAt,
    lease.releasedAt ?? null,
    lease.rotation,
    lease.slot,
    lease.token,
    lease.description,
    JSON.stringify(lease.tags),
  ] as const;
}
