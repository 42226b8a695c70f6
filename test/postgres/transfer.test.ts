import { createHash } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { exportLines } from "../../cli/transfer/export-write";
import { parsePrefix } from "../../provider/mac/range";
import { backupRegister, loadRegister, openRegister } from "../../provider/store/open";
import { rebuildRegister } from "../../provider/store/rebuild";
import type { RegisterRecord } from "../../provider/store/record";
import {
  collect,
  createFile,
  openFile,
  Register,
  rejection,
  request,
  TestClock,
  temporaryDirectory,
  testContext,
} from "../store/support";
import { createSchema, describePostgres, newSchema, openUrl, runSql, schemaOf, sharedDatabase } from "./support";

/** Returns a SQLite register with something of everything in it. */
async function fullRegister(): Promise<Register> {
  const register = await openFile(createFile());
  const { store } = register;
  const by = { owner: "acme/network/prod/pool", installation: "two", token: "granted" };
  await store.createPool({ name: "old", ranges: [parsePrefix("42:60")], description: "a\0b\u0001c" }, by);
  const gone = await register.grant({ pool: "old", owner: "ü😀" });
  await register.release(gone.lease);
  await store.deletePool("old", by);
  await store.reserve({ ...parsePrefix("42:20:01"), reason: "kept" }, by);
  await store.createPool({ name: "kept", ranges: [parsePrefix("42:61")] }, by);
  const { lease } = await register.grant({ tags: { z: "1", a: "\0 ' \\ \"" }, description: "NUL \0 here" });
  await register.grant({ owner: "other", requestedAddress: lease.address + 1 });
  for (let index = 0; index < 3; index += 1) await register.grant({ pool: "tiny", owner: "" });
  await register.release((await register.grant({ owner: "released" })).lease);
  return register;
}

async function digestOf(records: AsyncIterable<RegisterRecord>): Promise<string> {
  const hash = createHash("sha256");
  for await (const line of exportLines(records)) hash.update(line);
  return hash.digest("hex");
}

async function* cutOff(records: AsyncIterable<RegisterRecord>): AsyncIterable<RegisterRecord> {
  for await (const record of records) {
    if (record.record === "event") throw new Error("interrupted");
    yield record;
  }
}

async function open(store: string): Promise<Register> {
  const clock = new TestClock();
  const opened = await openRegister(store, testContext(clock));
  onTestFinished(() => opened.close());
  return new Register(opened, clock);
}

describePostgres("a register that moves", () => {
  it("from SQLite to PostgreSQL and back holds exactly the same, byte by byte, and goes on from there", async () => {
    const source = await fullRegister();
    const before = await digestOf(source.store.dump());
    const url = newSchema();
    const made = await loadRegister(url, source.store.dump(), testContext());
    expect(made).toMatchObject({ ...(await source.store.identity()), leases: 7 });
    const target = await open(url);
    expect(await digestOf(target.store.dump())).toBe(before);
    expect(await target.store.identity()).toEqual(await source.store.identity());
    const path = join(temporaryDirectory(), "back.db");
    await loadRegister(path, target.store.dump(), testContext());
    expect(await digestOf((await open(path)).store.dump())).toBe(before);
    // What the stacks hold stays, what was released comes back, and numbers go on.
    const { seq } = await source.store.identity();
    const kept = await target.grant({ owner: "released" });
    expect(kept).toMatchObject({ rule: "reclaim", lease: { seq: seq + 1 } });
    expect((await target.store.verify()).faults).toEqual([]);
  });

  it("from PostgreSQL to SQLite keeps gaps between the numbers of events, and finds those that come later", async () => {
    const url = await createSchema();
    const source = await openUrl(url);
    const names: string[] = [];
    for (const owner of ["one", "two", "three"]) {
      await source.grant({ owner });
      // As a statement does that met another.
      names.push(
        ...(await runSql(`select nextval('${schemaOf(url)}.event_seq')::text as name`)).map(({ name }) => name),
      );
    }
    await source.grant({ owner: "four" });
    expect(names.length).toBe(3);
    const before = await digestOf(source.store.dump());
    const path = join(temporaryDirectory(), "moved.db");
    await loadRegister(path, source.store.dump(), testContext());
    const moved = await open(path);
    expect(await digestOf(moved.store.dump())).toBe(before);
    expect((await moved.store.verify()).faults).toEqual([]);
    for (const owner of ["five", "six", "seven"]) await moved.grant({ owner });
    await moved.store.close();
    const database = new Database(path);
    database.exec("drop trigger lease_becomes_past; delete from lease where seq = (select max(seq) - 1 from lease)");
    database.close();
    const { faults } = await (await open(path)).store.verify();
    expect(faults).toContainEqual(expect.stringMatching(/^The history has a hole between event \d+ and event \d+\.$/));
  });

  it("is refused where there is a register, which stays as it is", async () => {
    const source = await fullRegister();
    const url = await createSchema();
    const before = await digestOf((await open(url)).store.dump());
    expect((await rejection(loadRegister(url, source.store.dump(), testContext()))).code).toBe("REGISTER_EXISTS");
    expect(await digestOf((await open(url)).store.dump())).toBe(before);
  });

  it("into the place of another, which is open somewhere, is used as what it is there too", async () => {
    const source = await fullRegister();
    const { lease } = await source.grant({ owner: "taken from", pool: "big" });
    await source.store.release([lease]);
    await source.store.reserve({ start: lease.address, end: lease.address, reason: "not in the other register" });
    const url = newSchema();
    await loadRegister(url, (await fullRegister()).store.dump(), testContext());
    const other = await openUrl(url);
    await other.grant({ owner: "one more", installation: "late" });
    await runSql(`drop schema ${schemaOf(url)} cascade`);
    await loadRegister(url, source.store.dump(), testContext());
    const granted = await other.grant({ owner: "taken from", installation: "late" });
    expect(granted.lease.address).not.toBe(lease.address);
    expect(await (await open(url)).store.find(granted.lease.address)).toEqual(granted.lease);
  });

  it("leaves nothing behind when it is interrupted, and can then be moved again", async () => {
    const source = await fullRegister();
    const url = newSchema();
    await expect(loadRegister(url, cutOff(source.store.dump()), testContext())).rejects.toThrow("interrupted");
    expect(await runSql(`select from pg_namespace where nspname = '${schemaOf(url)}'`)).toEqual([]);
    await loadRegister(url, source.store.dump(), testContext());
    expect(await digestOf((await open(url)).store.dump())).toBe(await digestOf(source.store.dump()));
  });

  it("is refused when its records contradict each other or make no sound register", async () => {
    const source = await fullRegister();
    const records = await collect(source.store.dump());
    async function* twice() {
      for (const record of records) yield* record.record === "lease" ? [record, record] : [record];
    }
    async function* withoutEvents() {
      yield* records.filter(({ record }) => record !== "event");
    }
    for (const bad of [twice(), withoutEvents()]) {
      expect((await rejection(loadRegister(newSchema(), bad, testContext()))).code).toBe("INVALID_FILE");
    }
  });
});

describePostgres("a register in PostgreSQL that was lost", () => {
  const lost = { storeId: "7a1c9f5e-0d6c-4a77-8f1c-6d0a4c5f0b11", seqAbove: 100 };

  it("is made anew whole, in the schema that it had", async () => {
    const url = newSchema();
    const granted = await rebuildRegister(url, testContext(), lost, async (register) => {
      const [outcome] = await register.acquire([request({ pool: "default" })]);
      return outcome;
    });
    expect(granted).toMatchObject({ ok: true });
    const { store } = await openUrl(url);
    expect(await store.identity()).toMatchObject({ storeId: lost.storeId });
    expect((await store.identity()).seq).toBeGreaterThan(100);
    expect((await store.verify()).faults).toEqual([]);
  });

  it("is made anew in a schema whose name is a word of SQL", async () => {
    const url = `${sharedDatabase()}?schema=order`;
    onTestFinished(async () => {
      await runSql('drop schema if exists "order" cascade');
    });
    await rebuildRegister(url, testContext(), lost, async () => undefined);
    await runSql('drop schema "order" cascade');
    await createSchema({}, url);
    expect((await (await openUrl(url)).grant()).rule).toBe("derive");
  });

  it("is not there at all when that fails", async () => {
    const url = newSchema();
    const work = () => Promise.reject(new Error("no"));
    await expect(rebuildRegister(url, testContext(), lost, work)).rejects.toThrow("no");
    expect(await runSql(`select from pg_namespace where nspname = '${schemaOf(url)}'`)).toEqual([]);
    expect(await runSql("select from pg_namespace where nspname like 'draft%'")).toEqual([]);
  });
});

describePostgres("a backup", () => {
  it("is the server's: the message names its tools, and no password", async () => {
    const error = await rejection(backupRegister("postgres://ada:s3cret@db/network", "copy.db", testContext()));
    expect(error.code).toBe("INVALID_CONFIG");
    expect(error.message).toContain("pg_dump");
    expect(error.message).not.toContain("s3cret");
  });
});
