import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { migrationsOf } from "../../provider/store/migrations";
import { openConnection } from "../../provider/store/sqlite/connection";
import { Worker } from "../faults/processes/process";
import { schemaOf, writeSchemaOne } from "./old-schema";
import { createFile, openFile, type Register, rejection, request, temporaryDirectory } from "./support";

const NEWEST = migrationsOf("sqlite").length;

/** Returns a register in use, and the path of the same as the first version of this package would have left it. */
async function usedBefore(): Promise<{ readonly register: Register; readonly old: string }> {
  const path = createFile();
  const register = await openFile(path);
  const owners = Array.from({ length: 20 }, (_, index) => `owner-${index}`);
  await register.store.acquire(owners.map((owner) => request({ owner })));
  for (let turn = 0; turn < 3; turn += 1) {
    const { lease } = await register.grant({ pool: "tiny", owner: `turn-${turn % 2}` });
    await register.store.update({ ...lease, owner: "renamed" });
    await register.store.reserve({ start: lease.address, end: lease.address, reason: "printer" });
    await register.store.unreserve({ start: lease.address, end: lease.address });
    await register.release(lease);
    register.clock.advance(4_000_000);
  }
  const old = join(temporaryDirectory(), "old.db");
  writeSchemaOne(path, old);
  return { register, old };
}

async function contentOf({ store }: Register) {
  return [await store.identity(), await store.pools(), await store.reserved()];
}

describe("a register of schema 1", () => {
  it("holds the same after it was opened, in the newest schema, and is sound", async () => {
    const { register, old } = await usedBefore();
    expect(schemaOf(old)).toBe(1);
    const opened = await openFile(old);
    expect(await contentOf(opened)).toEqual(await contentOf(register));
    expect(await opened.leases()).toEqual(await register.leases());
    expect(await opened.events()).toEqual(await register.events());
    expect((await opened.store.verify()).faults).toEqual([]);
    expect(schemaOf(old)).toBe(NEWEST);
  });

  it("records the migration with its checksum, and runs it once", async () => {
    const { old } = await usedBefore();
    for (let turn = 0; turn < 2; turn += 1) await (await openFile(old)).store.close();
    const database = new Database(old);
    const rows = database.prepare("select number, name, checksum from migration order by number").all();
    database.close();
    expect(rows).toEqual(migrationsOf("sqlite").map(({ number, name, checksum }) => ({ number, name, checksum })));
  });

  it("knows the whole history of every address, also of what happens from then on", async () => {
    const { register, old } = await usedBefore();
    const opened = await openFile(old);
    for (const { lease } of [
      await opened.grant({ owner: "owner-3" }),
      await opened.grant({ pool: "tiny", owner: "x" }),
    ]) {
      await opened.release(lease);
    }
    const kept = await register.events();
    expect((await opened.events()).slice(0, kept.length)).toEqual(kept);
    const all = (await opened.events()).filter(({ kind }) => !/reserve|pool|init/.test(kind));
    const leases = await opened.leases();
    expect(leases.length).toBeGreaterThan(20);
    for (const { address } of leases) {
      expect(await opened.events({ address })).toEqual(all.filter((event) => event.address === address));
    }
  });

  it("points every event at the one before it at the same address, and at none for what only reserves", async () => {
    const { old } = await usedBefore();
    await openFile(old);
    const database = new Database(old, { readonly: true });
    const rows = database
      .prepare<[], { seq: number; kind: string; address: number | null; before: number | null }>(
        "select seq, kind, address, before from event order by seq",
      )
      .all();
    database.close();
    const newest = new Map<number, number>();
    for (const { seq, kind, address, before } of rows) {
      const isChained = address !== null && !/reserve/.test(kind);
      expect(before, `event ${seq}`).toBe(isChained ? (newest.get(address) ?? null) : null);
      if (isChained) newest.set(address, seq);
    }
    expect(rows.filter(({ before }) => before !== null).length).toBeGreaterThan(5);
  });

  it.each(["update event set before = 1 where seq = 1", "delete from event where seq = 1"])(
    "has a history that cannot be rewritten once it was brought up: %s",
    async (sql) => {
      const { old } = await usedBefore();
      await openFile(old);
      const database = new Database(old);
      onTestFinished(() => void database.close());
      expect(() => database.exec(sql)).toThrow(/append-only/);
    },
  );

  it("may be opened by several processes at the same moment: one brings it up, all work", async () => {
    const { old } = await usedBefore();
    const workers = [new Worker(), new Worker(), new Worker()];
    // All have started and wait for their command.
    await Promise.all(workers.map((worker) => worker.ask({ do: "unlock" })));
    const opened = await Promise.all(workers.map((worker) => worker.ask({ do: "open", path: old })));
    expect(opened.map(({ code }) => code)).toEqual([undefined, undefined, undefined]);
    const asked = { do: "allocate", count: 4, atOnce: 2 };
    const answers = await Promise.all(
      workers.map((worker, index) => worker.ask({ ...asked, request: request({ owner: `process-${index}` }) })),
    );
    expect(new Set(answers.flatMap(({ addresses }) => addresses ?? [])).size).toBe(12);
    expect((await (await openFile(old)).store.verify()).faults).toEqual([]);
  });

  it("is left alone when another has brought it up between the look at its version and the lock", async () => {
    const { register, old } = await usedBefore();
    const transaction = Database.prototype.transaction;
    vi.spyOn(Database.prototype, "transaction").mockImplementationOnce(function (this: Database.Database, work) {
      openConnection(old, Date.now).database.close();
      return transaction.call(this, work);
    });
    const opened = await openFile(old);
    vi.restoreAllMocks();
    expect(await opened.leases()).toEqual(await register.leases());
    expect(schemaOf(old)).toBe(NEWEST);
  });

  it("is waited for while another process holds its lock, and left alone when that takes too long", async () => {
    const { old } = await usedBefore();
    const worker = new Worker();
    await worker.ask({ do: "lock", path: old });
    const warnings: string[] = [];
    expect((await rejection(openFile(old, { warnAfter: 10, giveUpAfter: 50 }, warnings))).code).toBe("REGISTER_BUSY");
    expect(schemaOf(old)).toBe(1);
    const opening = openFile(old, { warnAfter: 10 }, warnings);
    await worker.ask({ do: "unlock" });
    expect((await opening).store.location).toBe(old);
    expect(schemaOf(old)).toBe(NEWEST);
  });

  it("stays what it was when the upgrade fails half-way", async () => {
    const { old } = await usedBefore();
    const database = new Database(old);
    // The migration adds this column itself, after others.
    database.exec("alter table event add column before integer");
    database.close();
    const before = readFileSync(old).toString("base64");
    expect((await rejection(openFile(old))).code).toBe("REGISTER_UNUSABLE");
    expect(schemaOf(old)).toBe(1);
    expect(readFileSync(old).toString("base64")).toBe(before);
  });
});
