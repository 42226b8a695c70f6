import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { MacpoolError } from "../../provider/error";
import type { AcquireRequest, Lease, RegisterEvent } from "../../provider/lease/lease";
import type { PoolSpec, Reservation } from "../../provider/lease/pool";
import type { Grant } from "../../provider/lease/transact";
import { formatMac, type Mac, parseMac } from "../../provider/mac/mac";
import { parsePrefix, type Range } from "../../provider/mac/range";
import { createMemoryStore } from "../../provider/store/memory-store";
import { createSqliteRegister, openSqliteStore, type SqliteOptions } from "../../provider/store/sqlite/sqlite-store";
import type {
  EventFilter,
  InitialContent,
  LeaseFilter,
  LeaseStore,
  Settled,
  StoreContext,
} from "../../provider/store/store";

export const STORE_ID = "6f0a4b52-6a0e-4a0c-9a39-1f1f5e0d7c11";
export const ACTOR = "tester@lab";
export const HOUR = 3_600_000;

/** Five addresses, handed out in order, one hour of quarantine. */
export const TINY: PoolSpec = {
  name: "tiny",
  ranges: [{ start: parseMac("42:10:00:00:00:00"), end: parseMac("42:10:00:00:00:04") }],
  strategy: "sequential",
  quarantineSeconds: 3600,
};

/** 2^32 addresses, derived from owners, one hour of quarantine. */
export const BIG: PoolSpec = { name: "big", ranges: [parsePrefix("42:20")], quarantineSeconds: 3600 };

/** The clock of a test: it stands still until the test moves it. */
export class TestClock {
  now = Date.UTC(2026, 0, 1, 12);

  /** Moves the clock, back when `milliseconds` is negative. */
  advance(milliseconds: number): void {
    this.now += milliseconds;
  }
}

/** Returns a context with a clock, tokens `token-1`, `token-2`, ... and a list of what the user was told. */
export function testContext(clock = new TestClock(), warnings: string[] = []): StoreContext {
  let tokens = 0;
  return {
    clock: () => clock.now,
    newToken: () => `token-${++tokens}`,
    actor: ACTOR,
    warn: (message) => warnings.push(message),
  };
}

/** What a test wants in its register beside an id. */
export interface Content {
  readonly pools?: readonly PoolSpec[];
  readonly reservations?: readonly Reservation[];
}

/** Returns a new register of some kind with that content. */
export type Open = (content: InitialContent, context: StoreContext) => Promise<LeaseStore>;

/** Opens a register in memory. */
export const openMemory: Open = async (content, context) => createMemoryStore(content, context);

/** Returns a new register as several see it, each with one of the contexts. */
export type OpenSeveral = (
  content: InitialContent,
  contexts: readonly StoreContext[],
) => Promise<readonly LeaseStore[]>;

/** Opens a register in a new file, which goes when the test ends. */
export const openSqlite: Open = async (content, context) => {
  const path = join(temporaryDirectory(), "register.db");
  createSqliteRegister(path, content, context);
  return openSqliteStore(path, context);
};

/** Opens a register in a new file several times. */
export const openSqliteTogether: OpenSeveral = async (content, contexts) => {
  const path = join(temporaryDirectory(), "register.db");
  const [first = testContext()] = contexts;
  createSqliteRegister(path, content, first);
  return Promise.all(contexts.map((context) => openSqliteStore(path, context)));
};

/** Returns `content` as what a new register takes. */
export function initial({ pools = [TINY, BIG], reservations = [] }: Content = {}): InitialContent {
  return { storeId: STORE_ID, pools, reservations };
}

/** Starts a register that is closed when the test ends. */
export async function start(open: Open, content: Content = {}): Promise<Register> {
  const clock = new TestClock();
  const store = await open(initial(content), testContext(clock));
  onTestFinished(() => store.close());
  return new Register(store, clock);
}

/** Creates a register file and returns its path. */
export function createFile(content: Content = {}, path = join(temporaryDirectory(), "register.db")): string {
  createSqliteRegister(path, initial(content), testContext());
  return path;
}

/** Opens a register file; it is closed when the test ends. */
export async function openFile(path: string, options: SqliteOptions = {}, warnings: string[] = []): Promise<Register> {
  const clock = new TestClock();
  const store = await openSqliteStore(path, testContext(clock, warnings), options);
  onTestFinished(() => store.close());
  return new Register(store, clock);
}

/** Returns a request of a made-up owner for an address of pool `big`, but for what is given. */
export function request(change: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    owner: "acme/network/prod/web",
    installation: "one",
    pool: "big",
    rotation: "",
    description: "",
    tags: {},
    ...change,
  };
}

/** A store and its clock, with the verbs that tests use most. */
export class Register {
  readonly store: LeaseStore;
  readonly clock: TestClock;

  constructor(store: LeaseStore, clock: TestClock) {
    this.store = store;
    this.clock = clock;
  }

  /** Returns what the register grants; throws what it refuses with. */
  async grant(change: Partial<AcquireRequest> = {}): Promise<Grant> {
    const [outcome] = await this.store.acquire([request(change)]);
    return unwrap(outcome);
  }

  /** Returns the address the register grants, spelt out. */
  async address(change: Partial<AcquireRequest> = {}): Promise<string> {
    const { lease } = await this.grant(change);
    return formatMac(lease.address);
  }

  /** Returns the error the register refuses with; fails when it grants. */
  refusal(change: Partial<AcquireRequest> = {}): Promise<MacpoolError> {
    return rejection(this.grant(change));
  }

  /** Releases one lease and returns it, or undefined when there was nothing to release. */
  async release(lease: Pick<Lease, "address" | "token">): Promise<Lease | undefined> {
    const [released] = await this.store.release([{ address: lease.address, token: lease.token }]);
    return released;
  }

  leases(filter?: LeaseFilter): Promise<readonly Lease[]> {
    return collect(this.store.list(filter));
  }

  events(filter?: EventFilter): Promise<readonly RegisterEvent[]> {
    return collect(this.store.history(filter));
  }

  async seq(): Promise<number> {
    const { seq } = await this.store.identity();
    return seq;
  }
}

/** Returns the value of an outcome; throws the error of one that failed. */
function unwrap<T>(outcome: Settled<T> | undefined): T {
  if (outcome === undefined) throw new Error("the register gave no outcome");
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

/** Returns the error of ours that `promise` rejects with; fails when it resolves, or rejects with any other. */
export async function rejection(promise: Promise<unknown>): Promise<MacpoolError> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    if (MacpoolError.is(error)) return error;
    throw error;
  }
  throw new Error(`expected an error, got ${JSON.stringify(result)}`);
}

/** Returns everything that `items` yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Returns a new directory that is removed, with all that is in it, when the test ends. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-store-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Returns the range of one address. */
export function only(address: Mac): Range {
  return { start: address, end: address };
}
