import type { Lease, RegisterEvent } from "../../lease/lease";
import type { LeaseCounts } from "../../lease/usage";
import type { Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { type EventRow, eventOfRow, eventQuery, type LeaseRow, leaseColumns, leaseOfRow, leaseTables } from "../rows";
import type { Queryable } from "./database";
import { Definitions, type DefinitionsRow, definitionsQuery } from "./definitions";
import { isOwner } from "./owner-index";

/** An owner in a pool, also a deleted one. */
export interface OwnerInPool {
  readonly owner: string;
  readonly pool: string;
}

/** A range of addresses, those apart that a transaction has changed. */
export interface Part extends Range {
  readonly except: readonly Mac[];
}

/** Which addresses of a range have leases, from its start on. */
export interface Occupancy extends Range {
  /** Every address from `start` on up to this one has a lease; one past `end` when all have. */
  readonly gap: Mac;
  /** Which others have, ascending; all of them when fewer than {@link WINDOW}. */
  readonly taken: readonly Mac[];
}

/** How many addresses an {@link Occupancy} names. */
export const WINDOW = 256;

/** What was asked of a register, and the answers, which are all of one moment. */
export interface Answers {
  readonly definitions: Definitions;
  readonly cursors: ReadonlyMap<string, Mac>;
  /** Where the parts of relaxed pools go on, by pool and number; where nothing is said, from the part's beginning. */
  readonly parts: ReadonlyMap<string, ReadonlyMap<number, Mac>>;
  /** The newest event. */
  readonly newest: { readonly seq: number; readonly at: number };
  /** Undefined for an address that has no lease. */
  readonly leases: ReadonlyMap<Mac, Lease | undefined>;
  readonly owners: ReadonlyMap<string, readonly Lease[]>;
  readonly occupancies: ReadonlyMap<string, Occupancy>;
  /** The longest-released leases of a pool, and whether those are all. */
  readonly released: ReadonlyMap<string, { readonly leases: readonly Lease[]; readonly isAll: boolean }>;
  readonly counts: ReadonlyMap<string, LeaseCounts>;
  /** The lowest live lease of a pool in a range. */
  readonly lowest: ReadonlyMap<string, Lease | undefined>;
  readonly events: ReadonlyMap<number, RegisterEvent | undefined>;
}

/** Returns what is known when nothing was asked. */
export function empty(definitions: Definitions): Answers {
  const nothing = new Map<never, never>();
  const lists = { leases: nothing, owners: nothing, occupancies: nothing, released: nothing };
  const newest = { seq: 0, at: 0 };
  return {
    definitions,
    cursors: nothing,
    parts: nothing,
    newest,
    ...lists,
    counts: nothing,
    lowest: nothing,
    events: nothing,
  };
}

/** Returns what a question is filed under. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return parts.join("\n");
}

interface AnswerRow {
  readonly definitions: DefinitionsRow | null;
  readonly version: number;
  readonly cursors: Readonly<Record<string, Mac>>;
  readonly newest: { readonly seq: number; readonly at: number } | null;
  readonly leases?: readonly LeaseRow[];
  readonly owners?: readonly LeaseRow[];
  readonly parts?: readonly (readonly { readonly part: number; readonly cursor: Mac }[])[];
  readonly occupancies?: readonly { readonly gap: Mac; readonly taken: readonly Mac[] }[];
  readonly released?: readonly (readonly LeaseRow[])[];
  readonly counts?: readonly (Omit<LeaseCounts, "oldestQuarantined"> & { readonly oldest: number | null })[];
  readonly lowest?: readonly (LeaseRow | null)[];
  readonly events?: readonly EventRow[];
}

/** What a transaction asks. It is put as one statement, so that all answers are of one moment. */
export class Questions {
  readonly leases = new Set<Mac>();
  readonly owners = new Map<string, OwnerInPool>();
  /** Relaxed pools whose parts are asked for. */
  readonly parts = new Set<string>();
  readonly occupancies = new Map<string, Range>();
  /** Pools whose longest-released leases are asked for, and how many of them. */
  readonly released = new Map<string, number>();
  readonly counts = new Map<string, Part & { readonly over: number }>();
  readonly lowest = new Map<string, Part & { readonly pool: string }>();
  readonly events = new Set<number>();

  /** Asks all that `others` ask too. */
  add(others: Questions): void {
    for (const address of others.leases) this.leases.add(address);
    for (const [key, owner] of others.owners) this.owners.set(key, owner);
    for (const pool of others.parts) this.parts.add(pool);
    for (const [key, range] of others.occupancies) this.occupancies.set(key, range);
    for (const [pool, limit] of others.released) this.released.set(pool, Math.max(limit, this.released.get(pool) ?? 0));
    for (const [key, part] of others.counts) this.counts.set(key, part);
    for (const [key, part] of others.lowest) this.lowest.set(key, part);
    for (const seq of others.events) this.events.add(seq);
  }

  /** Asks them; `known` is what the caller has of pools and reservations, which are sent only if they have changed. */
  async put(database: Queryable, known: Definitions | undefined): Promise<Answers> {
    const values: unknown[] = [known?.version ?? null];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const parts = [...HEAD, ...this.#parts(bind)].map(([name, sql]) => `${sql} as ${name}`);
    const [row] = await database.query<AnswerRow>({ text: `select ${parts.join(", ")}`, values });
    if (row === undefined) throw new Error("a query without a condition returns a row");
    return this.#answersOf(row, known);
  }

  #parts(bind: (value: unknown) => string): readonly (readonly [string, string])[] {
    const parts: (readonly [string, string])[] = [];
    if (this.leases.size > 0) parts.push(["leases", leasesAt([...this.leases], bind)]);
    if (this.owners.size > 0) parts.push(["owners", leasesOf([...this.owners.values()], bind)]);
    if (this.parts.size > 0) parts.push(["parts", list([...this.parts].map((pool) => partsOf(pool, bind)))]);
    if (this.occupancies.size > 0) parts.push(["occupancies", occupanciesIn([...this.occupancies.values()], bind)]);
    if (this.released.size > 0) parts.push(["released", longestReleased([...this.released], bind)]);
    if (this.counts.size > 0)
      parts.push(["counts", list([...this.counts.values()].map((part) => countsIn(part, bind)))]);
    if (this.lowest.size > 0)
      parts.push(["lowest", list([...this.lowest.values()].map((part) => lowestIn(part, bind)))]);
    if (this.events.size > 0)
      parts.push(["events", rows(`${eventQuery} where seq = any(${bind([...this.events])}::bigint[])`)]);
    return parts;
  }

  #answersOf(row: AnswerRow, known: Definitions | undefined): Answers {
    const definitions = row.definitions === null ? known : Definitions.ofRow(row.definitions);
    if (definitions === undefined) throw new Error("what is not known is sent");
    const found = (row.leases ?? []).map(leaseOfRow);
    const leases = new Map<Mac, Lease | undefined>([...this.leases].map((address) => [address, undefined]));
    for (const lease of found) leases.set(lease.address, lease);
    const events = new Map<number, RegisterEvent | undefined>([...this.events].map((seq) => [seq, undefined]));
    for (const event of row.events ?? []) events.set(event.seq, eventOfRow(event));
    return {
      definitions,
      cursors: new Map(Object.entries(row.cursors)),
      newest: row.newest ?? { seq: 0, at: 0 },
      leases,
      owners: this.#byOwner((row.owners ?? []).map(leaseOfRow)),
      parts: zipped(new Map([...this.parts].map((pool) => [pool, pool])), row.parts, (_, answer) => {
        return new Map(answer.map(({ part, cursor }) => [part, cursor]));
      }),
      occupancies: zipped(this.occupancies, row.occupancies, (range, answer) => ({ ...range, ...answer })),
      released: zipped(this.released, row.released, (limit, answer) => {
        return { leases: answer.map(leaseOfRow), isAll: answer.length < limit };
      }),
      counts: zipped(this.counts, row.counts, (_, { oldest, ...counts }) => {
        return { ...counts, oldestQuarantined: oldest ?? undefined };
      }),
      lowest: zipped(this.lowest, row.lowest, (_, answer) => (answer === null ? undefined : leaseOfRow(answer))),
      events,
    };
  }

  #byOwner(found: readonly Lease[]): ReadonlyMap<string, readonly Lease[]> {
    const owners = new Map<string, Lease[]>([...this.owners.keys()].map((key) => [key, []]));
    for (const lease of found) owners.get(keyOf(lease.owner, lease.pool))?.push(lease);
    return owners;
  }
}

/** The answers come in the order of the questions. */
function zipped<Question, Row, Answer>(
  questions: ReadonlyMap<string, Question>,
  answers: readonly Row[] = [],
  answerOf: (question: Question, row: Row) => Answer,
): ReadonlyMap<string, Answer> {
  return new Map(
    [...questions].flatMap(([key, question], index) => {
      const row = answers[index];
      return row === undefined ? [] : [[key, answerOf(question, row)] as const];
    }),
  );
}

/** What every answer brings, because every transaction depends on it. */
const HEAD: readonly (readonly [string, string])[] = [
  ["version", "(select definitions from register)"],
  [
    "definitions",
    `case when $1::bigint is distinct from (select definitions from register) then ${definitionsQuery} end`,
  ],
  ["cursors", "(select coalesce(json_object_agg(name, cursor), '{}') from pool)"],
  ["newest", "(select json_build_object('seq', seq, 'at', at) from event order by seq desc limit 1)"],
];

type Bind = (value: unknown) => string;

function rows(query: string): string {
  return `(select coalesce(json_agg(row_to_json(found)), '[]') from (${query}) as found)`;
}

/** Not json_build_array, as any function takes at most 100 arguments. */
function list(expressions: readonly string[]): string {
  return `to_json(array[${expressions.join(", ")}]::json[])`;
}

const select = `select ${leaseColumns} from ${leaseTables}`;

function leasesAt(addresses: readonly Mac[], bind: Bind): string {
  return rows(`${select} where address = any(${bind(addresses)}::bigint[])`);
}

/** Each of the two indexes by owner holds one kind of lease. */
function leasesOf(owners: readonly OwnerInPool[], bind: Bind): string {
  const names = bind(owners.map(({ owner }) => owner));
  const pools = bind(owners.map(({ pool }) => pool));
  const of = (condition: string) =>
    `${select} join unnest(${names}::text[], ${pools}::text[]) as asked (owner, pool)
       on ${isOwner("lease.owner", "asked.owner")} and pool.name = asked.pool where released_at is ${condition}`;
  return rows(`${of("null")} union all ${of("not null")}`);
}

function partsOf(pool: string, bind: Bind): string {
  return rows(
    `select part, cursor from pool_cursor where pool_cursor.pool = (select id from pool where name = ${bind(pool)})`,
  );
}

function occupanciesIn(ranges: readonly Range[], bind: Bind): string {
  const starts = bind(ranges.map(({ start }) => start));
  const ends = bind(ranges.map(({ end }) => end));
  return `(select json_agg(json_build_object('gap', gap, 'taken', (
      select coalesce(json_agg(address), '[]') from (
        select address from lease where address > gap and address <= part."end" order by address limit ${WINDOW}) as next))
      order by n)
    from unnest(${starts}::bigint[], ${ends}::bigint[]) with ordinality as part (start, "end", n),
    lateral (select case
      when not exists (select from lease where address = part.start) then part.start
      else (
        select address + 1 from (
          select address, lead(address) over (order by address) as following from lease
          where address between part.start and part."end") as pair
        where following is distinct from address + 1 order by address limit 1)
      end as gap) as first)`;
}

function longestReleased(pools: readonly (readonly [string, number])[], bind: Bind): string {
  return list(
    pools.map(([pool, limit]) =>
      rows(
        `${select} where lease.pool = (select id from pool where name = ${bind(pool)}) and released_at is not null
         order by seq limit ${limit}`,
      ),
    ),
  );
}

function within({ start, end, except }: Part, bind: Bind): string {
  return `address between ${bind(start)}::bigint and ${bind(end)}::bigint and address <> all(${bind(except)}::bigint[])`;
}

function countsIn(part: Part & { readonly over: number }, bind: Bind): string {
  const over = `${bind(part.over)}::bigint`;
  return `(select json_build_object(
      'live', count(*) filter (where released_at is null),
      'quarantined', count(*) filter (where released_at > ${over}),
      'reusable', count(*) filter (where released_at <= ${over}),
      'oldest', min(released_at) filter (where released_at > ${over}))
    from lease where ${within(part, bind)})`;
}

function lowestIn(part: Part & { readonly pool: string }, bind: Bind): string {
  return `(select row_to_json(found) from (
    ${select} where ${within(part, bind)} and pool.name = ${bind(part.pool)} and released_at is null
    order by address limit 1) as found)`;
}
