import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { migrationsOf } from "../../provider/store/migrations";
import { openConnection } from "../../provider/store/sqlite/connection";
import { Worker } from "../faults/processes/process";
import { type OldSchema, schemaOf, writeOldSchema } from "./old-schema";
import { collect, createFile, only, openFile, type Register, rejection, request, temporaryDirectory } from "./support";

const NEWEST = migrationsOf("sqlite").length;

/** Returns a register in use, and the path of the same as an earlier version of this package would have left it. */
async function usedBefore(version: OldSchema = 1): Promise<{ readonly register: Register; readonly old: string }> {
  const path = createFile();
  const register = await openFile(path);
  const slashed = ["", "/", "a/", "a/b", "a/b/c", "\u00e9/\uffff", "\uffff/\ud83d\ude00", "a\0/b", "a/b\0c", "%/_"];
  const owners = [...Array.from({ length: 20 }, (_, index) => `owner-${index}`), ...slashed];
  await register.store.acquire(owners.map((owner) => request({ owner })));
  for (const owner of slashed) await register.release((await register.grant({ owner, installation: "two" })).lease);
  for (let turn = 0; turn < 3; turn += 1) {
    const { lease } = await register.grant({ pool: "tiny", owner: `turn-${turn % 2}` });
    await register.store.update({ ...lease, owner: "renamed" });
    await register.store.reserve({ start: lease.address, end: lease.address, reason: "printer" });
    await register.store.unreserve({ start: lease.address, end: lease.address });
    await register.release(lease);
    register.clock.advance(4_000_000);
  }
  if (version > 1) await deletePools(register);
  const old = join(temporaryDirectory(), "old.db");
  writeOldSchema(path, old, version);
  return { register, old };
}

const MANAGER = { owner: "acme/network/prod/pools", installation: "one" };
const MANAGED = only(0x42_31_00_00_00_00);

/**
 * What schema 1 knew nothing of: what code manages, and deleted pools, whose released leases another one takes over, in
 * part back again.
 */
async function deletePools(register: Register): Promise<void> {
  const { store } = register;
  const by = MANAGER;
  await store.createPool({ name: "managed", ranges: [MANAGED] }, by);
  await store.reserve({ ...MANAGED, reason: "managed" }, by);
  const ranges = [{ start: 0x42_30_00_00_00_00, end: 0x42_30_00_00_00_07 }];
  for (const name of ["gone", "heir", "gone"]) {
    await store.createPool({ name, ranges }, by);
    for (const owner of ["x/y/z", "", name])
      await register.release((await register.grant({ owner, pool: name })).lease);
    if (name !== "gone") await register.release((await register.grant({ owner: "late", pool: name })).lease);
    await store.deletePool(name);
  }
  await store.createPool({ name: "heir", ranges });
}

async function contentOf(register: Register) {
  const { store } = register;
  const pools = await store.pools();
  return {
    identity: await store.identity(),
    dump: await collect(store.dump()),
    stats: await Promise.all(pools.map(({ name }) => store.stats(name))),
    byOwner: await register.leases({ ownerPrefix: "" }),
    faults: (await store.verify()).faults,
  };
}

describe("a register of an older schema", () => {
  it.each([1, 2, 4] as const)(
    "%i holds the same after it was opened, in the newest one, and is sound",
    async (version) => {
      const { register, old } = await usedBefore(version);
      expect(schemaOf(old)).toBe(version);
      const opened = await openFile(old);
      opened.clock.now = register.clock.now;
      const content = await contentOf(opened);
      expect(content).toEqual(await contentOf(register));
      expect(content.faults).toEqual([]);
      expect(await opened.leases()).toEqual(await register.leases());
      expect(await opened.events()).toEqual(await register.events());
      for (const { address } of await register.leases()) {
        expect(await opened.events({ address })).toEqual(await register.events({ address }));
      }
      expect(schemaOf(old)).toBe(NEWEST);
    },
  );

  it.each([
    ["without its event", "delete from event where seq = (select max(seq) from lease)"],
    ["of another owner than its event's", "update lease set owner = 'thief' where seq = (select max(seq) from lease)"],
    ["of another address than its event's", "update lease set seq = 1 where seq = (select max(seq) from lease)"],
    ["with the event of another lease", "update lease set seq = (select min(seq) from lease)"],
    ["whose event is of no pool", "update event set pool = 'none' where seq = (select max(seq) from lease)"],
  ])("that has a lease %s is refused as damaged, and stays what it was", async (_, sql) => {
    const { old } = await usedBefore(2);
    const database = new Database(old);
    database.exec(`drop trigger event_is_never_rewritten; drop trigger event_is_never_deleted; ${sql}`);
    database.close();
    const before = readFileSync(old).toString("base64");
    const error = await rejection(openFile(old));
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [old, "schema 2", "macpool doctor", "macpool restore"]) expect(error.message).toContain(text);
    expect(readFileSync(old).toString("base64")).toBe(before);
  });

  it.each([2, 4] as const)("%i goes by the name of who manages what, until that is granted anew", async (version) => {
    const { store } = await openFile((await usedBefore(version)).old);
    const managed = async () => [
      (await store.pools()).find(({ name }) => name === "managed")?.managedBy,
      (await store.reserved()).find(({ reason }) => reason === "managed")?.managedBy,
    ];
    expect(await managed()).toEqual([MANAGER, MANAGER]);
    const granted = { ...MANAGER, token: "granted" };
    await store.createPool({ name: "managed", ranges: [MANAGED] }, granted);
    expect([await store.deletePool("managed", MANAGER), await store.unreserve(MANAGED, granted)]).toEqual([
      false,
      true,
    ]);
    expect(await managed()).toEqual([granted, undefined]);
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

  it.each([
    "update past_event set before = 1 where seq = 1",
    "delete from past_event where seq = 1",
    "update lease set owner = 'thief'",
  ])("has a history that cannot be rewritten once it was brought up: %s", async (sql) => {
    const { old } = await usedBefore();
    await openFile(old);
    const database = new Database(old);
    onTestFinished(() => void database.close());
    expect(() => database.exec(sql)).toThrow(/append-only/);
  });

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
    const error = await rejection(openFile(old));
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [old, "version 1, and it is not", "It was left as it was", "macpool restore"]) {
      expect(error.message).toContain(text);
    }
    expect(schemaOf(old)).toBe(1);
    expect(readFileSync(old).toString("base64")).toBe(before);
  });
});
