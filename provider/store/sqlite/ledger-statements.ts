import type Database from "better-sqlite3";
import type { Mac } from "../../mac/mac";
import type { EventRow, LeaseRow } from "../rows";
import { eventInsert, eventQuery, leaseInsert, leaseQuery } from "./rows";

/** The newest event. */
export interface Newest {
  readonly seq: number;
  readonly at: number;
}

interface Counts {
  readonly live: number;
  readonly quarantined: number;
  readonly reusable: number;
  readonly oldestQuarantined: number | null;
}

/** The counts of a range without leases. */
export const NO_LEASES: Counts = { live: 0, quarantined: 0, reusable: 0, oldestQuarantined: null };

/** The scope of an owner and the rest of it, and a pool; null is a pool that there never was. */
type OwnerKey = readonly [scope: number, rest: string, pool: number | null];

/** What a ledger asks of its tables. */
export interface LedgerStatements {
  readonly schema: Database.Statement<[], number>;
  readonly newest: Database.Statement<[], Newest>;
  readonly event: Database.Statement<[number], EventRow>;
  readonly at: Database.Statement<[Mac], LeaseRow>;
  readonly holdsAny: Database.Statement<[...OwnerKey, ...OwnerKey], number>;
  readonly held: Database.Statement<[...OwnerKey, ...OwnerKey], LeaseRow>;
  readonly liveWithin: Database.Statement<[Mac, Mac, number], LeaseRow>;
  readonly liveCount: Database.Statement<{ start: Mac; end: Mac }, { count: number }>;
  readonly longestReleased: Database.Statement<[number], LeaseRow>;
  readonly newestAt: Database.Statement<[Mac], number>;
  readonly addressesFrom: Database.Statement<[Mac, Mac], { address: Mac }>;
  readonly counts: Database.Statement<{ start: Mac; end: Mac; over: number }, Counts>;
  readonly append: Database.Statement<unknown[]>;
  readonly supersede: Database.Statement<[number]>;
  readonly put: Database.Statement<unknown[]>;
  readonly cursor: Database.Statement<[number], { cursor: Mac }>;
  readonly setCursor: Database.Statement<[Mac, number]>;
}

/** Returns the statements of a ledger, prepared once: preparing takes longer than running. */
export function ledgerStatements(database: Database.Database): LedgerStatements {
  return {
    schema: database.prepare<[], number>("pragma user_version").pluck(),
    newest: database.prepare("select seq, at from event order by seq desc limit 1"),
    event: database.prepare(`${eventQuery} where seq = ?`),
    at: database.prepare(`${leaseQuery} where address = ?`),
    // From the indexes alone: no row of a lease is read.
    holdsAny: database.prepare<[...OwnerKey, ...OwnerKey], number>(bothOf("select seq from lease")).pluck(),
    held: database.prepare(bothOf(leaseQuery)),
    liveWithin: database.prepare(
      `${leaseQuery} where address between ? and ? and pool = ? and released_at is null order by address limit 1`,
    ),
    liveCount: database.prepare(
      `select (select count(*) from lease where address between :start and :end)
            - (select count(*) from lease where address between :start and :end and released_at is not null) as count`,
    ),
    longestReleased: database.prepare(`${leaseQuery} where pool = ? and released_at is not null order by seq`),
    newestAt: database.prepare<[Mac], number>("select seq from lease where address = ?").pluck(),
    addressesFrom: database.prepare("select address from lease where address between ? and ? order by address"),
    counts: database.prepare(
      // Each from an index alone.
      `select (select count(*) from lease where address between :start and :end) - count(*) as live,
              count(*) filter (where released_at > :over) as quarantined,
              count(*) filter (where released_at <= :over) as reusable,
              min(released_at) filter (where released_at > :over) as oldestQuarantined
       from lease where address between :start and :end and released_at is not null`,
    ),
    append: database.prepare(eventInsert),
    // Its event becomes a past one by a trigger.
    supersede: database.prepare("delete from lease where seq = ?"),
    // The unique indexes on the address and on the owner have the last word.
    put: database.prepare(leaseInsert),
    cursor: database.prepare("select cursor from pool where id = ?"),
    setCursor: database.prepare("update pool set cursor = ? where id = ?"),
  };
}

/** Two searches, because live and released leases each have their own index. */
function bothOf(query: string): string {
  const ofOwner = `${query} where scope = ? and lease.owner = ? and pool = ?`;
  return `${ofOwner} and released_at is null union all ${ofOwner} and released_at is not null`;
}
