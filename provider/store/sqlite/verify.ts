import type Database from "better-sqlite3";
import { formatMac } from "../../mac/mac";
import type { Verification } from "../store";
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
];

/** Returns every fault of the register: SQLite's own check of the file, dangling references, then our invariants. */
export function verify(database: Database.Database): Verification {
  const audits = AUDITS.map((audit) => () => faultsOf(audit, database));
  const questions = [() => damage(database), () => danglingReferences(database), ...audits, () => historyGap(database)];
  const count = () => Number(database.prepare("select count(*) from lease").pluck().get());
  return {
    faults: [...new Set(questions.flatMap((question) => unlessDamaged(question, (fault) => [fault])))],
    leases: unlessDamaged(count, () => 0),
  };
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
    .prepare<[], number>(audit.sql)
    .pluck()
    .all()
    .map((address) => `${formatMac(address)} ${audit.fault}.`);
}

function historyGap(database: Database.Database): readonly string[] {
  const { count, newest } = database
    .prepare<[], { count: number; newest: number }>(
      "select count(*) as count, coalesce(max(seq), 0) as newest from event",
    )
    .get() ?? { count: 0, newest: 0 };
  return count === newest ? [] : [`The history has ${count} events but its newest is number ${newest}.`];
}
