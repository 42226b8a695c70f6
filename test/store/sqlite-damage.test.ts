import { closeSync, openSync, readSync, writeSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { createFile, openFile, rejection } from "./support";

const PAGE = 4096;
const ADDRESS = 0x42_10_00_00_00_02;

/** Returns the path of a register with live leases at ...:00, ...:01 and ...:02 of pool `tiny`. */
async function usedFile(): Promise<string> {
  const path = createFile();
  const register = await openFile(path);
  for (const owner of ["a", "b", "c"]) await register.grant({ owner, pool: "tiny" });
  await register.store.close();
  return path;
}

/** Does `sql` to a register behind its back, without the guards that stand in the way. */
function damage(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(`pragma foreign_keys = off; pragma ignore_check_constraints = on; ${sql}`);
  database.close();
}

/** Swaps the last two rows of a table that fits on one page: they are all there, but out of order. */
function disorder(path: string, table: string): void {
  const database = new Database(path);
  const root = Number(database.prepare("select rootpage from sqlite_schema where name = ?").pluck().get(table));
  database.close();
  const file = openSync(path, "r+");
  const page = Buffer.alloc(PAGE);
  readSync(file, page, 0, PAGE, (root - 1) * PAGE);
  expect(page[0], "a page that holds rows of a table").toBe(13);
  const last = 8 + 2 * (page.readUInt16BE(3) - 1);
  page
    .subarray(last - 2, last + 2)
    .swap32()
    .swap16();
  writeSync(file, page, 0, PAGE, (root - 1) * PAGE);
  closeSync(file);
}

/** Reads to the end; fails when there is none. */
async function exhaust(items: AsyncIterable<unknown>): Promise<void> {
  let count = 0;
  for await (const _ of items) {
    count += 1;
    if (count > 100) throw new Error("this goes round and round");
  }
}

describe("rows that are out of order", () => {
  it("end a listing, which would go round for ever", async () => {
    const path = await usedFile();
    disorder(path, "lease");
    const { store } = await openFile(path);
    expect((await rejection(exhaust(store.list()))).code).toBe("REGISTER_CORRUPT");
  });

  it.each(["past_event", "lease"])("end the history, which would go round for ever: %s", async (table) => {
    const path = await usedFile();
    disorder(path, table);
    const { store } = await openFile(path);
    expect((await rejection(exhaust(store.history()))).code).toBe("REGISTER_CORRUPT");
  });
});

describe("a pool without ranges", () => {
  it("is damage to whoever asks it for an address", async () => {
    const path = await usedFile();
    damage(path, "delete from pool_range where pool = (select id from pool where name = 'big')");
    const register = await openFile(path);
    expect((await register.refusal({ owner: "new", pool: "big" })).code).toBe("REGISTER_CORRUPT");
  });
});

describe("a store whose verify found a fault", () => {
  it("says that fault to whoever writes, and writes nothing", async () => {
    const path = await usedFile();
    damage(path, `drop trigger lease_becomes_past; delete from lease where address = ${ADDRESS - 1}`);
    const register = await openFile(path);
    const before = await register.seq();
    const { faults } = await register.store.verify();
    const refusal = await rejection(register.grant({ owner: "new" }));
    expect(refusal.code).toBe("REGISTER_CORRUPT");
    for (const text of [path, faults[0]]) expect(refusal.message).toContain(text);
    expect(await register.seq()).toBe(before);
  });

  it("in the text of the schema is found by verify, and nothing is written from then on", async () => {
    const path = await usedFile();
    const database = new Database(path);
    database.unsafeMode(true);
    database.exec(`pragma writable_schema = on;
      update sqlite_schema set sql = replace(sql, 'gaps_until', 'gaqs_until') where name = 'register'`);
    database.close();
    const register = await openFile(path);
    const { faults } = await register.store.verify();
    expect(faults).toEqual([
      "The file is damaged: its tables are not what they should be (no such column: gaps_until).",
    ]);
    expect((await register.refusal({ owner: "new" })).code).toBe("REGISTER_CORRUPT");
  });
});
