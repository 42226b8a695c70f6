import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { openSqliteStore } from "../../provider/store/sqlite/sqlite-store";
import { Worker } from "../faults/processes/process";
import { createFile, openFile, rejection, request, testContext } from "./support";

/** Starts another process that holds the lock of the register. */
async function holder(path: string): Promise<Worker> {
  const worker = new Worker();
  expect(await worker.ask({ do: "lock", path })).toEqual({});
  return worker;
}

/** Returns a list of warnings, and a promise of the first. */
function listener() {
  const warnings: string[] = [];
  let tell: () => void = () => undefined;
  const warned = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const warn = (message: string) => {
    warnings.push(message);
    tell();
  };
  return { warnings, warned, warn };
}

/** Opens the register with waiting times in milliseconds. */
async function open(path: string, options: { readonly warnAfter?: number; readonly giveUpAfter?: number }) {
  const { warnings, warned, warn } = listener();
  const store = await openSqliteStore(path, { ...testContext(), warn }, options);
  onTestFinished(() => store.close());
  return { store, warnings, warned };
}

describe("a register whose lock another process holds", () => {
  it("is waited for without blocking this one, which warns once and goes on when the lock is free", async () => {
    const path = createFile();
    const { store, warnings, warned } = await open(path, { warnAfter: 5 });
    const worker = await holder(path);
    let isDone = false;
    const change = store.updatePool("tiny", { description: "racks" }).finally(() => {
      isDone = true;
    });
    // Both the warning and the answer of the other process need an event loop that turns.
    await warned;
    expect(isDone).toBe(false);
    expect(await worker.ask({ do: "unlock" })).toEqual({});
    expect(await change).toMatchObject({ description: "racks" });
    expect(warnings).toHaveLength(1);
    for (const text of [path, "lock", "suspended"]) expect(warnings[0]).toContain(text);
  });

  it("has nothing worked out for it before the lock is had: a token is drawn once", async () => {
    const path = createFile();
    let drawn = 0;
    const { warned, warn } = listener();
    const context = { ...testContext(), warn, newToken: () => `drawn-${++drawn}` };
    const store = await openSqliteStore(path, context, { warnAfter: 5 });
    onTestFinished(() => store.close());
    const worker = await holder(path);
    const outcomes = store.acquire([request()]);
    await warned;
    expect(drawn).toBe(0);
    await worker.ask({ do: "unlock" });
    expect(await outcomes).toMatchObject([{ value: { lease: { token: "drawn-1" } } }]);
    expect(drawn).toBe(1);
  });

  it("can be read all the while", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    await holder(path);
    expect(await register.store.find(lease.address)).toEqual(lease);
    expect(await register.leases()).toEqual([lease]);
    expect(await register.store.predict({ ...lease })).toEqual({ rule: "keep", address: lease.address });
  });

  it("is given up after a time, with what to look for, and nothing was written", async () => {
    const path = createFile();
    const register = await openFile(path, { giveUpAfter: 20 });
    const seq = await register.seq();
    await holder(path);
    const error = await rejection(register.grant());
    expect(error.code).toBe("REGISTER_BUSY");
    for (const text of [path, "locked by another process", "nothing was written"]) {
      expect(error.message).toContain(text);
    }
    expect(await register.seq()).toBe(seq);
  });

  it("is given up for all who came meanwhile too, who would have to wait as long again", async () => {
    const path = createFile();
    const { store, warned } = await open(path, { warnAfter: 5, giveUpAfter: 1_000 });
    await holder(path);
    const first = rejection(store.updatePool("tiny", { description: "racks" }));
    await warned;
    let second: string | undefined;
    store.updatePool("tiny", { description: "shelves" }).catch(({ code }) => {
      second = code;
    });
    expect((await first).code).toBe("REGISTER_BUSY");
    await new Promise((next) => setImmediate(next));
    expect(second).toBe("REGISTER_BUSY");
  });

  it("is free again when that process is killed", async () => {
    const path = createFile();
    const register = await openFile(path);
    const worker = await holder(path);
    const grant = register.grant();
    await worker.kill();
    expect(await grant).toMatchObject({ rule: "derive" });
  });
});

describe("opening a register", () => {
  /** Locks a register that nobody has used yet, so that even its settings cannot be read. */
  function lockOut(path: string): Database.Database {
    const database = new Database(path);
    onTestFinished(() => void database.close());
    database.exec("begin exclusive");
    return database;
  }

  it("waits while another holds it for itself alone, as its creator does", async () => {
    const path = createFile();
    const database = lockOut(path);
    const { warned, warn } = listener();
    const opening = openSqliteStore(path, { ...testContext(), warn }, { warnAfter: 5 });
    await warned;
    database.exec("commit");
    const store = await opening;
    onTestFinished(() => store.close());
    expect(await store.identity()).toMatchObject({ seq: 3 });
  });

  it("is given up after a time", async () => {
    const path = createFile();
    lockOut(path);
    const error = await rejection(openFile(path, { giveUpAfter: 20 }));
    expect(error.code).toBe("REGISTER_BUSY");
    expect(error.message).toContain(path);
  });
});
