import { randomUUID } from "node:crypto";
import pg from "pg";
import { describe, inject, onTestFinished } from "vitest";
import {
  createPostgresRegister,
  openPostgresStore,
  type PostgresOptions,
} from "../../provider/store/postgres/postgres-store";
import { type Content, initial, type Open, type OpenSeveral, Register, TestClock, testContext } from "../store/support";

const shared = inject("postgres");

/** `describe` where there is a server; skipped, as the setup of this run says aloud, where there is none. */
export function describePostgres(name: string, body: () => void): void {
  describe.skipIf(shared === undefined)(name, body);
}

/** Returns the programs' directory of the server that this run shares. */
export function serverPrograms(): string {
  if (shared === undefined) throw new Error("no PostgreSQL server is installed");
  return shared.bin;
}

/** Returns the URL of the database that this run shares, without a schema. */
export function sharedDatabase(): string {
  if (shared === undefined) throw new Error("no PostgreSQL server is installed");
  return shared.url;
}

/** Returns the URL of a schema that is not there yet; it goes, with all that is in it, when the test ends. */
export function newSchema(): string {
  const schema = `test_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
  onTestFinished(async () => {
    await runSql(`drop schema if exists ${schema} cascade`);
  });
  return `${sharedDatabase()}?schema=${schema}`;
}

/** Returns the schema of a register's URL. */
export function schemaOf(url: string): string {
  return new URL(url).searchParams.get("schema") ?? "";
}

/** Lends a connection of its own to `work`, in the schema of `url` if that names one. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url.replace(/\?.*/, "") });
  await client.connect();
  try {
    const schema = schemaOf(url);
    if (schema !== "") await client.query(`set search_path = ${schema}`);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs SQL, as the superuser unless `url` says otherwise, and returns the rows of its last statement. */
export async function runSql(text: string, url = sharedDatabase()) {
  return withClient(url, async (client) => (await client.query(text)).rows);
}

/** Opens a register in a new schema. */
export const openPostgres: Open = async (content, context) => {
  const url = newSchema();
  await createPostgresRegister(url, content, context);
  return openPostgresStore(url, context);
};

/** Opens a register in a new schema several times. */
export const openPostgresTogether: OpenSeveral = async (content, contexts) => {
  const url = newSchema();
  const [first = testContext()] = contexts;
  await createPostgresRegister(url, content, first);
  return Promise.all(contexts.map((context) => openPostgresStore(url, context, { connections: 2 })));
};

/** Creates a register and returns its URL. */
export async function createSchema(content: Content = {}, url = newSchema()): Promise<string> {
  await createPostgresRegister(url, initial(content), testContext());
  return url;
}

/** Opens a register; it is closed when the test ends. */
export async function openUrl(url: string, options: PostgresOptions = {}, warnings: string[] = []): Promise<Register> {
  const clock = new TestClock();
  const store = await openPostgresStore(url, testContext(clock, warnings), options);
  onTestFinished(() => store.close());
  return new Register(store, clock);
}
