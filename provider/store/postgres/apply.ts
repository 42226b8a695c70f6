import { MacpoolError } from "../../error";
import type { Lease } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import type { Queryable, Statement } from "./database";
import type { DraftEvent, DraftLedger } from "./draft-ledger";
import { grant, grantsOf } from "./grant";
import type { Names } from "./names";
import { isOwner } from "./owner-index";
import { type IdOf, isNewIn, type Portion, portionOf, type Reply, writtenOf } from "./portion";
import type { Answers } from "./questions";

/** Where and by whom a draft is written. */
export interface Writing {
  readonly session: Queryable;
  /** The lock that whoever changes pools and reservations holds. */
  readonly lock: bigint;
  readonly names: Names;
}

/**
 * Writes a draft, if everything it relied on still is as it was told or took it to be: the state of pools and
 * reservations, the cursors it moves, the lease of every address it asked for, and all leases of every owner it asked for.
 * One statement checks and writes; when something differs, nothing is written and no number is drawn.
 *
 * What two statements at the same moment cannot see of each other, constraints decide: each address has one row, and each
 * declaration one first lease.
 */
export async function apply(draft: DraftLedger, answers: Answers, writing: Writing): Promise<Reply> {
  return write(portionOf(draft, answers), writing);
}

/**
 * Writes a draft event by event, inside a transaction that bars everybody else: for one that would contradict itself if
 * all of it were written at once, such as two owners that change their names for each other's.
 */
export async function applyInOrder(draft: DraftLedger, answers: Answers, writing: Writing): Promise<Reply> {
  const whole = portionOf(draft, answers);
  const seen = new Set<Mac>();
  const numbers = new Map<number, number>();
  for (const event of draft.events) {
    const before = event.before === undefined ? undefined : (numbers.get(event.before) ?? event.before);
    const leases = draft.writes
      .filter(({ seq }) => seq === event.seq)
      .map((lease) => ({ ...writtenOf(lease, draft), isNew: !seen.has(lease.address) && isNewIn(draft, lease) }));
    for (const { lease } of leases) seen.add(lease.address);
    const portion = {
      ...whole,
      owners: [],
      addresses: [],
      cursors: [],
      parts: [],
      events: [{ ...event, before }],
      leases,
    };
    const {
      numbers: [seq = 0],
    } = await write(portion, writing);
    numbers.set(event.seq, seq);
  }
  await write({ ...whole, owners: [], addresses: [], events: [], leases: [] }, writing);
  return { holds: true, numbers: [...numbers.values()], at: draft.now };
}

/** Gives the leases that a draft wrote the numbers and time of their events: those foreseen, unless others wrote meanwhile. */
export function stamp(draft: DraftLedger, { numbers, at }: Pick<Reply, "numbers" | "at">): void {
  const positions = positionsOf(draft.events);
  const now = at ?? draft.now;
  for (const lease of draft.writes) {
    const seq = numbers[positionIn(positions, lease) - 1] ?? lease.seq;
    const acquiredAt = writtenOf(lease, draft).begins ? now : lease.acquiredAt;
    const releasedAt = lease.releasedAt === draft.now ? now : lease.releasedAt;
    Object.assign(lease, { seq, acquiredAt, releasedAt });
  }
}

async function write(portion: Portion, { session, lock, names }: Writing): Promise<Reply> {
  const texts = portion.events.flatMap(({ installation, actor }) => [installation, actor]);
  // A change of labels has its event under the same installation; of a lease that was put back, too.
  const ids = await names.idsOf([...texts, ...portion.leases.map(({ lease }) => lease.installation)], session);
  const grants = grantsOf(portion);
  if (grants !== undefined) return grant(grants, lock, ids, session);
  const [reply] = await session.query<Reply>(statementOf(portion, lock, ids));
  if (reply === undefined) throw new Error("a query without a condition returns a row");
  return reply;
}

function statementOf(portion: Portion, lock: bigint, ids: IdOf): Statement {
  const { version, writeId, owners, addresses, cursors, parts } = portion;
  const values = [
    ...[lock.toString(), version],
    ...[addresses.map(([address]) => address), addresses.map(([, seq]) => seq)],
    ...[owners.map(({ owner }) => owner), owners.map(({ pool }) => pool), owners.map(({ leases }) => leases)],
    ...[cursors.map(({ pool }) => pool), cursors.map(({ from }) => from), cursors.map(({ to }) => to)],
    ...eventColumns(portion, ids),
    ...leaseColumns(portion, ids),
    ...[parts.map(({ pool }) => pool), parts.map(({ part }) => part), parts.map(({ to }) => to), writeId],
  ];
  return { name: "macpool-apply", text: APPLY, values };
}

function eventColumns({ events }: Portion, ids: IdOf): readonly unknown[] {
  const column = <T>(value: (event: DraftEvent) => T) => events.map(value);
  const positions = positionsOf(events);
  // The event before may be part of this statement, and its number is not drawn yet.
  const follows = ({ before = -1 }: DraftEvent) => positions.get(before) ?? null;
  return [
    column(({ at }) => at),
    column(({ kind }) => kind),
    column(({ address }) => address ?? null),
    column(({ pool }) => pool),
    column(({ owner }) => owner),
    column(({ installation }) => ids(installation)),
    column(({ actor }) => ids(actor)),
    column((event) => (follows(event) === null ? (event.before ?? null) : null)),
    column(follows),
  ];
}

function leaseColumns({ leases, events }: Portion, ids: IdOf): readonly unknown[] {
  const positions = positionsOf(events);
  const column = <T>(value: (lease: Lease) => T) => leases.map(({ lease }) => value(lease));
  return [
    column((lease) => positionIn(positions, lease)),
    leases.map(({ isNew }) => isNew),
    column(({ address }) => address),
    column(({ pool }) => pool),
    column(({ owner }) => owner),
    column(({ installation }) => ids(installation)),
    column(({ rotation }) => rotation),
    column(({ slot }) => slot),
    column(({ token }) => token),
    leases.map(({ lease, begins }) => (begins ? null : lease.acquiredAt)),
    column(({ releasedAt }) => releasedAt ?? null),
    column(({ description }) => description),
    column(({ tags }) => JSON.stringify(tags)),
  ];
}

/** Positions of events, from 1, by the number that was foreseen for them. */
function positionsOf(events: readonly DraftEvent[]): ReadonlyMap<number, number> {
  return new Map(events.map(({ seq }, index) => [seq, index + 1]));
}

function positionIn(positions: ReadonlyMap<number, number>, { seq }: Lease): number {
  const position = positions.get(seq);
  if (position !== undefined) return position;
  throw new MacpoolError("INTERNAL", "A lease was written without an event. Please report this as a bug.");
}

/** Rows are locked in order, so that two statements seldom wait for each other. */
const APPLY = `with
  relied as materialized (
    select address, seq from lease where address = any($3::bigint[]) order by address for update),
  sequence as materialized (
    select name, cursor from pool where name = any($8::text[]) order by id for update),
  verdict as materialized (
    select definitions_in_force($1) = $2::bigint
      and not exists (
        select from unnest($8::text[], $9::bigint[]) as known (name, cursor) join sequence using (name)
        where sequence.cursor <> known.cursor)
      and not exists (
        select from unnest($3::bigint[], $4::bigint[]) as known (address, seq) left join relied using (address)
        where coalesce(relied.seq, 0) <> known.seq)
      and not exists (
        select from unnest($5::text[], $6::text[], $7::bigint[]) as known (owner, pool, leases)
        where leases <> coalesce((
          select (select count(*) from lease
                  where ${isOwner("lease.owner", "known.owner")} and lease.pool = pool.id and released_at is null)
               + (select count(*) from lease
                  where ${isOwner("lease.owner", "known.owner")} and lease.pool = pool.id and released_at is not null)
          from pool where pool.name = known.pool), 0)) as holds),
  numbered as materialized (
    select nextval('event_seq') as seq, greatest(at, (select at from event order by seq desc limit 1)) as event_at,
           drafted.*
    from unnest($11::bigint[], $12::text[], $13::bigint[], $14::text[], $15::text[], $16::integer[], $17::integer[],
                $18::bigint[], $19::bigint[])
      with ordinality as drafted (at, kind, address, pool, owner, installation, actor, before, follows, n)
    where (select holds from verdict)),
  recorded as (
    insert into event (seq, at, kind, address, pool, owner, installation, actor, before, write_id)
    select numbered.seq, numbered.event_at, numbered.kind, numbered.address, numbered.pool, numbered.owner,
           numbered.installation, numbered.actor, coalesce(numbered.before, previous.seq), $36::bigint
    from numbered left join numbered as previous on previous.n = numbered.follows),
  written as materialized (
    select drafted.*, numbered.seq, pool.id as pool_id,
           coalesce(acquired_at, event_at) as begun_at,
           case released_at when numbered.at then event_at else released_at end as ended_at
    from unnest($20::bigint[], $21::boolean[], $22::bigint[], $23::text[], $24::text[], $25::integer[], $26::text[],
                $27::bigint[], $28::text[], $29::bigint[], $30::bigint[], $31::text[], $32::text[])
      as drafted (n, is_new, address, pool, owner, installation, rotation, slot, token, acquired_at, released_at,
                  description, tags)
    join numbered using (n) join pool on pool.name = drafted.pool
    order by drafted.address),
  changed as (
    update lease set pool = pool_id, owner = written.owner, installation = written.installation,
      rotation = written.rotation, slot = written.slot, token = written.token, seq = written.seq,
      acquired_at = begun_at, released_at = ended_at, description = written.description,
      tags = written.tags
    from written where not is_new and lease.address = written.address),
  added as (
    insert into lease (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at,
                       description, tags)
    select address, pool_id, owner, installation, rotation, slot, token, seq, begun_at, ended_at, description, tags
    from written where is_new),
  moved as (
    update pool set cursor = next.cursor
    from unnest($8::text[], $10::bigint[]) as next (name, cursor), verdict
    where pool.name = next.name and holds),
  noted as (
    insert into pool_cursor (pool, part, cursor)
    select pool.id, note.part, note.cursor
    from unnest($33::text[], $34::smallint[], $35::bigint[]) as note (name, part, cursor)
    join pool using (name), verdict where holds order by pool.id, note.part
    on conflict (pool, part) do update set cursor = greatest(pool_cursor.cursor, excluded.cursor))
  select (select holds from verdict) as holds,
         (select coalesce(json_agg(seq order by n), '[]') from numbered) as numbers,
         (select max(event_at) from numbered) as at`;
