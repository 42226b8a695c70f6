import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";
import pg from "pg";
import { MacpoolError } from "../../../provider/error";
import type { AcquireRequest } from "../../../provider/lease/lease";
import { formatMac } from "../../../provider/mac/mac";
import { systemContext } from "../../../provider/store/open";
import type { Waiting } from "../../../provider/store/patience";
import { openPostgresStore } from "../../../provider/store/postgres/postgres-store";
import { isPostgresUrl } from "../../../provider/store/postgres/url";
import { createSqliteRegister, openSqliteStore } from "../../../provider/store/sqlite/sqlite-store";
import type { InitialContent, LeaseStore } from "../../../provider/store/store";
import type { Written } from "../history/history";
import { Workload } from "../history/workload";

/**
 * Another process that uses a register, or holds its lock: it does what each line on its standard input says and answers
 * with a line. Started by process.ts.
 */
type Command =
  | { readonly do: "create"; readonly path: string; readonly content: InitialContent }
  | ({ readonly do: "open"; readonly path: string } & Waiting)
  | { readonly do: "allocate"; readonly request: AcquireRequest; readonly count: number; readonly atOnce: number }
  | { readonly do: "stream"; readonly request: AcquireRequest }
  | {
      readonly do: "saturate";
      readonly request: AcquireRequest;
      readonly atOnce: number;
      readonly milliseconds: number;
    }
  | { readonly do: "work"; readonly lanes: readonly Lane[] }
  | { readonly do: "stop" }
  | { readonly do: "close" }
  | { readonly do: "die" }
  | { readonly do: "clock"; readonly offset: number }
  | { readonly do: "lock"; readonly path: string; readonly sql?: string }
  | { readonly do: "unlock" };

/** What a {@link Workload} is started with. */
interface Lane {
  readonly name: string;
  readonly seed: number;
  readonly log: string;
}

let offset = 0;
let isStopping = false;
let isDoomed = false;
const context = {
  ...systemContext((message) => console.error(message)),
  clock: () => Date.now() + offset,
};
let store: LeaseStore | undefined;
let unlock: (() => unknown) | undefined;

async function obey(command: Command): Promise<object> {
  switch (command.do) {
    case "create":
      createSqliteRegister(command.path, command.content, context);
      return {};
    case "open":
      store = await open(command.path, command);
      return store.identity();
    case "allocate":
      return { addresses: await allocate(command.request, command.count, command.atOnce) };
    case "stream":
      return stream(command.request);
    case "saturate":
      return saturate(command.request, command.atOnce, command.milliseconds);
    case "work":
      await Promise.all(command.lanes.map(work));
      return {};
    case "stop":
      isStopping = true;
      return {};
    case "close":
      await store?.close();
      return {};
    case "die":
      isDoomed = true;
      return {};
    case "clock":
      offset = command.offset;
      return {};
    case "lock":
      unlock = isPostgresUrl(command.path) ? await lockServer(command) : lockFile(command);
      return {};
    case "unlock":
      await unlock?.();
      return {};
  }
}

/** Opens the register in a file, or in the server that a URL names. */
function open(name: string, waiting: Waiting): Promise<LeaseStore> {
  return isPostgresUrl(name) ? openPostgresStore(name, context, waiting) : openSqliteStore(name, context, waiting);
}

/** Begins a transaction and returns what ends it. */
function lockFile({ path, sql = "" }: { readonly path: string; readonly sql?: string }): () => void {
  const database = new Database(path);
  database.exec("begin immediate");
  database.exec(sql);
  return () => {
    database.exec("commit");
    database.close();
  };
}

/** As {@link lockFile}; which locks are taken is for `sql` to say. */
async function lockServer({
  path,
  sql = "",
}: {
  readonly path: string;
  readonly sql?: string;
}): Promise<() => unknown> {
  const client = new pg.Client({ connectionString: path.replace(/\?.*/, "") });
  await client.connect();
  await client.query("begin");
  await client.query(sql);
  return async () => {
    await client.query("commit");
    await client.end();
  };
}

/** Returns the addresses of `count` new owners, `atOnce` of them asked for in one turn. */
async function allocate(request: AcquireRequest, count: number, atOnce: number): Promise<readonly string[]> {
  const addresses: string[] = [];
  while (addresses.length < count) {
    const owners = Array.from({ length: atOnce }, (_, index) => `${request.owner}-${addresses.length + index}`);
    const grants = await Promise.all(owners.map((owner) => acquire({ ...request, owner })));
    addresses.push(...grants.map(({ address }) => address));
  }
  return addresses;
}

/** Allocates for ever, three owners at once, and says so as soon as the register has acknowledged it. */
async function stream(request: AcquireRequest): Promise<never> {
  for (let round = 0; ; round += 1) {
    const owners = [0, 1, 2].map((index) => `${request.owner}-${round}-${index}`);
    await Promise.all(owners.map(async (owner) => answer(await acquire({ ...request, owner }))));
  }
}

/** Works until it is told to stop, and then finishes what it began. */
async function work({ name, seed, log }: Lane): Promise<void> {
  if (store === undefined) throw new Error("no register is open");
  const workload = new Workload(name, seed, log);
  while (!isStopping || workload.isMidway) await workload.step(store, dieIfDoomed);
  workload.close();
}

/** Between the commit and the log: what is granted or released then is known to nobody. */
function dieIfDoomed(written: Written | null): void {
  if (isDoomed && written !== null) process.kill(process.pid, "SIGKILL");
}

/**
 * Asks for addresses of new owners for so long, again as soon as one is had, from `atOnce` sides. Returns how many it got
 * and the longest that one was waited for, in milliseconds from the call to its return.
 */
async function saturate(request: AcquireRequest, atOnce: number, milliseconds: number): Promise<object> {
  const end = performance.now() + milliseconds;
  let granted = 0;
  let longest = 0;
  const side = async (name: string) => {
    let before = performance.now();
    for (let round = 0; before < end; round += 1) {
      await acquire({ ...request, owner: `${request.owner}-${name}-${round}` });
      const now = performance.now();
      longest = Math.max(longest, now - before);
      granted += 1;
      before = now;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => side(String(index))));
  return { granted, longest };
}

async function acquire(request: AcquireRequest) {
  const [outcome] = (await store?.acquire([request])) ?? [];
  if (outcome?.ok !== true) throw outcome?.error ?? new Error("no register is open");
  const { address, token } = outcome.value.lease;
  return { owner: request.owner, address: formatMac(address), token };
}

/** Written at once: what is said is said even if the process is killed in the next moment. */
function answer(value: object): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

function errorOf(error: unknown): object {
  return MacpoolError.is(error) ? { code: error.code, message: error.message } : { code: "?", message: String(error) };
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const command: Command = JSON.parse(line);
  obey(command).then(answer, (error: unknown) => answer(errorOf(error)));
});
