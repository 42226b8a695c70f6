import pg from "pg";
import { onTestFinished, vi } from "vitest";
import { createPostgresRegister, openPostgresStore } from "../../../provider/store/postgres/postgres-store";
import type { InitialContent, LeaseStore } from "../../../provider/store/store";
import { Chance, type Machine, type Moment, type StartMachine, type Work } from "../../model/machine";
import { newSchema, schemaOf } from "../support";

class Crash extends Error {}

/** What happens to a statement that commits: the process dies, or the commit fails, or the connection breaks. */
type Trap = Moment | "instead of the request" | "instead of the reply";

/** What is to happen at the next commit of any connection, once. */
let trap: Trap | undefined;

/**
 * Returns what starts machines whose register is in a schema of the server that all tests share, for one test. Machines
 * come one after the other: a register is put in the place of the one before, as a backup is.
 */
export async function postgresMachines(): Promise<StartMachine> {
  const url = newSchema();
  const spy = trapCommits();
  const admin = new pg.Client({ connectionString: url.replace(/\?.*/, "") });
  await admin.connect();
  onTestFinished(async () => {
    spy.mockRestore();
    await admin.end();
  });
  const templates = new Map<string, Copy>();
  return async (content) => {
    const chance = new Chance();
    const key = JSON.stringify(content);
    const template = templates.get(key) ?? (await make(url, content, chance, admin));
    templates.set(key, template);
    const machine = new PostgresMachine(url, chance, admin);
    await machine.start(template);
    return machine;
  };
}

async function make(url: string, content: InitialContent, chance: Chance, admin: pg.Client): Promise<Copy> {
  await admin.query(`drop schema if exists ${schemaOf(url)} cascade`);
  await createPostgresRegister(url, content, chance.context());
  await admin.query(`set search_path = ${schemaOf(url)}`);
  return copyOf(admin);
}

/** Those that come when it is done. */
const DONE: readonly (Trap | undefined)[] = ["after the commit", "instead of the reply"];

/**
 * Of all that clients say, what commits is watched: the statement that writes a group, and the end of a transaction. What
 * is not to be done is stopped before that statement also in a transaction, because it draws numbers, and those that are
 * drawn and not used stay free: the model knows no such gaps.
 */
function trapCommits() {
  const inTransaction = new WeakSet<pg.Client>();
  const send: (this: pg.Client, statement: unknown) => Promise<unknown> = pg.Client.prototype.query;
  return vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, statement: unknown) {
    if (statement === "begin") inTransaction.add(this);
    const isWrite = JSON.stringify(statement).includes('"macpool-apply');
    const isCommit = statement === "commit" || (isWrite && !inTransaction.has(this));
    if (statement === "commit") inTransaction.delete(this);
    const sprung = isCommit || (isWrite && !DONE.includes(trap)) ? trap : undefined;
    if (sprung === undefined) return send.call(this, statement);
    trap = undefined;
    return spring(sprung, () => send.call(this, statement), isWrite);
  });
}

async function spring(sprung: Trap, commit: () => Promise<unknown>, isWrite: boolean): Promise<unknown> {
  if (DONE.includes(sprung)) {
    const reply = await commit();
    // The register was not as it was taken to be, and nothing was written: the process dies another time.
    const isRefused = /"holds":false|"rows":\[\]/.test(JSON.stringify(reply));
    if (sprung === "after the commit" && isWrite && isRefused) {
      trap = sprung;
      return reply;
    }
  }
  switch (sprung) {
    case "before the commit":
    case "after the commit":
      throw new Crash("the process died here");
    case "instead of the commit":
      throw Object.assign(new Error("could not extend file: No space left on device"), { code: "53100" });
    case "instead of the request":
    case "instead of the reply":
      throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  }
}

/** All rows of all tables, and where the numbers stand, as JSON. */
type Copy = Readonly<Record<string, string>>;

const TABLES = ["register", "pool", "pool_range", "reservation", "name", "lease", "event"];
const SEQUENCES = ["event_seq", "pool_id_seq", "name_id_seq"];

async function copyOf(admin: pg.Client): Promise<Copy> {
  const tables = TABLES.map((table) => `(select coalesce(json_agg(t), '[]') from ${table} t)::text as ${table}`);
  const numbers = SEQUENCES.map((name) => `(select last_value || ',' || is_called from ${name}) as ${name}`);
  const { rows } = await admin.query<Copy>(`select ${[...tables, ...numbers].join(", ")}`);
  return rows[0] ?? {};
}

async function restore(copy: Copy, admin: pg.Client, schema: string): Promise<void> {
  const statements = [
    ...[...TABLES].reverse().map((table) => `delete from ${table}`),
    ...TABLES.map(
      (table) =>
        `insert into ${table} overriding system value
         select * from json_populate_recordset(null::${schema}.${table}, ${pg.escapeLiteral(copy[table] ?? "[]")})`,
    ),
    ...SEQUENCES.map((name) => `select setval('${name}', ${copy[name]})`),
  ];
  // The history is append-only for everybody else.
  await admin.query(["begin", "set local session_replication_role = replica", ...statements, "end"].join(";\n"));
}

class PostgresMachine implements Machine {
  readonly #url: string;
  readonly #chance: Chance;
  readonly #admin: pg.Client;
  #store: LeaseStore | undefined;
  #writes = 0;

  constructor(url: string, chance: Chance, admin: pg.Client) {
    this.#url = url;
    this.#chance = chance;
    this.#admin = admin;
  }

  async start(template: Copy): Promise<void> {
    await restore(template, this.#admin, schemaOf(this.#url));
    await this.#open();
  }

  get clock() {
    return this.#chance.clock;
  }

  get tokens() {
    return this.#chance.tokens;
  }

  get store(): LeaseStore {
    if (this.#store === undefined) throw new Error("the register is not open");
    return this.#store;
  }

  /** Every now and then the connection breaks in the middle, and nobody may notice. */
  async write<T>(work: Work<T>): Promise<T> {
    this.#writes += 1;
    if (this.#writes % 5 === 2) trap = "instead of the request";
    if (this.#writes % 5 === 4) trap = "instead of the reply";
    try {
      return await work(this.store);
    } finally {
      trap = undefined;
    }
  }

  async crash(moment: Moment, work: Work<unknown>): Promise<void> {
    trap = moment;
    const outcome = await work(this.store).then(
      () => "answered",
      (error: unknown) => error,
    );
    // Where there was nothing to write there was no commit to die at.
    const isSprung = trap === undefined;
    trap = undefined;
    if (isSprung && outcome === "answered" && moment !== "instead of the commit") throw new Error("nobody died");
    if (moment === "instead of the commit") return;
    await this.reopen();
  }

  async reopen(): Promise<void> {
    await this.store.close();
    await this.#open();
  }

  async backup(): Promise<() => Promise<void>> {
    const copy = await copyOf(this.#admin);
    return async () => {
      await this.store.close();
      await restore(copy, this.#admin, schemaOf(this.#url));
      await this.#open();
    };
  }

  async end(): Promise<void> {
    await this.store.close();
  }

  async #open(): Promise<void> {
    this.#store = await openPostgresStore(this.#url, this.#chance.context());
  }
}
