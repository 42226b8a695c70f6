import { randomInt, randomUUID } from "node:crypto";
import pg from "pg";
import type { AcquireRequest } from "../provider/lease/lease";
import type { PoolSpec } from "../provider/lease/pool";
import { DEFAULT_RESERVATIONS, defaultPool } from "../provider/lease/pool";
import { parsePrefix } from "../provider/mac/range";
import { systemContext } from "../provider/store/open";
import { createPostgresRegister, openPostgresStore } from "../provider/store/postgres/postgres-store";
import type { LeaseStore } from "../provider/store/store";
import { asker } from "./contestants";
import { interleaved, timed } from "./report";

/** How addresses are chosen. */
export type PostgresPool = "derived" | "relaxed" | "sequential";

/** How much is measured, and how. */
export interface LoadOptions {
  readonly pool: PostgresPool;
  /** Clients at work at the same time, each with a connection of its own. */
  readonly clients: number;
  /** Addresses by one call. */
  readonly size: number;
  readonly rounds: number;
  /** Turns of each contestant a round. */
  readonly slices: number;
  /** Calls a turn, of all clients together. */
  readonly calls: number;
}

/** What raw inserts and our store took. */
export interface LoadTimes {
  /** Milliseconds of each round, divided by the addresses in it. */
  readonly raw: readonly number[];
  /** Inserts of a lease and its event into tables like ours, of which nothing is asked: the least that a register can do. */
  readonly bare: readonly number[];
  readonly ours: readonly number[];
  /** Milliseconds of every call, by round. */
  readonly rawWaits: readonly (readonly number[])[];
  readonly oursWaits: readonly (readonly number[])[];
}

/** One who makes calls, one after the other. */
interface Client {
  call(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Returns how long allocations and raw inserts take, in turn, on the server that `url` names. All clients live in one
 * process, each with a store of its own, so nothing is committed together that would not be between machines: 32
 * processes on a few processors would measure the scheduler, and the machines that real clients run on are not here.
 */
export async function loadTimes(url: string, options: LoadOptions): Promise<LoadTimes> {
  const { clients, size, rounds, slices } = options;
  const schema = newSchema();
  const many = Array.from({ length: clients });
  await runSql(url, `create schema ${schema}_raw; set search_path = ${schema}_raw; ${RAW_TABLE}`);
  const store = within(url, schema);
  await createPostgresRegister(store, contentOf(options.pool), systemContext(console.error));
  const ask = asker();
  await runSql(url, `create schema ${schema}_bare; set search_path = ${schema}_bare; ${bareTables(schema)}`);
  const raw = await Promise.all(many.map(() => rawClient(url, `${schema}_raw`, size, ask)));
  const bare = await Promise.all(many.map(() => bareClient(url, `${schema}_bare`, size, ask)));
  const ours = await Promise.all(many.map(() => ourClient(store, size, ask)));
  const rawTurn = turnOf(raw, options);
  const ourTurn = turnOf(ours, options);
  const bareTurn = turnOf(bare, options);
  const times = await interleaved(rounds, { raw: rawTurn.run, bare: bareTurn.run, ours: ourTurn.run }, slices);
  await Promise.all([...raw, ...bare, ...ours].map((client) => client.close()));
  await runSql(url, `drop schema ${schema}, ${schema}_raw, ${schema}_bare cascade`);
  return { ...times, rawWaits: rawTurn.waits(), oursWaits: ourTurn.waits() };
}

/** Returns a name that no schema has. */
export function newSchema(): string {
  return `macpool_bench_${randomUUID().slice(0, 8)}`;
}

/** Returns the URL of a schema in the database that `url` names. */
export function within(url: string, schema: string): string {
  const inside = new URL(url);
  inside.searchParams.set("schema", schema);
  return inside.href;
}

/** Runs statements in one session of their own. */
export async function runSql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

/** Makes the clients of one contestant work, and keeps what each of their calls took. */
function turnOf(clients: readonly Client[], { calls, size, slices }: LoadOptions) {
  const each = Math.ceil(calls / clients.length);
  const waits: number[][] = [];
  const work = async (client: Client, into: number[]) => {
    for (let done = 0; done < each; done += 1) into.push(await timed(() => client.call()));
  };
  return {
    run: async () => {
      const into: number[] = [];
      waits.push(into);
      const took = await timed(() => Promise.all(clients.map((client) => work(client, into))));
      return took / (each * clients.length * size * slices);
    },
    /** The first round does not count. */
    waits: () =>
      Array.from({ length: waits.length / slices - 1 }, (_, round) =>
        waits.slice((round + 1) * slices, (round + 2) * slices).flat(),
      ),
  };
}

async function ourClient(url: string, size: number, ask: () => AcquireRequest): Promise<Client> {
  const store: LeaseStore = await openPostgresStore(url, systemContext(console.error), { connections: 1 });
  const call = async () => {
    const outcomes = await store.acquire(Array.from({ length: size }, ask));
    for (const outcome of outcomes) if (!outcome.ok) throw outcome.error;
  };
  return { call, close: () => store.close() };
}

/** Prepared once, as ours are; many rows go in one statement. */
async function rawClient(url: string, schema: string, size: number, ask: () => AcquireRequest): Promise<Client> {
  const client = await connected(url, schema);
  const call = () => {
    const rows = Array.from({ length: size }, ask);
    if (size > 1)
      return client.query({ name: "raw", text: RAW_MANY, values: [rows.map(({ owner }) => owner), Date.now()] });
    return client.query({ name: "raw", text: RAW_ONE, values: [rows[0]?.owner, Date.now()] });
  };
  return { call, close: () => client.end() };
}

/** Its addresses lie all over a pool as large as `default`. */
async function bareClient(url: string, schema: string, size: number, ask: () => AcquireRequest): Promise<Client> {
  const client = await connected(url, schema);
  const call = () => {
    const owners = Array.from({ length: size }, () => ask().owner);
    const addresses = owners.map(() => randomInt(2 ** 40));
    if (size > 1) return client.query({ name: "bare", text: BARE_MANY, values: [Date.now(), owners, addresses] });
    return client.query({ name: "bare", text: BARE_ONE, values: [Date.now(), owners[0], addresses[0]] });
  };
  return { call, close: () => client.end() };
}

async function connected(url: string, schema: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema} -c synchronous_commit=on` });
  await client.connect();
  return client;
}

/** The leases' columns, without their indexes. */
const RAW_TABLE = `create table raw (id bigint primary key generated always as identity, pool integer not null,
  owner text not null, installation integer not null, rotation text not null, slot bigint not null, token text not null,
  seq bigint not null, acquired_at bigint not null, released_at bigint, description text not null, tags text not null)`;

const RAW_INTO = `insert into raw (pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at,
  description, tags)`;
const RAW_ONE = `${RAW_INTO} values (1, $1, 1, '', 0, '0123456789abcdefghijkl', 1, $2, null, '', '{}')`;
const RAW_MANY = `${RAW_INTO} select 1, owner, 1, '', 0, '0123456789abcdefghijkl', 1, $2, null, '', '{}'
  from unnest($1::text[]) as given (owner)`;

/** Tables with the indexes of ours, and without their triggers and references. */
function bareTables(schema: string): string {
  const tables = ["lease", "event"].map((name) => `create table ${name} (like ${schema}.${name} including all)`);
  return `${tables.join("; ")}; create sequence event_seq cache 1`;
}

const bare = (given: string) => `with given as materialized (
    select nextval('event_seq') as seq, owner, address from ${given} as given (owner, address)),
  recorded as (
    insert into event (seq, at, kind, address, pool, owner, installation, actor, write_id)
    select seq, $1::bigint, 'derive', address, 'default', owner, 1, 1, 1 from given)
  insert into lease (address, pool, owner, installation, rotation, slot, token, seq, acquired_at, description, tags)
  select address, 1, owner, 1, '', 0, '0123456789abcdefghijkl', seq, $1::bigint, '', '{}' from given`;
const BARE_ONE = bare("(values ($2::text, $3::bigint))");
const BARE_MANY = bare("unnest($2::text[], $3::bigint[])");

function contentOf(pool: PostgresPool) {
  const spec: PoolSpec = { ...defaultPool(), ...POOLS[pool] };
  return { storeId: randomUUID(), pools: [spec], reservations: DEFAULT_RESERVATIONS };
}

const POOLS: Readonly<Record<PostgresPool, Partial<PoolSpec>>> = {
  derived: {},
  relaxed: { strategy: "sequential", order: "relaxed", ranges: [parsePrefix("42:02")] },
  sequential: { strategy: "sequential", ranges: [parsePrefix("42:02")] },
};
