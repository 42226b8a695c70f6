import type { Lease } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import type { Queryable, Statement } from "./database";
import type { DraftEvent } from "./draft-ledger";
import { beginningOf, isOwner } from "./owner-index";
import type { PartCursor } from "./parts";
import type { IdOf, Portion, Reply } from "./portion";

/** New leases of one pool that owners get who had none, and nothing else. */
interface Grants {
  readonly pool: string;
  readonly version: number;
  readonly writeId: string;
  /** Whoever must have had no lease in the pool. */
  readonly owners: readonly string[];
  readonly events: readonly DraftEvent[];
  readonly leases: readonly Lease[];
  /** Where the sequence went on, and goes on now. */
  readonly cursor: { readonly from: Mac; readonly to: Mac } | undefined;
  /** Where a part of a relaxed pool goes on. */
  readonly part: PartCursor | undefined;
}

interface GrantedRow {
  readonly address: Mac;
  readonly seq: number;
  readonly at: number;
}

/** Returns what a portion grants, if that is all it does: nearly every portion of a first `up` does nothing else. */
export function grantsOf(portion: Portion): Grants | undefined {
  const { version, writeId, owners, addresses, cursors, parts, events } = portion;
  const pool = events[0]?.pool;
  const isPlain =
    pool !== undefined &&
    events.length === portion.leases.length &&
    addresses.length === events.length &&
    addresses.every(([, seq]) => seq === 0) &&
    owners.every((owner) => owner.pool === pool && owner.leases === 0) &&
    cursors.length + parts.length <= 1 &&
    [...cursors, ...parts].every((moved) => moved.pool === pool) &&
    portion.leases.every(({ lease, isNew }, index) => isNew && isGrantOf(lease, events[index], pool));
  if (!isPlain) return undefined;
  const leases = portion.leases.map(({ lease }) => lease);
  return {
    pool,
    version,
    writeId,
    owners: owners.map(({ owner }) => owner),
    events,
    leases,
    cursor: cursors[0],
    part: parts[0],
  };
}

function isGrantOf(lease: Lease, event: DraftEvent | undefined, pool: string): boolean {
  return (
    event !== undefined &&
    event.seq === lease.seq &&
    event.pool === pool &&
    lease.pool === pool &&
    event.address === lease.address &&
    event.owner === lease.owner &&
    event.installation === lease.installation &&
    event.at === lease.acquiredAt &&
    event.before === undefined &&
    lease.releasedAt === undefined
  );
}

/** Writes grants, if all they rely on is so; see `apply`, whose shorter form this is. */
export async function grant(grants: Grants, lock: bigint, ids: IdOf, session: Queryable): Promise<Reply> {
  const rows = await session.query<GrantedRow>(statementOf(grants, lock, ids));
  if (rows.length === 0) return { holds: false, numbers: [], at: null };
  const numbers = new Map(rows.map(({ address, seq }) => [address, seq]));
  return {
    holds: true,
    numbers: grants.leases.map(({ address }) => numbers.get(address) ?? 0),
    at: rows[0]?.at ?? null,
  };
}

function statementOf(grants: Grants, lock: bigint, ids: IdOf): Statement {
  const { pool, version, writeId, owners, events, leases, cursor, part } = grants;
  const [event] = events;
  const [lease] = leases;
  if (event === undefined || lease === undefined) throw new Error("what grants nothing is no grant");
  const from = cursor?.from ?? part?.part ?? 0;
  const to = cursor?.to ?? part?.to ?? 0;
  const first = [lock.toString(), version, pool, from, to, event.at, ids(event.actor), writeId];
  const moves = cursor !== undefined ? "cursor" : part !== undefined ? "part" : "nothing";
  if (leases.length === 1 && owners.length === 1 && owners[0] === lease.owner) {
    const values = [...first, event.kind, ...rowOf(lease, ids)];
    return { name: `macpool-apply-grant-${moves}`, text: ONE[moves], values };
  }
  const rows = leases.map((one) => rowOf(one, ids));
  const columns = COLUMNS.map((_, column) => rows.map((row) => row[column]));
  const values = [...first, events.map(({ kind }) => kind), ...columns, owners];
  return { name: `macpool-apply-grants-${moves}`, text: MANY[moves], values };
}

function rowOf(lease: Lease, ids: IdOf): readonly (string | number)[] {
  const { address, owner, installation, rotation, slot, token, description, tags } = lease;
  return [address, owner, ids(installation), rotation, slot, token, description, JSON.stringify(tags)];
}

/** Of the values of {@link rowOf}. */
const COLUMNS = ["bigint", "text", "integer", "text", "bigint", "text", "text", "text"];

/** What of a pool goes on besides: the cursor of its sequence, that of one of its parts, or neither. */
type Moves = "nothing" | "cursor" | "part";

/** What the statement is like for one lease, and for many. */
interface Form {
  readonly condition: string;
  readonly given: string;
}

/**
 * When something differs no row of the pool is found, and so nothing is written and no number drawn. A cursor that another
 * transaction moves is waited for, and compared again.
 */
function textOf({ condition, given }: Form, moves: Moves): string {
  const all = `name = $3::text and definitions_in_force($1::bigint) = $2::bigint and ${condition}`;
  const found =
    moves === "cursor"
      ? `update pool set cursor = $5::bigint where cursor = $4::bigint and ${all} returning id`
      : `select id from pool where coalesce($4::bigint, $5::bigint) is not null and ${all}`;
  const noted = `noted as (
    insert into pool_cursor (pool, part, cursor) select id, $4::bigint, $5::bigint from place
    on conflict (pool, part) do update set cursor = greatest(pool_cursor.cursor, excluded.cursor)),`;
  return `with
  place as materialized (${found}),${moves === "part" ? noted : ""}
  numbered as materialized (
    select nextval('event_seq') as seq, greatest($6::bigint, (select at from event order by seq desc limit 1)) as at,
           place.id, given.*
    from place, ${given} as given (kind, address, owner, installation, rotation, slot, token, description, tags)),
  recorded as (
    insert into event (seq, at, kind, address, pool, owner, installation, actor, write_id)
    select seq, at, kind, address, $3::text, owner, installation, $7::integer, $8::bigint from numbered)
  insert into lease (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, description, tags)
  select address, id, owner, installation, rotation, slot, token, seq, at, description, tags
  from numbered order by address
  returning address, seq, acquired_at as at`;
}

function textsOf(form: Form): Readonly<Record<Moves, string>> {
  return { nothing: textOf(form, "nothing"), cursor: textOf(form, "cursor"), part: textOf(form, "part") };
}

/** Each of the two indexes by owner holds one kind of lease. */
function noLeaseOf(isAsked: string): string {
  const kinds = ["null", "not null"];
  const none = (kind: string) =>
    `not exists (select from lease where ${isAsked} and lease.pool = pool.id and released_at is ${kind})`;
  return kinds.map(none).join(" and ");
}

function isOneOf(owners: string): string {
  const beginnings = `array(select ${beginningOf("one")} from unnest(${owners}) as one)`;
  return `${beginningOf("owner")} = any(${beginnings}) and owner = any(${owners})`;
}

const ONE = textsOf({
  condition: `not exists (select from lease where address = $10::bigint) and ${noLeaseOf(isOwner("owner", "$11::text"))}`,
  given: `(values ($9::text, ${COLUMNS.map((type, index) => `$${index + 10}::${type}`).join(", ")}))`,
});

const MANY = textsOf({
  condition: `not exists (select from lease where address = any($10::bigint[])) and ${noLeaseOf(isOneOf("$18::text[]"))}`,
  given: `unnest($9::text[], ${COLUMNS.map((type, index) => `$${index + 10}::${type}[]`).join(", ")})`,
});
