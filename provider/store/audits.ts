import type { Pool, Reservation } from "../lease/pool";
import { usageOf } from "../lease/usage";
import { formatMac, isMac, type Mac } from "../mac/mac";
import { type Range, rangesSize } from "../mac/range";

/** A question to the register whose answer should be empty; each row is one fault, in words about an address. */
export interface Audit {
  readonly fault: string;
  readonly sql: string;
}

/** Asked of every kind of register, in words that both kinds of SQL have. */
export const AUDITS: readonly Audit[] = [
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
    // Of an owner that is gone, nothing else has a second copy.
    fault: "was released under another owner or installation than it had",
    sql: `select address from event where kind = 'release' and exists (
            select 1 from event as previous where previous.seq = event.before
              and (previous.owner <> event.owner or previous.installation <> event.installation))`,
  },
  {
    fault: "has a history in which an event names the wrong one before it",
    sql: `select distinct address from (
            select address, before, lag(seq) over (partition by address order by seq) as previous from event
            where address is not null and kind not in ('reserve', 'unreserve')) as link
          where before is distinct from previous
          union select address from event where address is not null and kind in ('reserve', 'unreserve') and before > 0`,
  },
];

/** Questions about the whole, each row of whose answer is a fault in words. */
export const STATEMENTS: readonly string[] = [
  `select 'Pools "' || one.name || '" and "' || other.name || '" have addresses in common.' from pool_range as part
   join pool_range as next on next.start > part.start and next.start <= part."end"
   join pool as one on one.id = part.pool join pool as other on other.id = next.pool`,
  `select distinct 'Pool "' || name || '" was deleted but still has addresses.' from pool_range
   join pool on pool.id = pool_range.pool where retired = 1`,
  `select 'The history has lost its beginning: the first event is ' || coalesce(min(seq), 0) || '.' from event
   having coalesce((select kind from event order by seq limit 1), '') <> 'init'`,
  "select 'The register has lost its id.' where not exists (select 1 from register)",
];

/**
 * Returns what is wrong with where a pool's sequence goes on: what it has passed over it never comes back to, so every
 * address below must have been issued. `issuedIn` counts the leases in a range, live or not.
 */
export function cursorFaults(
  pool: Pool,
  cursor: Mac,
  reservations: readonly Reservation[],
  issuedIn: (range: Range) => number,
): readonly string[] {
  if (!isMac(cursor)) return [`The sequence of pool "${pool.name}" goes on at ${cursor}, which is no address.`];
  const ranges = pool.ranges
    .filter(({ start }) => start < cursor)
    .map(({ start, end }) => ({ start, end: Math.min(end, cursor - 1) }));
  const passed = { ...pool, ranges, size: rangesSize(ranges) };
  const { neverIssued } = usageOf(passed, reservations, (range) => ({
    // Whether it still is live makes no difference here.
    live: issuedIn(range),
    quarantined: 0,
    reusable: 0,
    oldestQuarantined: undefined,
  }));
  if (neverIssued === 0) return [];
  return [
    `The sequence of pool "${pool.name}" goes on at ${formatMac(cursor)}, above ${neverIssued} of its addresses that nobody ever got.`,
  ];
}
