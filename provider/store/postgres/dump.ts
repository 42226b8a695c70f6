import { poolOfRow, type ReservationRow, reservationOfRow } from "../definition-rows";
import type { RegisterRecord } from "../record";
import { type EventRow, eventColumns, eventOfRow, eventTables, type LeaseRow, leaseOfRow, leaseQuery } from "../rows";
import { type Database, type Queryable, snapshot } from "./database";
import { type PoolRow, poolsQuery, reservationsQuery } from "./definitions";

const PAGE = 1000;

/**
 * Yields the whole register as it is when the first record is asked for, in constant memory. Others may write meanwhile;
 * only what the server would clean up waits.
 */
export async function* dump(database: Database): AsyncIterable<RegisterRecord> {
  // A session lends its connection to a function, and here whoever reads decides how long that takes.
  const opened = deferred<Queryable>();
  const over = deferred<void>();
  const lent = snapshot(database, async (session) => {
    opened.resolve(session);
    await over.promise;
  });
  lent.catch(opened.reject);
  try {
    yield* records(await opened.promise);
  } finally {
    over.resolve();
    await lent.catch(() => undefined);
  }
}

interface RegisterRow {
  readonly storeId: string;
  readonly createdAt: number;
  readonly gapsUntil: number | null;
}

/** A register that was made anew leaves numbers out too, and says so in its event. */
const registers = `select store_id as "storeId", created_at as "createdAt", (
    select max(seq) from (select seq, kind, lag(seq) over (order by seq) as previous from event) as numbered
    where seq <> previous + 1 and kind <> 'recover') as "gapsUntil"
  from register`;

async function* records(session: Queryable): AsyncIterable<RegisterRecord> {
  for (const { gapsUntil, ...row } of await session.query<RegisterRow>(registers)) {
    yield { record: "register", ...row, ...(gapsUntil === null ? {} : { gapsUntil }) };
  }
  for (const row of await session.query<PoolRow>(poolsQuery)) {
    yield { record: "pool", pool: poolOfRow(row, row.ranges), cursor: row.cursor, isRetired: row.retired === 1 };
  }
  for await (const row of fetched<ReservationRow>(session, reservationsQuery)) {
    yield { record: "reservation", reservation: reservationOfRow(row) };
  }
  for await (const row of fetched<LeaseRow>(session, `${leaseQuery} order by address`)) {
    yield { record: "lease", lease: leaseOfRow(row) };
  }
  const events = `select ${eventColumns}, before from ${eventTables} order by seq`;
  for await (const { before, ...row } of fetched<EventRow & { before: number | null }>(session, events)) {
    yield { record: "event", event: eventOfRow(row), before: before ?? undefined };
  }
}

async function* fetched<Row>(session: Queryable, query: string): AsyncIterable<Row> {
  await session.query(`declare page no scroll cursor for ${query}`);
  for (;;) {
    const rows = await session.query<Row>(`fetch ${PAGE} from page`);
    yield* rows;
    if (rows.length < PAGE) break;
  }
  await session.query("close page");
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
}
