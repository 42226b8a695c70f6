import type { Pool, Reservation } from "../../lease/pool";
import { formatMac, type Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { AUDITS, type Audit, cursorFaults, STATEMENTS } from "../audits";
import type { Following, Verification } from "../store";
import { type Database, type Queryable, snapshot } from "./database";
import { Definitions, type DefinitionsRow, definitionsQuery } from "./definitions";
import { guardFaults } from "./guards";

/** Here no references are declared; see 001-register.sql. */
const REFERENCES: readonly string[] = [
  `select distinct 'A row of table lease names something that is not there.' as fault from lease
   left join pool on pool.id = lease.pool left join name on name.id = lease.installation
   where pool.id is null or name.id is null`,
  `select distinct 'A row of table event names something that is not there.' as fault from event
   left join name as installation on installation.id = event.installation
   left join name as actor on actor.id = event.actor
   where installation.id is null or actor.id is null`,
];

/** What constraints rule out while they are there. */
const REPETITIONS = "select 'Event ' || seq || ' is there more than once.' from event group by seq having count(*) > 1";

/** Here a lease and its newest event are rows of their own, each with its whole owner. */
const TWO_ROW_AUDITS: readonly Audit[] = [
  {
    fault: "has more than one lease",
    sql: "select address from lease group by address having count(*) > 1",
  },
  {
    fault: "is held more than once under one owner, pool, installation and keepers",
    sql: `select max(address) as address from lease where released_at is null
          group by owner, pool, installation, rotation, slot having count(*) > 1`,
  },
  {
    fault: "has no event that matches its last change",
    sql: `select lease.address from lease left join event on event.seq = lease.seq
          where event.address is distinct from lease.address or event.owner is distinct from lease.owner`,
  },
  {
    fault: "was changed in the history after the lease says it was",
    sql: `select lease.address from lease join event using (address)
          where event.kind not in ('reserve', 'unreserve') group by lease.address
          having max(event.seq) > max(lease.seq)`,
  },
];

/**
 * Returns every fault of the register, all of one moment: what the schema has lost, dangling references, then our invariants.
 * The server's own files are for its own tools (pg_amcheck).
 *
 * @throws the reason of `following.signal`.
 */
export async function verify(database: Database, following: Following = {}): Promise<Verification> {
  return snapshot(database, (session) => faultsOf(session, following));
}

/** Returns what {@link verify} does, in the transaction that is open. */
export async function faultsOf(session: Queryable, following: Following): Promise<Verification> {
  // First, as it refuses a schema that is newer than these questions.
  const definitions = await definitionsOf(session);
  const guards = await guardFaults(session);
  const questions = [
    async () => guards,
    ...[...REFERENCES, ...STATEMENTS, REPETITIONS].map((sql) => () => faultsIn(sql, session)),
    ...[...AUDITS, ...TWO_ROW_AUDITS].map(
      ({ sql, fault }) =>
        () =>
          addressesIn(sql, fault, session),
    ),
    () => sequenceFaults(definitions, session),
  ];
  const faults = new Set<string>();
  for (const [index, question] of questions.entries()) {
    following.signal?.throwIfAborted();
    following.progress?.(index, questions.length, "checks done");
    for (const fault of await question()) faults.add(fault);
  }
  const [row] = await session.query<{ leases: number }>("select count(*) as leases from lease");
  const mendable = guards.length > 0 && faults.size === guards.length ? { isMendable: true } : {};
  return { faults: [...faults], ...mendable, leases: row?.leases ?? 0 };
}

async function addressesIn(sql: string, fault: string, session: Queryable): Promise<readonly string[]> {
  const rows = await session.query<{ address: Mac }>(sql);
  return rows.map(({ address }) => `${formatMac(address)} ${fault}.`);
}

/** What the one column is called does not matter. */
async function faultsIn(sql: string, session: Queryable): Promise<readonly string[]> {
  const rows = await session.query<Record<string, string>>(sql);
  return rows.flatMap((row) => Object.values(row));
}

interface Found {
  readonly definitions: Definitions;
  /** By pool. */
  readonly cursors: ReadonlyMap<string, Mac>;
}

async function definitionsOf(session: Queryable): Promise<Found> {
  const [row] = await session.query<{ found: DefinitionsRow }>(`select ${definitionsQuery} as found`);
  if (row === undefined) throw new Error("a query without a condition returns a row");
  const { found } = row;
  return {
    definitions: Definitions.ofRow(found),
    cursors: new Map(found.pools.map(({ name, cursor }) => [name, cursor])),
  };
}

async function sequenceFaults({ definitions, cursors }: Found, session: Queryable): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const pool of definitions.pools()) {
    faults.push(...(await faultsOfSequence(pool, cursors.get(pool.name) ?? 0, definitions.reservations(), session)));
  }
  return faults;
}

/** Which ranges are to be counted is found out first. */
async function faultsOfSequence(
  pool: Pool,
  cursor: Mac,
  reservations: readonly Reservation[],
  session: Queryable,
): Promise<readonly string[]> {
  const asked: Range[] = [];
  cursorFaults(pool, cursor, reservations, (range) => asked.push(range));
  const counts = new Map<Mac, number>();
  for (const { start, end } of asked) {
    const [row] = await session.query<{ leases: number }>({
      text: "select count(*) as leases from lease where address between $1::bigint and $2::bigint",
      values: [start, end],
    });
    counts.set(start, row?.leases ?? 0);
  }
  return cursorFaults(pool, cursor, reservations, ({ start }) => counts.get(start) ?? 0);
}
