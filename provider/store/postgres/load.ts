import { MacpoolError } from "../../error";
import type { Lease } from "../../lease/lease";
import { columnsOf } from "../definition-rows";
import type { RegisterRecord } from "../record";
import type { StoreContext } from "../store";
import { connectWhenReady } from "./connect";
import { type Queryable, unhurried } from "./database";
import { newVersion } from "./definitions";
import { Names } from "./names";
import { isConstraint, translate } from "./postgres-error";
import { createSchema } from "./schema";
import { faultsOf } from "./verify";

/** Rows that go in one statement. */
const PAGE = 1000;

/** A register that was made of records. */
export interface Loaded {
  readonly location: string;
  readonly storeId: string;
  readonly seq: number;
  readonly leases: number;
}

type Of<Kind extends RegisterRecord["record"]> = Extract<RegisterRecord, { record: Kind }>;

/**
 * Creates the register that a `postgres:` URL names with exactly the content of `records`, in one transaction: nobody
 * sees it before it is whole and checked, and nothing is left behind when anything fails.
 *
 * @throws MacpoolError REGISTER_EXISTS, REGISTER_FOREIGN; INVALID_FILE when the records contradict each other or make no
 * sound register; those of `connect`; whatever `records` throws.
 */
export async function loadPostgres(
  store: string,
  records: AsyncIterable<RegisterRecord>,
  context: StoreContext,
  signal?: AbortSignal,
): Promise<Loaded> {
  const database = await connectWhenReady(store, context);
  try {
    let loaded: Omit<Loaded, "location"> | undefined;
    await createSchema(database, context.clock, async (session) => {
      // Whoever reads the records may take its time.
      await session.query("set local idle_in_transaction_session_timeout = 0");
      await session.query("set local statement_timeout = 0");
      await fill(session, records, signal);
      await session.query("set local enable_seqscan = on");
      loaded = await inspected(unhurried(session), signal);
    });
    if (loaded === undefined) throw new Error("what was not inspected is not committed");
    return { ...loaded, location: database.location };
  } catch (error) {
    throw isConstraint(error) ? contradiction(error) : translate(error, database.location);
  } finally {
    await database.close();
  }
}

async function fill(
  session: Queryable,
  records: AsyncIterable<RegisterRecord>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = new Names();
  let page: RegisterRecord[] = [];
  const flush = async () => {
    await write(page, names, session);
    page = [];
  };
  for await (const record of records) {
    signal?.throwIfAborted();
    // One statement is of one kind of records, in their order.
    if (page.length === PAGE || (page[0] !== undefined && page[0].record !== record.record)) await flush();
    page.push(record);
  }
  await flush();
}

async function write(page: readonly RegisterRecord[], names: Names, session: Queryable): Promise<void> {
  for (const record of page) {
    if (record.record === "register") await writeRegister(record, session);
    else if (record.record === "pool") await writePool(record, session);
    else if (record.record === "reservation") await writeReservation(record, session);
  }
  await writeLeases(
    page.flatMap((record) => (record.record === "lease" ? [record.lease] : [])),
    names,
    session,
  );
  await writeEvents(
    page.flatMap((record) => (record.record === "event" ? [record] : [])),
    names,
    session,
  );
}

async function writeRegister({ storeId, createdAt }: Of<"register">, session: Queryable): Promise<void> {
  const text = 'insert into register ("only", store_id, created_at, definitions) values (1, $1, $2, $3)';
  // Whoever still knows what lay in this schema before must not take its pools for these.
  await session.query({ text, values: [storeId, createdAt, newVersion()] });
}

async function writePool({ pool, cursor, isRetired }: Of<"pool">, session: Queryable): Promise<void> {
  const { name, strategy, order, quarantineSeconds, universal, description, managedBy, ranges } = pool;
  const { owner, installation, token } = columnsOf(managedBy);
  await session.query({
    text: `insert into pool (name, strategy, quarantine_seconds, universal, description, cursor, owner, installation, retired,
                             issue_order, token)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      name,
      strategy,
      quarantineSeconds,
      universal ? 1 : 0,
      description,
      cursor,
      owner,
      installation,
      isRetired ? 1 : 0,
      order,
      token,
    ],
  });
  await session.query({
    text: `insert into pool_range (start, "end", pool)
           select part.start, part."end", (select id from pool where name = $1)
           from unnest($2::bigint[], $3::bigint[]) as part (start, "end")`,
    values: [name, ranges.map(({ start }) => start), ranges.map(({ end }) => end)],
  });
}

async function writeReservation({ reservation }: Of<"reservation">, session: Queryable): Promise<void> {
  const { start, end, reason, managedBy } = reservation;
  const { owner, installation, token } = columnsOf(managedBy);
  await session.query({
    text: 'insert into reservation (start, "end", reason, owner, installation, token) values ($1, $2, $3, $4, $5, $6)',
    values: [start, end, reason, owner, installation, token],
  });
}

async function writeLeases(leases: readonly Lease[], names: Names, session: Queryable): Promise<void> {
  if (leases.length === 0) return;
  const id = await names.idsOf(
    leases.map(({ installation }) => installation),
    session,
  );
  const column = <T>(value: (lease: Lease) => T) => leases.map(value);
  await session.query({
    // A pool that is not there gives null, which the column refuses.
    text: `insert into lease (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at,
                              description, tags)
           select address, (select id from pool where name = given.pool), owner, installation, rotation, slot, token, seq,
                  acquired_at, released_at, description, tags
           from unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::bigint[], $7::text[],
                       $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[])
             as given (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at,
                       description, tags)`,
    values: [
      column(({ address }) => address),
      column(({ pool }) => pool),
      column(({ owner }) => owner),
      column(({ installation }) => id(installation)),
      column(({ rotation }) => rotation),
      column(({ slot }) => slot),
      column(({ token }) => token),
      column(({ seq }) => seq),
      column(({ acquiredAt }) => acquiredAt),
      column(({ releasedAt }) => releasedAt ?? null),
      column(({ description }) => description),
      column(({ tags }) => JSON.stringify(tags)),
    ],
  });
}

async function writeEvents(events: readonly Of<"event">[], names: Names, session: Queryable): Promise<void> {
  if (events.length === 0) return;
  const id = await names.idsOf(
    events.flatMap(({ event }) => [event.installation, event.actor]),
    session,
  );
  const column = <T>(value: (record: Of<"event">) => T) => events.map(value);
  await session.query({
    text: `insert into event (seq, at, kind, address, pool, owner, installation, actor, before)
           select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[],
                                $7::integer[], $8::integer[], $9::bigint[])`,
    values: [
      column(({ event }) => event.seq),
      column(({ event }) => event.at),
      column(({ event }) => event.kind),
      column(({ event }) => event.address ?? null),
      column(({ event }) => event.pool),
      column(({ event }) => event.owner),
      column(({ event }) => id(event.installation)),
      column(({ event }) => id(event.actor)),
      column(({ before }) => before ?? null),
    ],
  });
}

/** Has numbers go on where what was loaded ends, and checks it. */
async function inspected(session: Queryable, signal: AbortSignal | undefined): Promise<Omit<Loaded, "location">> {
  await session.query("select setval('event_seq', greatest(max(seq), 1)) from event");
  const { faults, leases } = await faultsOf(session, { signal });
  const [fault] = faults;
  if (fault !== undefined) {
    const others = faults.length === 1 ? "" : ` And ${faults.length - 1} other faults.`;
    throw new MacpoolError("INVALID_FILE", `The register to be made is not sound: ${fault}${others}`);
  }
  const [row] = await session.query<{ storeId: string; seq: number }>(
    `select store_id as "storeId", (select max(seq) from event) as seq from register`,
  );
  if (row === undefined) throw new Error("a register without an id is not sound");
  return { ...row, leases };
}

function contradiction(cause: unknown): MacpoolError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new MacpoolError("INVALID_FILE", `This contradicts what came before it (${words}).`, { cause });
}
