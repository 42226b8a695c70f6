import { setImmediate as othersTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import { formatMac, isMac, type Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { AUDITS, type Audit, cursorFaults, STATEMENTS } from "../audits";
import type { Following, Verification } from "../store";
import { Definitions } from "./definitions";
import { isCorrupt, isOfAnotherSchema, isTooLarge } from "./sqlite-error";

/**
 * Here numbers are drawn under a lock, so that none is missing but where the register was made anew, or came from
 * PostgreSQL.
 */
const HOLES = `select 'The history has a hole between event ' || previous || ' and event ' || seq || '.'
   from (select seq, kind, lag(seq) over (order by seq) as previous from event)
   where seq <> previous + 1 and kind <> 'recover' and seq > (select coalesce(max(gaps_until), 0) from register)`;

/** A lease and its newest event are one row, which has its number and its address to itself. */
const ONE_ROW_AUDITS: readonly Audit[] = [
  {
    fault: "is no address",
    sql: "select address from lease where address not between 1 and 281474976710654",
  },
  {
    fault: "is held more than once under one owner, pool, installation and keepers",
    sql: `select max(address) as address from lease where released_at is null
          group by scope, owner, pool, installation, rotation, slot having count(*) > 1`,
  },
  {
    fault: "has an owner of which the scope is no scope",
    sql: "select address from lease join name on name.id = scope where value <> rtrim(value, replace(value, '/', ''))",
  },
  {
    fault: "has more than one lease",
    sql: "select address from lease not indexed group by address having count(*) > 1",
  },
  {
    fault: "has the number of its last change in common with an earlier one",
    sql: "select lease.address from lease join past_event using (seq)",
  },
  {
    fault: "was changed in the history after the lease says it was",
    sql: `select distinct lease.address from past_event join lease using (address)
          where past_event.kind not in ('reserve', 'unreserve') and past_event.seq > lease.seq`,
  },
];

/** PostgreSQL has no function for it, and its server checks what it stores. */
const UNREADABLE_TAGS: Audit = {
  fault: "has tags that cannot be read",
  sql: "select address from lease where case when json_valid(tags) then json_type(tags) <> 'object' else 1 end",
};

const RELEASED = "released_at is not null";

/** The indexes of leases, and which of them each has. */
const INDEXES = [
  ["lease_address", "true"],
  ["lease_live", "released_at is null"],
  ["lease_released", RELEASED],
  ["lease_release_order", RELEASED],
  ["lease_released_address", RELEASED],
] as const;

/** What keeps the history. */
const TRIGGERS = [
  "past_event_is_never_rewritten",
  "past_event_is_never_deleted",
  "lease_is_never_rewritten",
  "lease_becomes_past",
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
  const audits = [...AUDITS, ...ONE_ROW_AUDITS, UNREADABLE_TAGS].map((audit) => () => faultsOf(audit, database));
  const questions = [
    () => damage(database),
    () => danglingReferences(database),
    ...audits,
    ...[...STATEMENTS, HOLES].map((sql) => () => faultsIn(sql, database)),
    () => indexFaults(database),
    () => triggerFaults(database),
    () => sequenceFaults(database),
  ];
  const count = () => Number(database.prepare("select count(*) from lease").pluck().get());
  const faults = new Set<string>();
  for (const [index, question] of questions.entries()) {
    following.signal?.throwIfAborted();
    following.progress?.(index, questions.length, "checks done");
    // Some ask the register several times, and others may write in between.
    const atOnce = database.transaction(question);
    const found = await ask(() =>
      unlessDamaged(
        () => atOnce(),
        (fault) => [fault],
      ),
    );
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
    if (isCorrupt(error)) return otherwise("The file is damaged: a page of it cannot be read.");
    if (isTooLarge(error))
      return otherwise("A row of it takes more memory than there is, as only a damaged one should.");
    if (!isOfAnotherSchema(error) || !(error instanceof Error)) throw error;
    return otherwise(`The file is damaged: its tables are not what they should be (${error.message}).`);
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
  return INDEXES.flatMap(([index, condition]) => {
    if (found.get(index) === 0) return [`The register has lost its index ${index}.`];
    const count = (how: string) =>
      database.prepare<[], number>(`select count(*) from lease ${how} where ${condition}`).pluck().get();
    if (count(`indexed by ${index}`) === count("not indexed")) return [];
    return [`Index ${index} has another number of leases than the register.`];
  });
}

function triggerFaults(database: Database.Database): readonly string[] {
  const found = database.prepare<[], string>("select name from sqlite_schema where type = 'trigger'").pluck().all();
  return TRIGGERS.filter((name) => !found.includes(name)).map((name) => `The register has lost its trigger ${name}.`);
}

function sequenceFaults(database: Database.Database): readonly string[] {
  const definitions = new Definitions(database);
  const cursorOf = database.prepare<[string], number>("select cursor from pool where name = ?").pluck();
  const leases = database
    .prepare<[Mac, Mac], number>("select count(*) from lease where address between ? and ?")
    .pluck();
  const issuedIn = ({ start, end }: Range) => leases.get(start, end) ?? 0;
  return definitions
    .pools()
    .flatMap((pool) => cursorFaults(pool, cursorOf.get(pool.name) ?? 0, definitions.reservations(), issuedIn));
}
