import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { patienceOf } from "../../../provider/store/patience";
import { openSqliteStore } from "../../../provider/store/sqlite/sqlite-store";
import { createFile, openFile, rejection, request, testContext } from "../../store/support";
import { Worker } from "../processes/process";

/** Adds so many names that they no longer fit into the cache: the log holds them although they are not committed. */
const HALF_DONE = `
  pragma cache_size = 5;
  with recursive number(i) as (select 1 union all select i + 1 from number where i < 5000)
  insert into name (value) select 'half done ' || i from number;
`;

/** Starts a process that writes within a transaction and is stopped in the middle of it, as by Ctrl-Z. */
async function suspendedHolder(path: string): Promise<Worker> {
  const worker = new Worker();
  expect(await worker.ask({ do: "lock", path, sql: HALF_DONE })).toEqual({});
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(100_000);
  worker.suspend();
  return worker;
}

function halfDoneRows(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare("select count(*) from name where value like 'half done%'").pluck().get();
  } finally {
    database.close();
  }
}

describe("a process that is stopped inside a transaction", () => {
  it("is told of after five seconds; reads go on; a commit waits to the deadline, and works once the process is killed", {
    timeout: 120_000,
  }, async () => {
    const path = createFile();
    const warnings: { readonly words: string; readonly after: number }[] = [];
    let start = 0;
    const warn = (words: string) => warnings.push({ words, after: performance.now() - start });
    const store = await openSqliteStore(path, { ...testContext(), warn }, { giveUpAfter: 7_000 });
    onTestFinished(() => store.close());
    const [granted] = await store.acquire([request({ owner: "before" })]);
    const worker = await suspendedHolder(path);

    start = performance.now();
    const waiting = rejection(store.acquire([request()]));
    // The event loop turns, and what was committed can be read.
    await pause(50);
    expect(granted).toMatchObject({
      ok: true,
      value: { lease: await store.find(granted?.ok ? granted.value.lease.address : 0) },
    });
    expect(warnings).toEqual([]);
    const error = await waiting;
    expect(performance.now() - start).toBeGreaterThanOrEqual(7_000);
    expect(error.code).toBe("REGISTER_BUSY");
    for (const text of [
      path,
      "for 7 s",
      "nothing was written",
      "suspended pulumi or macpool process, end it, and run again",
    ]) {
      expect(error.message).toContain(text);
    }
    expect(warnings.map(({ words }) => words)).toEqual([
      `Another process holds the lock of register ${path}. It may be suspended. Waiting, 7 s at most.`,
    ]);
    expect(warnings[0]?.after).toBeGreaterThanOrEqual(5_000);

    const next = store.acquire([request()]);
    await worker.kill();
    expect(await next).toMatchObject([{ ok: true, value: { rule: "derive" } }]);
    expect(halfDoneRows(path)).toBe(0);
    expect((await store.verify()).faults).toEqual([]);
  });

  it("is waited for a minute, unless that is set otherwise", () => {
    expect(patienceOf("register.db", testContext())).toMatchObject({ warnAfter: 5_000, giveUpAfter: 60_000 });
  });

  it("goes on where it stopped when it is continued, and whoever waited comes after it", async () => {
    const path = createFile();
    const register = await openFile(path);
    const worker = await suspendedHolder(path);
    const grant = register.grant();
    worker.resume();
    expect(await worker.ask({ do: "unlock" })).toEqual({});
    expect((await grant).rule).toBe("derive");
    expect(halfDoneRows(path)).toBe(5_000);
  });
});
