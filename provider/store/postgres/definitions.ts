import { randomInt } from "node:crypto";
import type { Pool, Reservation } from "../../lease/pool";
import { Reservations } from "../../lease/reservations";
import type { Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import {
  columnsOf,
  managerOf,
  type PoolColumns,
  poolOfRow,
  type ReservationRow,
  reservationOfRow,
} from "../definition-rows";
import { assertSchemaKnown, newestSchema } from "../migrations";
import type { Statement } from "./database";

/** A pool as {@link definitionsQuery} and a dump return it. */
export interface PoolRow extends PoolColumns {
  readonly cursor: Mac;
  readonly ranges: readonly Range[];
}

/** What {@link definitionsQuery} returns. */
export interface DefinitionsRow {
  readonly version: number;
  /** The number of the newest migration: by now a newer version of this package may have upgraded the register. */
  readonly schema: number;
  /** Database and schema, for messages. */
  readonly place: string;
  readonly pools: readonly PoolRow[];
  readonly reservations: readonly ReservationRow[];
}

/** Returns every pool, deleted ones too, as rows by name. */
export const poolsQuery = `select name, strategy, issue_order as "order", quarantine_seconds as "quarantineSeconds", universal,
    description, owner, installation, token, retired, cursor,
    (select coalesce(json_agg(json_build_object('start', start, 'end', "end") order by start), '[]')
     from pool_range where pool_range.pool = pool.id) as ranges
  from pool order by name`;

/** Returns every reservation of the register, as rows. */
export const reservationsQuery =
  'select start, "end", reason, owner, installation, token from reservation order by start, "end"';

/** An expression for all of {@link DefinitionsRow}. */
export const definitionsQuery = `(select json_build_object(
    'version', (select definitions from register),
    'schema', (select max(number) from migration),
    'place', current_database() || ', schema ' || current_schema(),
    'pools', (select coalesce(json_agg(row_to_json(rows)), '[]') from (${poolsQuery}) as rows),
    'reservations', (select coalesce(json_agg(row_to_json(rows)), '[]') from (${reservationsQuery}) as rows)))`;

/** Millions of such steps stay below what a number holds exactly. */
const LARGEST_STEP = 2 ** 31;

/** Returns a version that comes after one, and that nobody has seen before. */
export function newVersion(after = 0): number {
  return after + randomInt(1, LARGEST_STEP);
}

/** Pools and reservations as they are after a number of changes, and what a transaction makes of them. */
export class Definitions {
  /** See `register.definitions`. */
  readonly version: number;
  /**
   * The version after a change. By chance: a failover may lose a change, and whoever had seen it must not take the next one
   * for it.
   */
  #next: number | undefined;
  /** What this transaction changes, in order. */
  readonly changes: Statement[] = [];
  #pools: ReadonlyMap<string, Pool>;
  /** Names of pools that are deleted or in force. */
  readonly #namesEver: ReadonlySet<string>;
  #reservations: Reservations;

  private constructor(
    version: number,
    pools: ReadonlyMap<string, Pool>,
    namesEver: ReadonlySet<string>,
    reservations: Reservations,
  ) {
    this.version = version;
    this.#pools = pools;
    this.#namesEver = namesEver;
    this.#reservations = reservations;
  }

  /** @throws MacpoolError REGISTER_TOO_NEW. */
  static ofRow({ version, schema, place, pools, reservations }: DefinitionsRow): Definitions {
    assertSchemaKnown(place, schema, newestSchema("postgres"));
    const active = pools.filter(({ retired }) => retired === 0);
    return new Definitions(
      version,
      new Map(active.map((row) => [row.name, poolOfRow(row, row.ranges)])),
      new Set(pools.map(({ name }) => name)),
      new Reservations(reservations.map(reservationOfRow)),
    );
  }

  /** Returns definitions that can be changed without changing these; as hardly any are, nothing is copied before. */
  draft(): Definitions {
    return new Definitions(this.version, this.#pools, this.#namesEver, this.#reservations);
  }

  /** The version in the register once the changes are committed. */
  get versionLeft(): number {
    if (this.changes.length === 0) return this.version;
    this.#next ??= newVersion(this.version);
    return this.#next;
  }

  /** Returns these definitions as they are once their changes are committed. */
  settled(): Definitions {
    if (this.changes.length === 0) return this;
    const namesEver = new Set(this.poolNamesEver());
    return new Definitions(this.versionLeft, this.#pools, namesEver, this.#reservations);
  }

  pool(name: string): Pool | undefined {
    return this.#pools.get(name);
  }

  pools(): readonly Pool[] {
    return [...this.#pools.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  poolNamesEver(): readonly string[] {
    return [...new Set([...this.#namesEver, ...this.#pools.keys()])];
  }

  reservations(): readonly Reservation[] {
    return this.#reservations.all();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.#reservations.at(address);
  }

  reservationOf(range: Range): Reservation | undefined {
    return this.#reservations.of(range);
  }

  putPool(pool: Pool): void {
    this.#pools = new Map([...this.#pools, [pool.name, asRead(pool)]]);
    this.changes.push(...putPool(pool));
  }

  retirePool(name: string): void {
    this.#pools = new Map([...this.#pools].filter(([other]) => other !== name));
    this.changes.push(
      { text: "delete from pool_range where pool = (select id from pool where name = $1)", values: [name] },
      {
        text: "update pool set retired = 1, owner = null, installation = null, token = null where name = $1",
        values: [name],
      },
    );
  }

  putReservation(reservation: Reservation): void {
    this.#reservations = new Reservations(this.#reservations.own());
    this.#reservations.put(asRead(reservation));
    const { start, end, reason, managedBy } = reservation;
    const { owner, installation, token } = columnsOf(managedBy);
    this.changes.push({
      text: `insert into reservation (start, "end", reason, owner, installation, token) values ($1, $2, $3, $4, $5, $6)
             on conflict (start, "end") do update set reason = excluded.reason, owner = excluded.owner,
               installation = excluded.installation, token = excluded.token`,
      values: [start, end, reason, owner, installation, token],
    });
  }

  removeReservation({ start, end }: Range): void {
    this.#reservations = new Reservations(this.#reservations.own());
    this.#reservations.remove({ start, end });
    this.changes.push({ text: 'delete from reservation where start = $1 and "end" = $2', values: [start, end] });
  }
}

/** Returns what is written as it will be read, so that the two are equal: a manager has no property for a token it lacks. */
function asRead<T extends Pool | Reservation>(written: T): T {
  return { ...written, managedBy: managerOf(columnsOf(written.managedBy)) };
}

/** The released leases in a pool's ranges become its own: their addresses are now for it to hand out. */
function putPool(changed: Pool): Statement[] {
  const { name, strategy, order, quarantineSeconds, universal, description, managedBy, ranges } = changed;
  const pool = "(select id from pool where name = $1)";
  const starts = ranges.map(({ start }) => start);
  const ends = ranges.map(({ end }) => end);
  const { owner, installation, token } = columnsOf(managedBy);
  return [
    {
      text: `insert into pool (name, strategy, quarantine_seconds, universal, description, cursor, owner, installation,
                               issue_order, token)
             values ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9)
             on conflict (name) do update set strategy = excluded.strategy, issue_order = excluded.issue_order,
               quarantine_seconds = excluded.quarantine_seconds, universal = excluded.universal,
               description = excluded.description, owner = excluded.owner, installation = excluded.installation,
               token = excluded.token, retired = 0`,
      values: [name, strategy, quarantineSeconds, universal ? 1 : 0, description, owner, installation, order, token],
    },
    // The parts of other ranges are others.
    { text: `delete from pool_cursor where pool = ${pool}`, values: [name] },
    { text: `delete from pool_range where pool = ${pool}`, values: [name] },
    {
      text: `insert into pool_range (start, "end", pool)
             select part.start, part."end", ${pool} from unnest($2::bigint[], $3::bigint[]) as part (start, "end")`,
      values: [name, starts, ends],
    },
    {
      text: `update lease set pool = ${pool} from unnest($2::bigint[], $3::bigint[]) as part (start, "end")
             where address between part.start and part."end" and released_at is not null and pool <> ${pool}`,
      values: [name, starts, ends],
    },
  ];
}
