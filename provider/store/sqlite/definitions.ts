import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import type { Pool, Reservation } from "../../lease/pool";
import { Reservations } from "../../lease/reservations";
import { isMac, type Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { DamageError } from "../damage";
import { columnsOf, type PoolColumns, poolOfRow, type ReservationRow, reservationOfRow } from "../definition-rows";

/** One row of a query for pools. */
export interface PoolRow extends PoolColumns {
  readonly id: number;
}

interface Loaded {
  readonly version: unknown;
  readonly ids: ReadonlyMap<string, number>;
  /** Those of deleted pools too: released leases name them. */
  readonly idsEver: ReadonlyMap<string, number>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly reservations: Reservations;
}

/** Pools and reservations, kept in memory until another connection changes the register. */
export class Definitions {
  readonly #database: Database.Database;
  /** Changes with every commit of another connection, and not with our own. */
  readonly #version: Database.Statement<[], unknown>;
  #seen: unknown;
  #loaded: Loaded | undefined;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#version = database.prepare("pragma data_version").pluck();
  }

  /** A number, as of the last {@link refresh}, that only commits of other connections change. */
  get version(): unknown {
    return this.#seen;
  }

  /** Drops what was loaded. */
  forget(): void {
    this.#loaded = undefined;
  }

  pool(name: string): Pool | undefined {
    return this.#current().pools.get(name);
  }

  pools(): readonly Pool[] {
    return [...this.#current().pools.values()];
  }

  /**
   * Returns the row id of a pool.
   *
   * @throws MacpoolError REGISTER_CORRUPT when there is none: the rules look a pool up before they use it.
   */
  id(name: string): number {
    const id = this.#current().ids.get(name);
    if (id !== undefined) return id;
    throw new MacpoolError("REGISTER_CORRUPT", `The register has no pool "${name}" though a lease names it.`);
  }

  /** Returns the row id of a pool, also a deleted one, or null, which no lease has, when the register never had a pool of that name. */
  idIfAny(name: string): number | null {
    return this.#current().idsEver.get(name) ?? null;
  }

  poolNamesEver(): readonly string[] {
    return [...this.#current().idsEver.keys()];
  }

  reservations(): readonly Reservation[] {
    return this.#current().reservations.all();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.#current().reservations.at(address);
  }

  reservationOf(range: Range): Reservation | undefined {
    return this.#current().reservations.of(range);
  }

  putPool(pool: Pool): void {
    const { name, strategy, order, quarantineSeconds, description } = pool;
    const id = this.#database
      .prepare<object, number>(
        `insert into pool (name, strategy, issue_order, quarantine_seconds, universal, description, cursor, owner, installation,
           token)
         values (:name, :strategy, :order, :quarantineSeconds, :universal, :description, 0, :owner, :installation,
           :token)
         on conflict (name) do update set strategy = excluded.strategy, issue_order = excluded.issue_order,
           quarantine_seconds = excluded.quarantine_seconds, universal = excluded.universal, description = excluded.description, owner = excluded.owner,
           installation = excluded.installation, token = excluded.token, retired = 0
         returning id`,
      )
      .pluck()
      .get({
        name,
        strategy,
        order,
        quarantineSeconds,
        description,
        universal: pool.universal ? 1 : 0,
        ...columnsOf(pool.managedBy),
      });
    this.#database.prepare("delete from pool_range where pool = ?").run(id);
    const add = this.#database.prepare('insert into pool_range (start, "end", pool) values (?, ?, ?)');
    const takeIn = this.#database.prepare(
      // Their events were of the pool they come from.
      `update lease set event_pool = nullif(coalesce(event_pool, pool), :id), pool = :id
       where address between :start and :end and released_at is not null and pool <> :id`,
    );
    for (const range of pool.ranges) {
      add.run(range.start, range.end, id);
      takeIn.run({ ...range, id });
    }
    this.forget();
  }

  /** Takes the pool's ranges away, so that another pool can have them, and keeps its row for its released leases. */
  retirePool(name: string): void {
    const id = this.id(name);
    this.#database.prepare("delete from pool_range where pool = ?").run(id);
    this.#database
      .prepare("update pool set retired = 1, owner = null, installation = null, token = null where id = ?")
      .run(id);
    this.forget();
  }

  putReservation({ start, end, reason, managedBy }: Reservation): void {
    this.#database
      .prepare(
        `insert into reservation (start, "end", reason, owner, installation, token)
         values (:start, :end, :reason, :owner, :installation, :token)
         on conflict (start, "end") do update set reason = excluded.reason, owner = excluded.owner,
           installation = excluded.installation, token = excluded.token`,
      )
      .run({ start, end, reason, ...columnsOf(managedBy) });
    // Loading all of them again for each would make adding many quadratic.
    this.#loaded?.reservations.put({ start, end, reason, managedBy });
  }

  removeReservation({ start, end }: Range): void {
    this.#database.prepare('delete from reservation where start = ? and "end" = ?').run(start, end);
    this.#loaded?.reservations.remove({ start, end });
  }

  /**
   * Loads again what another connection changed, and returns whether one may have changed anything in the register; to be
   * called when a transaction begins.
   */
  refresh(): boolean {
    this.#seen = this.#version.get();
    if (this.#loaded?.version === this.#seen) return false;
    this.forget();
    return true;
  }

  #current(): Loaded {
    this.#loaded ??= load(this.#database, this.#version.get());
    return this.#loaded;
  }
}

function load(database: Database.Database, version: unknown): Loaded {
  const rows = database
    .prepare<[], PoolRow>(
      `select id, name, strategy, issue_order as "order", quarantine_seconds as quarantineSeconds, universal, description,
         owner, installation, token, retired
       from pool order by name`,
    )
    .all();
  const ranges = rangesOf(database);
  const reservations = database
    .prepare<[], ReservationRow>('select start, "end", reason, owner, installation, token from reservation')
    .all();
  const active = rows.filter(({ retired }) => retired === 0);
  return {
    version,
    idsEver: new Map(rows.map((row) => [row.name, row.id])),
    ids: new Map(active.map((row) => [row.name, row.id])),
    pools: new Map(active.map((row) => [row.name, sound(poolOfRow(row, ranges.all(row.id)))])),
    reservations: new Reservations(reservations.map(reservationOfRow).map(soundRange)),
  };
}

/** Everything that is granted goes by this, so damage that the file does not show must show here. */
function sound(pool: Pool): Pool {
  pool.ranges.forEach(soundRange);
  if (pool.ranges.length > 0 && Number.isSafeInteger(pool.quarantineSeconds)) return pool;
  throw new DamageError("a pool in force has no addresses or no quarantine");
}

function soundRange<R extends Range>(range: R): R {
  if (isMac(range.start) && isMac(range.end) && range.start <= range.end) return range;
  throw new DamageError("what should be a range of addresses is none");
}

/** Returns the query for the ranges of a pool by its row id, ascending. */
export function rangesOf(database: Database.Database): Database.Statement<[number], Range> {
  return database.prepare('select start, "end" from pool_range where pool = ? order by start');
}
