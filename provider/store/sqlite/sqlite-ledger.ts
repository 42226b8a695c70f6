import type Database from "better-sqlite3";
import { isAboutLease, type Lease, type PoolUsage, type RegisterEvent } from "../../lease/lease";
import type { Ledger } from "../../lease/ledger";
import type { Pool, Reservation } from "../../lease/pool";
import { usageOf } from "../../lease/usage";
import type { Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { type EventRow, eventOfRow, eventQuery, type LeaseRow, leaseOfRow, leaseQuery } from "../rows";
import type { StoreContext } from "../store";
import { Definitions } from "./definitions";
import { Names } from "./names";

/** The ledger of one connection. Its answers are of one moment only inside a transaction. */
export class SqliteLedger implements Ledger {
  readonly #context: StoreContext;
  readonly #definitions: Definitions;
  readonly #names: Names;
  readonly #sql: Statements;
  #newest: Newest | undefined;
  #writes = 0;

  constructor(database: Database.Database, context: StoreContext) {
    this.#context = context;
    this.#names = new Names(database);
    this.#definitions = new Definitions(database);
    this.#sql = prepare(database);
  }

  /** Rows written by this ledger since it was made. */
  get writes(): number {
    return this.#writes;
  }

  /** The register's change counter. */
  get seq(): number {
    return this.#sql.newest.get()?.seq ?? 0;
  }

  get now(): number {
    return Math.max(this.#context.clock(), this.#latest().at);
  }

  /** To be called when a transaction begins. */
  refresh(): void {
    this.#newest = undefined;
    this.#definitions.refresh();
  }

  startAbove(seq: number): void {
    const newest = this.#latest();
    this.#newest = { seq: Math.max(newest.seq, seq), at: newest.at };
  }

  /** Drops what was remembered of a transaction that was undone. */
  forget(): void {
    this.#newest = undefined;
    this.#names.forget();
    this.#definitions.forget();
  }

  event(seq: number): RegisterEvent | undefined {
    const row = this.#sql.event.get(seq);
    return row === undefined ? undefined : eventOfRow(row);
  }

  pool(name: string): Pool | undefined {
    return this.#definitions.pool(name);
  }

  pools(): readonly Pool[] {
    return this.#definitions.pools();
  }

  reservations(): readonly Reservation[] {
    return this.#definitions.reservations();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.#definitions.reservationAt(address);
  }

  reservationOf(range: Range): Reservation | undefined {
    return this.#definitions.reservationOf(range);
  }

  at(address: Mac): Lease | undefined {
    const row = this.#sql.at.get(address);
    return row === undefined ? undefined : leaseOfRow(row);
  }

  live(owner: string, pool: string): readonly Lease[] {
    return this.#sql.live.all(owner, this.#definitions.idIfAny(pool)).map(leaseOfRow);
  }

  released(owner: string, pool: string): readonly Lease[] {
    return this.#sql.released.all(owner, this.#definitions.idIfAny(pool)).map(leaseOfRow);
  }

  liveWithin(start: Mac, end: Mac, pool: string): Lease | undefined {
    const row = this.#sql.liveWithin.get(start, end, this.#definitions.id(pool));
    return row === undefined ? undefined : leaseOfRow(row);
  }

  countLive({ start, end }: Range): number {
    return this.#sql.liveCount.get(start, end)?.count ?? 0;
  }

  nextUnissued(pool: Pool, from = this.cursor(pool.name)): Mac | undefined {
    for (const range of pool.ranges) {
      if (range.end < from) continue;
      const found = this.#firstGap(Math.max(from, range.start), range.end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *longestReleased(pool: string): Iterable<Lease> {
    for (const row of this.#sql.longestReleased.iterate(this.#definitions.id(pool))) yield leaseOfRow(row);
  }

  usage(pool: Pool): PoolUsage {
    const over = this.now - pool.quarantineSeconds * 1000;
    return usageOf(pool, this.reservations(), ({ start, end }) => {
      const { oldestQuarantined, ...counts } = this.#sql.counts.get({ start, end, over }) ?? NO_LEASES;
      return { ...counts, oldestQuarantined: oldestQuarantined ?? undefined };
    });
  }

  append(event: Omit<RegisterEvent, "seq" | "at" | "actor">): number {
    const seq = this.#latest().seq + 1;
    const at = this.now;
    this.#writes += 1;
    this.#sql.append.run({
      seq,
      at,
      kind: event.kind,
      address: event.address ?? null,
      // What happens to reserved ranges is no part of the history of the address they begin with.
      leased: isAboutLease(event) ? (event.address ?? null) : null,
      pool: event.pool,
      owner: event.owner,
      installation: this.#names.id(event.installation),
      actor: this.#names.id(this.#context.actor),
    });
    this.#newest = { seq, at };
    return seq;
  }

  put(lease: Lease): void {
    this.#writes += 1;
    this.#sql.put.run({
      ...lease,
      pool: this.#definitions.id(lease.pool),
      installation: this.#names.id(lease.installation),
      releasedAt: lease.releasedAt ?? null,
      tags: JSON.stringify(lease.tags),
    });
  }

  cursor(pool: string): Mac {
    return this.#sql.cursor.get(this.#definitions.id(pool))?.cursor ?? 0;
  }

  setCursor(pool: string, address: Mac): void {
    this.#writes += 1;
    this.#sql.setCursor.run(address, this.#definitions.id(pool));
  }

  putPool(pool: Pool): void {
    this.#writes += 1;
    this.#definitions.putPool(pool);
  }

  retirePool(name: string): void {
    this.#writes += 1;
    this.#definitions.retirePool(name);
  }

  putReservation(reservation: Reservation): void {
    this.#writes += 1;
    this.#definitions.putReservation(reservation);
  }

  removeReservation(range: Range): void {
    this.#writes += 1;
    this.#definitions.removeReservation(range);
  }

  newToken(): string {
    return this.#context.newToken();
  }

  /** The newest event, which only this transaction can change. */
  #latest(): Newest {
    this.#newest ??= this.#sql.newest.get() ?? { seq: 0, at: 0 };
    return this.#newest;
  }

  #firstGap(start: Mac, end: Mac): Mac | undefined {
    let address = start;
    while (address <= end) {
      const reserved = this.reservationAt(address);
      if (reserved !== undefined) address = reserved.end + 1;
      else {
        const taken = this.#skipTaken(address, end);
        if (taken === address) return address;
        address = taken;
      }
    }
    return undefined;
  }

  /** Returns the first address from `start` on without a lease; one past `end` when all have one. */
  #skipTaken(start: Mac, end: Mac): Mac {
    let address = start;
    for (const row of this.#sql.addressesFrom.iterate(start, end)) {
      if (row.address !== address) break;
      address += 1;
    }
    return address;
  }
}

interface Newest {
  readonly seq: number;
  readonly at: number;
}

type Statements = ReturnType<typeof prepare>;

interface Counts {
  readonly live: number;
  readonly quarantined: number;
  readonly reusable: number;
  readonly oldestQuarantined: number | null;
}

const NO_LEASES: Counts = { live: 0, quarantined: 0, reusable: 0, oldestQuarantined: null };

function prepare(database: Database.Database) {
  return {
    newest: database.prepare<[], Newest>("select seq, at from event order by seq desc limit 1"),
    event: database.prepare<[number], EventRow>(`${eventQuery} where seq = ?`),
    at: database.prepare<[Mac], LeaseRow>(`${leaseQuery} where address = ?`),
    live: database.prepare<[string, number | null], LeaseRow>(
      `${leaseQuery} where lease.owner = ? and pool = ? and released_at is null order by seq desc`,
    ),
    released: database.prepare<[string, number | null], LeaseRow>(
      `${leaseQuery} where lease.owner = ? and pool = ? and released_at is not null order by seq desc`,
    ),
    liveWithin: database.prepare<[Mac, Mac, number], LeaseRow>(
      `${leaseQuery} where address between ? and ? and pool = ? and released_at is null order by address limit 1`,
    ),
    liveCount: database.prepare<[Mac, Mac], { count: number }>(
      "select count(*) as count from lease where address between ? and ? and released_at is null",
    ),
    longestReleased: database.prepare<[number], LeaseRow>(
      `${leaseQuery} where pool = ? and released_at is not null order by seq`,
    ),
    addressesFrom: database.prepare<[Mac, Mac], { address: Mac }>(
      "select address from lease where address between ? and ? order by address",
    ),
    counts: database.prepare<{ start: Mac; end: Mac; over: number }, Counts>(
      `select count(*) filter (where released_at is null) as live,
              count(*) filter (where released_at > :over) as quarantined,
              count(*) filter (where released_at <= :over) as reusable,
              min(released_at) filter (where released_at > :over) as oldestQuarantined
       from lease where address between :start and :end`,
    ),
    append: database.prepare(
      // The lease's row is about to be written, so looking it up costs next to nothing.
      `insert into event (seq, at, kind, address, pool, owner, installation, actor, before)
       values (:seq, :at, :kind, :address, :pool, :owner, :installation, :actor,
               (select seq from lease where address = :leased))`,
    ),
    put: database.prepare(
      // Only the address may be overwritten: the unique index on the owner has the last word.
      `insert into lease (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at,
                          description, tags)
       values (:address, :pool, :owner, :installation, :rotation, :slot, :token, :seq, :acquiredAt, :releasedAt,
               :description, :tags)
       on conflict (address) do update set
         pool = excluded.pool, owner = excluded.owner, installation = excluded.installation,
         rotation = excluded.rotation, slot = excluded.slot, token = excluded.token, seq = excluded.seq,
         acquired_at = excluded.acquired_at, released_at = excluded.released_at,
         description = excluded.description, tags = excluded.tags`,
    ),
    cursor: database.prepare<[number], { cursor: Mac }>("select cursor from pool where id = ?"),
    setCursor: database.prepare<[Mac, number]>("update pool set cursor = ? where id = ?"),
  };
}
