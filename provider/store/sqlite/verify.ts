import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import { usageOf } from "../../lease/usage";
import { formatMac, isMac, type Mac } from "../../mac/mac";
import { type Range, rangesSize } from "../../mac/range";
import type { Following, Verification } from "../store";
import { Definitions } from "./definitions";
import { isCorrupt } from "./sqlite-error";

/** A question to the register whose answer should be empty; each row is one fault, in words about an address. */
interface Audit {
  readonly fault: string;
  readonly sql: string;
}

const AUDITS: readonly Audit[] = [
  {
    fault: "is a group address",
    sql: "select address from lease where (address >> 40) & 1 = 1",
  },
  {
    fault: "is live outside every range of its pool",
    sql: `select address from lease where released_at is null and not exists (
            select 1 from pool_range as r where r.pool = lease.pool and address between r.start and r."end")`,
  },
  {
    fault: "is held more than once under one owner, pool, installation and keepers",
    sql: `select max(address) as address from lease where released_at is null
          group by owner, pool, installation, rotation, slot having count(*) > 1`,
  },
  {
    fault: "has no event that matches its last change",
    sql: `select lease.address from lease left join event on event.seq = lease.seq
          where event.address is not lease.address or event.owner is not lease.owner`,
  },
  {
    fault: "was changed in the history after the lease says it was",
    sql: `select lease.address from lease join event using (address)
          where event.kind not in ('reserve', 'unreserve') group by lease.address
          having max(event.seq) > max(lease.seq)`,
  },
  {
    fault: "is in the history but has no lease",
    sql: `select distinct event.address from event left join lease using (address)
          where lease.address is null and event.address is not null and event.kind not in ('reserve', 'unreserve')`,
  },
  {
    fault: "is live in a pool that was deleted",
    sql: `select address from lease join pool on pool.id = lease.pool
          where lease.released_at is null and pool.retired = 1`,
  },
  {
    fault: "is released but still counts as a further lease of its owner",
    sql: "select address from lease where released_at is not null and slot <> 0",
  },
  {
    fault: "has a history in which an event names the wrong one before it",
    sql: `select distinct address from (
            select address, before, lag(seq) over (partition by address order by seq) as previous from event
            where address is not null and kind not in ('reserve', 'unreserve'))
          where before is not previous
          union select address from event where address is not null and kind in ('reserve', 'unreserve') and before > 0`,
  },
];

/** Questions about the whole, each row of whose answer is a fault in words. */
const STATEMENTS: readonly string[] = [
  `select 'Pools "' || one.name || '" and "' || other.name || '" have addresses in common.' from pool_range as part
   join pool_range as next on next.start > part.start and next.start <= part."end"
   join pool as one on one.id = part.pool join pool as other on other.id = next.pool`,
  `select distinct 'Pool "' || name || '" was deleted but still has addresses.' from pool_range
   join pool on pool.id = pool_range.pool where retired = 1`,
  `select 'The history has a hole between event ' || previous || ' and event ' || seq || '.'
   from (select seq, kind, lag(seq) over (order by seq) as previous from event)
   where seq <> previous + 1 and kind <> 'recover'`,
  `select 'The history has lost its beginning: the first event is ' || coalesce(min(seq), 0) || '.' from event
   having coalesce((select kind from event order by seq limit 1), '') <> 'init'`,
  "select 'The register has lost its id.' where not exists (select 1 from register)",
];

const PARTIAL_INDEXES = [
  ["lease_live", "null"],
  ["lease_released", "not null"],
  ["lease_release_order", "not null"],
] as const;

/**
 * Returns every fault of the register: SQLite's own check of the file, dangling references, then our invariants. Each
 * question is of one moment and is put through `ask`, which may put it again while the register is locked.
 *
 * @throws the reason of `following.signal`; what `ask` throws.
 */
export async function verify(
  database: Database.Database,
  following: Following = {},
  ask: <T>(question: () => T) => T | Promise<T> = (question) => question(),
): Promise<Verification> {
  const audits = AUDITS.map((audit) => () => faultsOf(audit, database));
  const questions = [
    () => damage(database),
    () => danglingReferences(database),
    ...audits,
    ...STATEMENTS.map((sql) => () => faultsIn(sql, database)),
    () => indexFaults(database),
    () => cursorFaults(database),
  ];
  const count = () => Number(database.prepare("select count(*) from lease").pluck().get());
  const faults = new Set<string>();
  for (const [index, question] of questions.entries()) {
    following.signal?.throwIfAborted();
    following.progress?.(index, questions.length, "checks done");
    const found = await ask(() => unlessDamaged(question, (fault) => [fault]));
    for (const fault of found) faults.add(fault);
    await othersTurn();
  }
  return { faults: [...faults], leases: await ask(() => unlessDamaged(count, () => 0)) };
}

/** A damaged page fails every question that meets it, SQLite's own check included; that is an answer too. */
function unlessDamaged<T>(question: () => T, otherwise: (fault: string) => T): T {
  try {
    return question();
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return otherwise("The file is damaged: a page of it cannot be read.");
  }
}

function damage(database: Database.Database): readonly string[] {
  const lines = database.prepare<[], string>("pragma integrity_check").pluck().all();
  return lines.filter((line) => line !== "ok").map((line) => `The file is damaged: ${line}.`);
}

function danglingReferences(database: Database.Database): readonly string[] {
  const rows = database.prepare<[], { table: string }>("pragma foreign_key_check").all();
  return rows.map((row) => `A row of table ${row.table} names something that is not there.`);
}

function faultsOf(audit: Audit, database: Database.Database): readonly string[] {
  return database
    .prepare<[], unknown>(audit.sql)
    .pluck()
    .all()
    .map((address) => `${addressText(address)} ${audit.fault}.`);
}

/** Returns an address in words, whatever damage has made of it. */
function addressText(address: unknown): string {
  return typeof address === "number" && isMac(address) ? formatMac(address) : "What should be an address and is none";
}

function faultsIn(sql: string, database: Database.Database): readonly string[] {
  return database.prepare<[], string>(sql).pluck().all();
}

/** SQLite's own check finds what an index over a part of its table lacks, but not what it has too much. */
function indexFaults(database: Database.Database): readonly string[] {
  const found = database.prepare<[string], number>("select count(*) from sqlite_schema where name = ?").pluck();
  return PARTIAL_INDEXES.flatMap(([index, condition]) => {
    if (found.get(index) === 0) return [`The register has lost its index ${index}.`];
    const count = (how: string) =>
      database.prepare<[], number>(`select count(*) from lease ${how} where released_at is ${condition}`).pluck().get();
    if (count(`indexed by ${index}`) === count("not indexed")) return [];
    return [`Index ${index} has another number of leases than the register.`];
  });
}

/** What a sequence has passed over it never comes back to, so every address below its cursor must have been issued. */
function cursorFaults(database: Database.Database): readonly string[] {
  const definitions = new Definitions(database);
  const cursorOf = database.prepare<[string], number>("select cursor from pool where name = ?").pluck();
  const leases = database
    .prepare<[Mac, Mac], number>("select count(*) from lease where address between ? and ?")
    .pluck();
  // Whether it still is live makes no difference here.
  const issuedIn = ({ start, end }: Range) => ({
    ...{ live: leases.get(start, end) ?? 0, quarantined: 0, reusable: 0 },
    oldestQuarantined: undefined,
  });
  return definitions.pools().flatMap((pool) => {
    const cursor = cursorOf.get(pool.name) ?? 0;
    if (!isMac(cursor)) return [`The sequence of pool "${pool.name}" goes on at ${cursor}, which is no address.`];
    const ranges = pool.ranges
      .filter(({ start }) => start < cursor)
      .map(({ start, end }) => ({ start, end: Math.min(end, cursor - 1) }));
    const passed = { ...pool, ranges, size: rangesSize(ranges) };
    const { neverIssued } = usageOf(passed, definitions.reservations(), issuedIn);
    if (neverIssued === 0) return [];
    return [
      `The sequence of pool "${pool.name}" goes on at ${formatMac(cursor)}, above ${neverIssued} of its addresses that nobody ever got.`,
    ];
  });
}
