import type { Lease, RegisterEvent } from "../../lease/lease";
import { compareOwners } from "../../lease/owner";
import type { Mac } from "../../mac/mac";
import { listed } from "../listing";
import { type EventRow, eventOfRow, eventQuery, type LeaseRow, leaseColumns, leaseOfRow, leaseTables } from "../rows";
import type { EventFilter, LeaseFilter } from "../store";
import type { Queryable } from "./database";
import { beginningOf, isOwner } from "./owner-index";

/** Few rows first, so that the first is there at once. */
const FIRST_PAGE = 50;
const PAGE = 1000;

/** Yields the leases that match, in the order of `LeaseStore.list`. */
export function leases(database: Queryable, filter: LeaseFilter): AsyncIterable<Lease> {
  return listed(filter, {
    byAddress: (by) => leasesByAddress(database, by),
    byOwner: (by, isOwned) => leasesByOwner(database, by, isOwned),
    areUnowned: (few) => areUnowned(database, few),
  });
}

type Bind = (value: unknown) => string;
type Fetch<Row> = (after: Row | undefined, limit: number) => Promise<readonly Row[]>;

async function* leasesByAddress(database: Queryable, filter: LeaseFilter): AsyncIterable<Lease> {
  const page: Fetch<LeaseRow> = (after, limit) => {
    const values: unknown[] = [];
    const bind: Bind = (value) => `$${values.push(value)}`;
    const conditions = [`address > ${bind(after?.address ?? -1)}::bigint`, ...matching(filter, bind)];
    if (filter.owner !== undefined) conditions.push(`lease.owner = ${bind(filter.owner)}`);
    return database.query({
      text: `${select} where ${conditions.join(" and ")} order by address limit ${limit}`,
      values,
    });
  };
  for await (const row of paged(page)) yield leaseOfRow(row);
}

/** There is an index by owner for live leases and one for released ones, which are read side by side. */
async function* leasesByOwner(database: Queryable, filter: LeaseFilter, isOwned = false): AsyncIterable<Lease> {
  const { owner, ownerPrefix = "", state } = filter;
  if (owner !== undefined && !owner.startsWith(ownerPrefix)) return;
  const live = state === "released" ? [] : paged(pageByOwner(database, { ...filter, state: "live" }, isOwned));
  const released = state === "live" ? [] : paged(pageByOwner(database, { ...filter, state: "released" }, isOwned));
  for await (const row of merged(live, released)) yield leaseOfRow(row);
}

function pageByOwner(database: Queryable, filter: LeaseFilter, isOwned: boolean): Fetch<LeaseRow> {
  return (after, limit) => {
    const values: unknown[] = [];
    const bind: Bind = (value) => `$${values.push(value)}`;
    const conditions = [...matching(filter, bind), ...ownedBy(filter, bind)];
    if (isOwned) conditions.push(`${beginning} > ''`);
    if (after !== undefined) {
      const owner = bind(after.owner);
      conditions.push(`${beginning} >= ${beginningOf(owner)}`);
      conditions.push(`(lease.owner, address) > (${owner}, ${bind(after.address)}::bigint)`);
    }
    const order = `${beginning}, lease.owner, address`;
    const text = `${select} where ${conditions.join(" and ")} order by ${order} limit ${limit}`;
    return database.query({ text, values });
  };
}

async function areUnowned(database: Queryable, few: number): Promise<boolean> {
  const unowned = isOwner("owner", "''");
  const [{ count } = { count: 0 }] = await database.query<{ count: number }>({
    text: `select count(*) as count from (
             select 1 from lease where ${unowned} and released_at is null
             union all select 1 from lease where ${unowned} and released_at is not null limit $1::bigint) as unowned`,
    values: [few + 1],
  });
  return count > few;
}

function ownedBy({ owner, ownerPrefix = "" }: LeaseFilter, bind: Bind): readonly string[] {
  if (owner !== undefined) return [isOwner("lease.owner", bind(owner))];
  if (ownerPrefix === "") return [];
  const from = bind(ownerPrefix);
  const conditions = [`${beginning} >= ${beginningOf(from)}`, `lease.owner >= ${from}`];
  const end = successor(ownerPrefix);
  if (end === undefined) return conditions;
  const until = bind(end);
  return [...conditions, `${beginning} <= ${beginningOf(until)}`, `lease.owner < ${until}`];
}

/** Returns the first text, in the order of UTF-8 bytes, after all that begin with `prefix`; undefined when there is none. */
function successor(prefix: string): string | undefined {
  const characters = [...prefix];
  while (characters.length > 0) {
    const last = characters.pop()?.codePointAt(0) ?? 0;
    // What lies between is no character by itself.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    if (next <= 0x10ffff) return [...characters, String.fromCodePoint(next)].join("");
  }
  return undefined;
}

const beginning = beginningOf("lease.owner");

const select = `select ${leaseColumns} from ${leaseTables}`;

function matching({ pool, state }: LeaseFilter, bind: Bind): readonly string[] {
  const conditions: string[] = [];
  if (pool !== undefined) conditions.push(`lease.pool = (select id from pool where name = ${bind(pool)})`);
  if (state !== undefined) conditions.push(`released_at is ${state === "live" ? "null" : "not null"}`);
  return conditions;
}

async function* paged<Row>(fetch: Fetch<Row>): AsyncIterable<Row> {
  let after: Row | undefined;
  for (let limit = FIRST_PAGE; ; limit = PAGE) {
    const rows = await fetch(after, limit);
    yield* rows;
    after = rows.at(-1);
    if (rows.length < limit) return;
  }
}

/** Yields the rows of both in order of owner, those of `first` before those of `second` where the owner is the same. */
async function* merged(
  first: AsyncIterable<LeaseRow> | Iterable<LeaseRow>,
  second: AsyncIterable<LeaseRow> | Iterable<LeaseRow>,
): AsyncIterable<LeaseRow> {
  const others = forwards(second);
  let other = await others.next();
  for await (const row of first) {
    for (; other.done !== true && compareOwners(other.value.owner, row.owner) < 0; other = await others.next()) {
      yield other.value;
    }
    yield row;
  }
  for (; other.done !== true; other = await others.next()) yield other.value;
}

async function* forwards<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void> {
  yield* items;
}

/** Yields the events that match, oldest first. */
export function events(database: Queryable, filter: EventFilter): AsyncIterable<RegisterEvent> {
  const { address, owner } = filter;
  return address === undefined ? allEvents(database, owner) : eventsOf(address, database, owner);
}

/** Reads through everything, in pages that are as long whether or not their events match. */
async function* allEvents(database: Queryable, owner: string | undefined): AsyncIterable<RegisterEvent> {
  let after = 0;
  for (;;) {
    const rows = await database.query<EventRow>({
      text: `${eventQuery} where seq > $1::bigint order by seq limit ${PAGE}`,
      values: [after],
    });
    yield* rows.filter((row) => owner === undefined || row.owner === owner).map(eventOfRow);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.seq;
  }
}

/** Follows the address's own history back from its newest event, and yields it forwards: only numbers are kept. */
async function* eventsOf(address: Mac, database: Queryable, owner: string | undefined): AsyncIterable<RegisterEvent> {
  const numbers: number[] = [];
  for await (const page of chain(address, database)) numbers.push(...page);
  numbers.reverse();
  for (let start = 0; start < numbers.length; start += PAGE) {
    const rows = await database.query<EventRow>({
      text: `${eventQuery} where seq = any($1::bigint[]) order by seq`,
      values: [numbers.slice(start, start + PAGE)],
    });
    yield* rows.filter((row) => owner === undefined || row.owner === owner).map(eventOfRow);
  }
}

/** Yields the numbers of an address's events, newest first, in pages. */
async function* chain(address: Mac, database: Queryable): AsyncIterable<readonly number[]> {
  const [newest] = await database.query<{ seq: number }>({
    text: "select seq from lease where address = $1::bigint",
    values: [address],
  });
  let from = newest?.seq ?? 0;
  while (from > 0) {
    // A link that leads forwards is damage, and would be followed for ever.
    const links = await database.query<{ seq: number; before: number | null }>({
      text: `with recursive chain (seq, before) as (
               select seq, case when before < seq then before end from event where seq = $1::bigint
               union all
               select event.seq, case when event.before < event.seq then event.before end
               from chain join event on event.seq = chain.before)
             select seq, before from chain limit ${PAGE}`,
      values: [from],
    });
    yield links.map(({ seq }) => seq);
    from = links.at(-1)?.before ?? 0;
  }
}
