import Database from "better-sqlite3";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import type { LeaseFilter } from "../../provider/store/store";
import { block } from "./contract/block-support";
import { createFile, openFile, type Register, request } from "./support";

afterEach(() => vi.restoreAllMocks());

const FILTERS: readonly LeaseFilter[] = [
  { owner: "renamed" },
  { ownerPrefix: "ren" },
  { ownerPrefix: "", pool: "big" },
  { owner: "renamed", pool: "big", state: "live" },
  { owner: "renamed", pool: "big", state: "released" },
];

/** Does everything that a deployment or a command about one address does: every rule, every verb. */
async function live(register: Register): Promise<void> {
  const { store } = register;
  const { lease } = await register.grant();
  await register.grant();
  await register.grant({ installation: "other" });
  await register.grant({ installation: "third", adopt: true });
  await register.grant({ owner: "next", sequential: true });
  await register.grant({ owner: "", sequential: true });
  await register.grant({ owner: "named", requestedAddress: parseMac("42:20:00:00:00:77") });
  await store.update({ ...lease, owner: "renamed" });
  await store.release([lease]);
  await register.grant({ owner: "renamed" });
  await store.predict(request());
  await store.predict(request({ requestedAddress: lease.address }));
  for (const contiguous of [true, false]) {
    await store.predictBlock(block({ contiguous }));
    await store.acquireBlock(block({ contiguous }));
  }
  const full = Array.from({ length: 9 }, (_, index) => request({ owner: `tiny-${index}`, pool: "tiny" }));
  await store.acquire(full);
  await store.find(lease.address);
  await store.event(lease.seq);
  await store.identity();
  await register.events({ address: lease.address });
  for (const filter of FILTERS) await register.leases(filter);
}

/** Returns every statement that SQLite is made to prepare by opening the register and by {@link live}. */
async function statements(path: string): Promise<readonly string[]> {
  const prepare = Database.prototype.prepare;
  const prepared = new Set<string>();
  vi.spyOn(Database.prototype, "prepare").mockImplementation(function (this: Database.Database, sql: string) {
    prepared.add(sql);
    return prepare.call(this, sql);
  });
  await live(await openFile(path));
  vi.restoreAllMocks();
  return [...prepared];
}

/** The one statement that reads a table from its end; it reads one row. */
const NEWEST = "select seq, at from event order by seq desc limit 1";

describe("every statement that is run for a lease, an owner or an address", () => {
  it("finds its rows through an index, so that a million leases are as quick as one", async () => {
    const path = createFile();
    const all = await statements(path);
    expect(all).toContain(NEWEST);
    const database = connect(path);
    const isAboutMany = (sql: string) =>
      /\b(lease|event|past_event|name)\b/.test(sql) && !/^\s*(pragma|begin|commit)/i.test(sql);
    const queries = all.filter((sql) => isAboutMany(sql) && sql !== NEWEST);
    for (const verb of ["select", "insert", "with"]) {
      expect(
        queries.some((sql) => sql.trimStart().startsWith(verb)),
        verb,
      ).toBe(true);
    }
    for (const sql of queries) {
      const details = planOf(sql, database);
      expect(details, sql).not.toMatch(/SCAN (lease|past_event|name)|SEARCH (lease|past_event)(?! USING)/);
      // The few leases of one owner may be sorted; all that a pool ever released may not.
      if (!sql.includes("owner = ?")) expect(details, sql).not.toMatch(/TEMP B-TREE(?! FOR LAST TERM)/);
    }
  });

  it("would be noticed if it read through all leases or all events", () => {
    const database = connect(createFile());
    expect(planOf("select 1 from lease where token = ?", database)).toMatch(/SCAN lease/);
    expect(planOf("select 1 from event where address = ?", database)).toMatch(/SCAN past_event/);
  });
});

describe("a grant", () => {
  it("prepares nothing, and runs as few statements among thousands of leases as alone", async () => {
    const register = await openFile(createFile());
    await register.grant({ owner: "warm-up" });
    const alone = await counted(() => register.grant({ owner: "a" }));
    await register.store.acquire(Array.from({ length: 3000 }, (_, index) => request({ owner: `o-${index}` })));
    const amongMany = await counted(() => register.grant({ owner: "b" }));
    expect(amongMany).toEqual(alone);
    // The lock, what others changed, the owner's leases, the candidate's lease, its own lease, the commit.
    expect(alone).toEqual({ prepared: 0, run: 6 });
  });

  it("takes three statements in a batch: what goes for all of it is asked once", async () => {
    const register = await openFile(createFile());
    await register.grant({ owner: "warm-up" });
    const asks = Array.from({ length: 100 }, (_, index) => request({ owner: `o-${index}` }));
    expect(await counted(() => register.store.acquire(asks))).toEqual({ prepared: 0, run: 3 + 3 * 100 });
  });
});

function connect(path: string): Database.Database {
  const database = new Database(path, { fileMustExist: true });
  onTestFinished(() => void database.close());
  return database;
}

function planOf(sql: string, database: Database.Database): string {
  const bound = sql.replace(/\?|:\w+/g, "1");
  const plan = database.prepare<[], { detail: string }>(`explain query plan ${bound}`).all();
  return plan.map(({ detail }) => detail).join("\n");
}

/** Returns how many statements were prepared and run during `work`. */
async function counted(work: () => Promise<unknown>) {
  const statement = Object.getPrototypeOf(new Database(":memory:").prepare("select 1"));
  const prepare = vi.spyOn(Database.prototype, "prepare");
  const runs = (["get", "all", "run", "iterate"] as const).map((method) => vi.spyOn(statement, method));
  await work();
  const run = runs.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  const prepared = prepare.mock.calls.length;
  vi.restoreAllMocks();
  return { prepared, run };
}
