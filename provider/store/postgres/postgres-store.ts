import { MacpoolError } from "../../error";
import { createPool, reserve } from "../../lease/administer";
import type { Ledger, LedgerView } from "../../lease/ledger";
import { type LedgerBackend, ledgerStore } from "../ledger-store";
import { type Patience, patienceOf, type Waiting } from "../patience";
import { RECONCILE } from "../remedies";
import type {
  EventFilter,
  Following,
  InitialContent,
  LeaseFilter,
  LeaseStore,
  StoreContext,
  Verification,
} from "../store";
import { Translator } from "../translator";
import { connectWhenReady } from "./connect";
import { type Database, type DatabaseOptions, type Queryable } from "./database";
import { dump } from "./dump";
import { events, leases } from "./lists";
import { translate } from "./postgres-error";
import { type Answers, Questions } from "./questions";
import { Reader } from "./reader";
import { withRetries } from "./retry";
import { createSchema, lockOf, openSchema } from "./schema";
import { verify } from "./verify";
import { Writer, writeFirst } from "./writer";

/*
 * A register in PostgreSQL. The rules of `lease/` are plain functions on a ledger, and they stay so: they run on a ledger
 * in memory (draft-ledger.ts), which knows some facts, takes everything else to be empty, and collects what is to be
 * written. No client ever holds a transaction open while it thinks.
 *
 * A group of requests is written by one statement (apply.ts). It checks, under locks, every fact that the rules relied on,
 * known or assumed, and either writes all of the group or nothing:
 * - each address has one row, so an address that was taken to be free and is not makes the statement fail;
 * - each declaration has one first live lease, by a unique index, and the number of its leases is counted;
 * - the cursor of a sequence and every lease that was looked at are locked, and must be as they were;
 * - pools and reservations must be in the state that the rules saw. Whoever grants shares a lock that whoever changes
 *   them holds alone.
 * So a new owner costs one round trip. When the check fails the facts are asked for, all in one statement and
 * therefore of one moment (questions.ts), and the rules run again. After a few attempts, and for changes of pools and
 * reservations, the group takes the lock alone (writer.ts): then nothing can come in between.
 *
 * Numbers of events come from a sequence and are drawn only by a statement that writes, so there are gaps only where two
 * statements met. A lease gets its number when the statement returns.
 *
 * When the connection breaks before the reply, the outcome is looked up: every event says which write it was part of
 * (recognise.ts).
 */

/** What tests may want otherwise, and where a password comes from. */
export interface PostgresOptions extends DatabaseOptions, Waiting {}

/**
 * Opens the register that a `postgres:` URL names.
 *
 * @throws MacpoolError INVALID_CONFIG, REGISTER_MISSING, REGISTER_UNREACHABLE, REGISTER_UNUSABLE, REGISTER_FOREIGN,
 * REGISTER_TOO_NEW or NATIVE_MODULE.
 */
export async function openPostgresStore(
  store: string,
  context: StoreContext,
  options: PostgresOptions = {},
): Promise<LeaseStore> {
  const database = await connectWhenReady(store, context, options);
  const patience = patienceOf(database.location, context, options);
  try {
    await withRetries(patience, () => openSchema(database, context.clock));
    const head = await new Questions().put(database, undefined);
    return ledgerStore(new PostgresBackend(database, context, patience, head));
  } catch (error) {
    await database.close();
    throw translate(error, database.location);
  }
}

/**
 * Creates a register in the schema that a `postgres:` URL names, which must be empty or not there, and returns where it
 * is; nothing is left behind when that fails.
 *
 * @throws MacpoolError REGISTER_EXISTS, REGISTER_FOREIGN, INVALID_CONFIG, REGISTER_UNREACHABLE, REGISTER_UNUSABLE or
 * NATIVE_MODULE.
 */
export async function createPostgresRegister(
  store: string,
  content: InitialContent,
  context: StoreContext,
  options: PostgresOptions = {},
): Promise<string> {
  const database = await connectWhenReady(store, context, options);
  try {
    await createSchema(database, context.clock, (session) => fill(session, database, content, context));
    return database.location;
  } catch (error) {
    throw translate(error, database.location);
  } finally {
    await database.close();
  }
}

async function fill(session: Queryable, { schema }: Database, content: InitialContent, context: StoreContext) {
  await session.query({
    text: `insert into register ("only", store_id, created_at) values (1, $1, $2)`,
    values: [content.storeId, context.clock()],
  });
  await writeFirst(session, lockOf(schema, "definitions"), context, (ledger) => {
    ledger.startAbove(content.seqAbove ?? 0);
    ledger.append({ kind: "init", address: undefined, pool: "", owner: "", installation: "" });
    for (const pool of content.pools) createPool(pool, ledger);
    for (const reservation of content.reservations) reserve(reservation, ledger);
  });
}

class PostgresBackend implements LedgerBackend {
  readonly location: string;
  readonly #database: Database;
  readonly #patience: Patience;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #errors: Translator;

  constructor(database: Database, context: StoreContext, patience: Patience, head: Answers) {
    this.location = database.location;
    this.#errors = new Translator((error) => translate(error, database.location));
    this.#database = database;
    this.#patience = patience;
    this.#writer = new Writer(database, context, patience, head);
    this.#reader = new Reader(database, context, patience, head);
  }

  async identity() {
    const [row] = await this.#asking<{ storeId: string; seq: number }>(
      'select store_id as "storeId", coalesce((select max(seq) from event), 0) as seq from register',
    );
    if (row === undefined) throw new Error("openSchema found a register");
    return row;
  }

  write<T>(work: (ledger: Ledger) => T): Promise<T> {
    const { damage } = this.#errors;
    if (damage !== undefined) return Promise.reject(damage);
    return this.#errors.inPromise(this.#writer.add(work));
  }

  read<T>(work: (view: LedgerView) => T): Promise<T> {
    return this.#errors.inPromise(this.#reader.add(work));
  }

  leases(filter: LeaseFilter) {
    return this.#errors.inItems(leases(this.#patient, filter));
  }

  events(filter: EventFilter) {
    return this.#errors.inItems(events(this.#patient, filter));
  }

  dump() {
    return this.#errors.inItems(dump(this.#database));
  }

  async verify(following: Following | undefined) {
    const verification = await this.#errors.inPromise(verify(this.#database, following));
    this.#noteFaults(verification);
    return verification;
  }

  #noteFaults({ faults: [first], isMendable }: Verification): void {
    if (first === undefined) return;
    this.#errors.noteDamage(unsound(this.location, `${first}${isMendable === true ? MENDED : ` ${RESTORED}`}`));
  }

  async close(): Promise<void> {
    await this.#writer.idle();
    await this.#reader.idle();
    await this.#database.close();
  }

  /** Single questions, which can be put again when the connection breaks. */
  readonly #patient: Queryable = {
    query: (statement) => withRetries(this.#patience, () => this.#database.query(statement)),
  };

  #asking<Row>(text: string): Promise<readonly Row[]> {
    return this.#errors.inPromise(this.#patient.query<Row>(text));
  }
}

const MENDED = "; then begin anew: this process writes no more.";
const RESTORED = `Restore the database from a backup, or make a new register and bring the addresses back from Pulumi state: ${RECONCILE}`;

function unsound(location: string, words: string): MacpoolError {
  return new MacpoolError("REGISTER_CORRUPT", `Register ${location} is not sound, and nothing was written. ${words}`);
}
