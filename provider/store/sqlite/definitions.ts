import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { type Pool, type Reservation, withBuiltIn } from "../../lease/pool";
import type { Mac } from "../../mac/mac";
import { type Range, rangeAt, rangesSize, unionRanges } from "../../mac/range";

interface PoolRow extends Omit<Pool, "ranges" | "size" | "universal"> {
  readonly id: number;
  readonly universal: number;
}

interface Loaded {
  readonly version: unknown;
  readonly ids: ReadonlyMap<string, number>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly reservations: readonly Reservation[];
  /** The reserved addresses as disjoint ranges. */
  readonly withheld: readonly Range[];
}

/** Pools and reservations, kept in memory until another connection changes the register. */
export class Definitions {
  readonly #database: Database.Database;
  /** Changes with every commit of another connection, and not with our own. */
  readonly #version: Database.Statement<[], unknown>;
  #loaded: Loaded | undefined;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#version = database.prepare("pragma data_version").pluck();
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

  reservations(): readonly Reservation[] {
    return this.#current().reservations;
  }

  reservationAt(address: Mac): Reservation | undefined {
    const { withheld, reservations } = this.#current();
    // Nearly every address is free, and that is found out fast; which of several overlapping ones it is can take time.
    if (rangeAt(withheld, address) === undefined) return undefined;
    return reservations.find((range) => range.start <= address && address <= range.end);
  }

  putPool(pool: Pool): void {
    const row = { ...pool, universal: pool.universal ? 1 : 0, ranges: null };
    this.#database
      .prepare(
        `insert into pool (name, strategy, quarantine_seconds, universal, description, cursor)
         values (:name, :strategy, :quarantineSeconds, :universal, :description, 0)
         on conflict (name) do update set strategy = excluded.strategy, quarantine_seconds = excluded.quarantine_seconds,
           universal = excluded.universal, description = excluded.description`,
      )
      .run(row);
    this.forget();
    const id = this.id(pool.name);
    this.#database.prepare("delete from pool_range where pool = ?").run(id);
    const add = this.#database.prepare('insert into pool_range (start, "end", pool) values (?, ?, ?)');
    const takeIn = this.#database.prepare(
      "update lease set pool = ? where address between ? and ? and released_at is not null",
    );
    for (const range of pool.ranges) {
      add.run(range.start, range.end, id);
      takeIn.run(id, range.start, range.end);
    }
    this.forget();
  }

  addReservation(reservation: Reservation): void {
    this.#database
      .prepare('insert into reservation (start, "end", reason) values (:start, :end, :reason)')
      .run(reservation);
    this.forget();
  }

  removeReservation(reservation: Range): void {
    this.#database
      .prepare('delete from reservation where start = ? and "end" = ?')
      .run(reservation.start, reservation.end);
    this.forget();
  }

  /** Loads again what another connection changed; to be called when a transaction begins. */
  refresh(): void {
    if (this.#loaded?.version !== this.#version.get()) this.forget();
  }

  #current(): Loaded {
    this.#loaded ??= load(this.#database, this.#version.get());
    return this.#loaded;
  }
}

function load(database: Database.Database, version: unknown): Loaded {
  const rows = database
    .prepare<[], PoolRow>(
      "select id, name, strategy, quarantine_seconds as quarantineSeconds, universal, description from pool order by name",
    )
    .all();
  const ranges = database.prepare<[number], Range>('select start, "end" from pool_range where pool = ? order by start');
  const reservations = database.prepare<[], Reservation>('select start, "end", reason from reservation').all();
  const all = withBuiltIn(reservations);
  return {
    version,
    ids: new Map(rows.map((row) => [row.name, row.id])),
    pools: new Map(rows.map((row) => [row.name, poolOfRow(row, ranges.all(row.id))])),
    reservations: all,
    withheld: unionRanges(all),
  };
}

function poolOfRow({ id: _, ...row }: PoolRow, ranges: readonly Range[]): Pool {
  return { ...row, ranges, universal: row.universal === 1, size: rangesSize(ranges) };
}
