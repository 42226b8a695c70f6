import type pg from "pg";
import { hasServerPassword, postgresTls } from "../../environment";
import { loadDriver } from "./load-driver";
import { passwordOfFile } from "./passfile";
import { isAboutTls, isConflict, isLost, translate, UNREPLICATED } from "./postgres-error";
import { decodeJson, decodeText, encodeParameter } from "./text";
import { type Encryption, encryptionsOf } from "./tls";
import { type PostgresUrl, parsePostgresUrl } from "./url";

/** A statement with its parameters; one with a name is prepared once per connection. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
  /** Milliseconds after which no answer is expected any more; default 45 000. */
  readonly timeout?: number;
}

/** One connection, or whichever is free. */
export interface Queryable {
  /** Runs one statement, in a transaction of its own unless one is open, and returns its rows. */
  query<Row>(statement: Statement | string): Promise<readonly Row[]>;
}

/** The server's database that the register is in. */
export interface Database extends Queryable {
  /** Host, database and schema, for messages; without any password. */
  readonly location: string;
  readonly schema: string;
  /**
   * Lends one connection to `work`, the same object whenever it is the same one; whatever transaction it leaves open is
   * undone, and one that failed is not lent again, unless the error `leavesItSound`.
   */
  session<T>(work: (session: Queryable) => Promise<T>, leavesItSound?: (error: unknown) => boolean): Promise<T>;
  /**
   * Ends what the server may still be doing for connections of ours that broke, and waits until it is over: only then can
   * be found out what became of it.
   */
  endLost(): Promise<void>;
  close(): Promise<void>;
}

/** What tests may want otherwise, and where a password comes from. */
export interface DatabaseOptions {
  /** Wins over the one in the URL; without any, the driver reads PGPASSWORD and PGPASSFILE. */
  readonly password?: string | undefined;
  /** Connections of one process at most; default 2: one can look something up while the other commits. */
  readonly connections?: number | undefined;
}

/**
 * Connects to the database that a `postgres:` URL names, by the first way that its sslmode allows and the server takes.
 *
 * @throws MacpoolError INVALID_CONFIG; REGISTER_UNREACHABLE; REGISTER_UNUSABLE when the server refuses the login.
 */
export async function connect(store: string, options: DatabaseOptions = {}): Promise<Database> {
  const url = parsePostgresUrl(store);
  const given = Object.entries(url.tls).filter(([, value]) => value !== undefined);
  const ways = encryptionsOf({ ...postgresTls(), ...Object.fromEntries(given) });
  for (const [index, way] of ways.entries()) {
    const database = new PooledDatabase(url, way, options);
    try {
      await database.session(async () => {});
      return database;
    } catch (error) {
      await database.close();
      if (index + 1 === ways.length || !isAboutTls(error)) throw translate(error, database.location);
    }
  }
  throw new Error("there is always a way to try");
}

/** Runs `work`, which must only read and may take its time, on one moment of the database. */
export async function snapshot<T>(database: Database, work: (session: Queryable) => Promise<T>): Promise<T> {
  return database.session(async (session) => {
    await session.query("begin isolation level repeatable read read only");
    await session.query("set local idle_in_transaction_session_timeout = 0");
    await session.query("set local statement_timeout = 0");
    await session.query("set local enable_seqscan = on");
    const value = await work(unhurried(session));
    await session.query("rollback");
    return value;
  });
}

/** Returns a statement that is waited for as long as it takes. */
export function patient(statement: Statement | string): Statement {
  return { ...(typeof statement === "string" ? { text: statement } : statement), timeout: LONGEST };
}

/** Returns a session whose every statement is {@link patient}. */
export function unhurried(session: Queryable): Queryable {
  return { query: (statement) => session.query(patient(statement)) };
}

class PooledDatabase implements Database {
  readonly location: string;
  readonly schema: string;
  readonly #pool: pg.Pool;
  readonly #sessions = new WeakMap<pg.PoolClient, Session>();
  /** The server's ids of connections that broke and whose work may go on there, and since when they were there. */
  readonly #lost = new Map<number, number>();
  #isClosed = false;

  constructor(url: PostgresUrl, ssl: Encryption, options: DatabaseOptions) {
    const driver = loadDriver();
    const { host, port, user, database, schema } = url;
    // As for libpq, an empty one is none.
    const password = options.password || url.password || undefined;
    const settings = { host, port, user, database, password, ssl };
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    this.schema = schema;
    const login = new driver.Client(given);
    this.location = locationOf(login, schema);
    this.#pool = new driver.Pool({
      ...(password === undefined && !hasServerPassword() ? { password: () => passwordOfFile(login) } : {}),
      ...given,
      ...CONNECTION,
      types: { getTypeParser: (oid: number) => PARSERS[oid] ?? String },
      max: options.connections ?? 2,
      // Otherwise a process that has nothing else to do would not end.
      allowExitOnIdle: true,
    });
    // A connection that breaks fails its query, or is replaced by the next one; without listeners it would end the process.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (client) => {
      client.on("error", () => undefined);
    });
  }

  query<Row>(statement: Statement | string): Promise<readonly Row[]> {
    // The server undid a statement that it refuses, and its connection is as good as before.
    return this.session((session) => session.query<Row>(statement), isConflict);
  }

  async session<T>(
    work: (session: Queryable) => Promise<T>,
    // After most errors its state is uncertain; a new connection costs little.
    leavesItSound: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const client = await this.#pool.connect();
    let session: Session | undefined;
    let isSound = false;
    try {
      session = await this.#sessionOf(client);
      const value = await work(session);
      isSound = true;
      return value;
    } catch (error) {
      isSound = session !== undefined && leavesItSound(error);
      if (isLost(error) && session !== undefined) this.#lost.set(session.pid, session.since);
      throw error;
    } finally {
      client.release(!isSound);
    }
  }

  async #sessionOf(client: pg.PoolClient): Promise<Session> {
    const known = this.#sessions.get(client);
    if (known !== undefined) return known;
    const session = await Session.begin(client, this.schema);
    this.#sessions.set(client, session);
    return session;
  }

  async endLost(): Promise<void> {
    const lost = [...this.#lost.keys()];
    if (lost.length === 0) return;
    const ages = [...this.#lost.values()].map((since) => (performance.now() - since) * CLOCKS_AGREE);
    const stubborn = await this.query({ text: END, values: [lost, ages] });
    // Whoever is told so tries again, and gives up in the end.
    if (stubborn.length > 0)
      throw Object.assign(new Error("a broken connection's work goes on"), { code: "ETIMEDOUT" });
    for (const id of lost) this.#lost.delete(id);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.end();
  }
}

/** One connection. */
class Session implements Queryable {
  /** The server's id of it. What the driver was told at login may be a pooler's. */
  readonly pid: number;
  /** When it was there, in milliseconds on this process's own clock. */
  readonly since = performance.now();
  readonly #client: pg.PoolClient;
  /** Whether the server committed something that it does not know a synchronous standby to have. */
  #isAhead = false;

  private constructor(client: pg.PoolClient, pid: number) {
    this.#client = client;
    this.pid = pid;
    client.on("notice", ({ routine }) => {
      this.#isAhead ||= routine === WAITS_FOR_STANDBY;
    });
  }

  /** Settings are made in the session, because a pooler may drop those that come with the login. */
  static async begin(client: pg.PoolClient, schema: string): Promise<Session> {
    const settings = Object.entries({ ...SETTINGS, search_path: schema });
    const made = settings.map(([name, value]) => `set_config('${name}', '${value}', false)`);
    const { rows } = await client.query(`select pg_backend_pid() as pid, ${made.join(", ")}`);
    return new Session(client, rows[0].pid);
  }

  async query<Row>(statement: Statement | string): Promise<readonly Row[]> {
    const { rows } = await this.#client.query(typeof statement === "string" ? statement : configOf(statement));
    // A commit whose wait for the standby somebody cancels is reported as done, with a mere warning.
    if (this.#isAhead) throw Object.assign(new Error("the wait for the standby was cancelled"), { code: UNREPLICATED });
    return rows;
  }
}

function configOf({ text, name, values, timeout }: Statement): pg.QueryConfig {
  return {
    text,
    ...(values === undefined ? {} : { values: values.map(encodeParameter) }),
    ...(name === undefined ? {} : { name }),
    ...(timeout === undefined ? {} : { query_timeout: timeout }),
  };
}

function locationOf({ host, port, database }: pg.Client, schema: string): string {
  return `${database} on ${host.startsWith("/") ? host : `${host}:${port}`}, schema ${schema}`;
}

/** The server's function that says so when its wait is cancelled (src/backend/replication/syncrep.c). */
const WAITS_FOR_STANDBY = "SyncRepWaitForLSN";

/** The longest that Node counts, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Times in milliseconds: they end on our side what the server never answers. */
const CONNECTION = {
  application_name: "pulumi-macpool",
  connectionTimeoutMillis: 10_000,
  query_timeout: 45_000,
  keepAlive: true,
};

/** How long a transaction of ours may keep others waiting while this process does nothing in it. */
export const SILENT_MILLISECONDS = 10_000;

/**
 * Commits are durable, and statements see what was committed before they begin, whatever the server's default. Statements
 * are planned once, also while the tables are still empty, and must not read whole tables when they are not. Times in
 * milliseconds.
 */
const SETTINGS = {
  // A commit that did not wait for its standby is told of by a warning only.
  client_min_messages: "warning",
  synchronous_commit: "on",
  default_transaction_isolation: "read committed",
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  jit: "off",
  lock_timeout: 5_000,
  statement_timeout: 30_000,
  idle_in_transaction_session_timeout: SILENT_MILLISECONDS,
};

/** To this part of a span of time: clocks that are being set right run faster or slower than others. */
const CLOCKS_AGREE = 0.99;

/**
 * Yields those that do not end. After a restart, or on another server, an id may be that of another client of ours, which
 * has not been there for as long. Materialized, because conditions are tried in any order.
 */
const END = `with lost as materialized (
    select pid from pg_stat_activity join unnest($1::integer[], $2::float8[]) as gone (pid, age) using (pid)
    where pid <> pg_backend_pid() and usename = current_user
      and application_name = current_setting('application_name')
      and backend_start <= clock_timestamp() - age * interval '1 millisecond')
  select pid from lost where not pg_terminate_backend(pid, 5000)`;

/** By type: bigint, integer, smallint, text, json, boolean. Numbers are below 2^53. */
const PARSERS: Readonly<Record<number, (raw: string) => unknown>> = {
  20: Number,
  23: Number,
  21: Number,
  25: decodeText,
  114: decodeJson,
  16: (raw) => raw === "t",
};
