import Database from "better-sqlite3";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { migrationsOf } from "../../provider/store/migrations";
import { SqliteLedger } from "../../provider/store/sqlite/sqlite-ledger";
import { createFile, openFile, request, testContext } from "./support";

afterEach(() => vi.restoreAllMocks());

function connect(path: string): Database.Database {
  const database = new Database(path, { fileMustExist: true });
  onTestFinished(() => void database.close());
  return database;
}

describe("the history in the file", () => {
  it.each([
    "update past_event set actor = actor",
    "update past_event set at = 0 where seq = 1",
    "delete from past_event",
    "update lease set owner = 'thief'",
    "update lease set at = at + 1",
    "update lease set token = 'mine', seq = 99",
    "delete from past_event where seq = (select max(seq) from past_event)",
  ])("cannot be rewritten, not even by hand: %s", async (sql) => {
    const path = createFile();
    const register = await openFile(path);
    await register.grant();
    const before = await register.events();
    expect(() => connect(path).exec(sql)).toThrow(/append-only/);
    expect(await (await openFile(path)).events()).toEqual(before);
  });
});

describe("an event in the file", () => {
  it("points at the one before it at its address; one that only reserves a range points at none", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    const range = { start: lease.address, end: lease.address };
    await register.store.reserve({ ...range, reason: "x" });
    await register.store.unreserve(range);
    await register.grant();
    await register.release((await register.grant()).lease);
    const links = connect(path).prepare("select seq - before from event where seq > ? order by seq").pluck();
    expect(links.all(lease.seq - 1)).toEqual([null, null, null, 3, 1, 1]);
  });
});

describe("a lease in the file", () => {
  it("is never replaced by another one of the same identity: the database has the last word", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    const database = connect(path);
    const ledger = new SqliteLedger(database, testContext());
    database.exec("begin");
    const address = lease.address + 1;
    const { seq } = ledger.append({ ...lease, address, kind: "sequence" });
    expect(() => ledger.put({ ...lease, address, seq })).toThrow(/UNIQUE.*owner/);
    database.exec("rollback");
    expect(await register.leases()).toEqual([lease]);
  });

  it("shares its address with no other one: the database has the last word", async () => {
    const path = createFile();
    const { lease } = await (await openFile(path)).grant();
    const columns = "at, kind, address, pool, scope, installation, actor, rotation, slot, token, description, tags";
    const copy = `insert into lease (seq, owner, ${columns}) select seq + 1, 'other', ${columns} from lease`;
    expect(() => connect(path).exec(copy)).toThrow(/UNIQUE.*address/);
    expect(await (await openFile(path)).leases()).toEqual([lease]);
  });

  it("is never written without its event, nor an event without its lease", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    const database = connect(path);
    const ledger = new SqliteLedger(database, testContext());
    const begin = () => {
      database.exec("begin");
      ledger.refresh();
      return ledger.append({ ...lease, kind: "keep" }).seq;
    };
    const attempts = [
      () => ledger.flush(),
      () => ledger.append({ ...lease, kind: "keep" }),
      (seq: number) => ledger.put({ ...lease, address: lease.address + 1, seq }),
      (seq: number) => ledger.put({ ...lease, seq: seq - 1 }),
      (seq: number) => {
        ledger.put({ ...lease, seq });
        ledger.put({ ...lease, seq });
      },
    ];
    for (const attempt of attempts) {
      const seq = begin();
      expect(() => attempt(seq)).toThrow(/with(out its event|out its lease).*report this as a bug/);
      database.exec("rollback");
    }
    expect(await register.leases()).toEqual([lease]);
    expect((await register.store.verify()).faults).toEqual([]);
  });
});

describe("the sequence of a pool in the file", () => {
  it("goes on behind the last address it gave, so that what was given need not be walked through again", async () => {
    const path = createFile();
    const register = await openFile(path);
    const cursor = connect(path).prepare("select cursor from pool where name = 'big'").pluck();
    const first = parseMac("42:20:00:00:00:00");
    expect(cursor.get()).toBe(first);
    await register.grant({ owner: "" });
    await register.grant({ owner: "", requestedAddress: first + 5 });
    expect(cursor.get()).toBe(first + 1);
    for (let turn = 0; turn < 5; turn += 1) await register.grant({ owner: "" });
    expect(cursor.get()).toBe(first + 7);
  });
});

describe("the migrations", () => {
  it("are numbered from 1 without gaps, and a new register has all of them with their checksums", () => {
    const migrations = migrationsOf("sqlite");
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
    const database = connect(createFile());
    const rows = database.prepare("select number, name, checksum from migration order by number").all();
    expect(rows).toEqual(migrations.map(({ number, name, checksum }) => ({ number, name, checksum })));
    expect(database.pragma("user_version", { simple: true })).toBe(migrations.length);
  });
});

describe("long lists", () => {
  const COUNT = 2300;
  const fill = async () => {
    const path = createFile();
    const register = await openFile(path);
    const asks = Array.from({ length: COUNT }, (_, index) => request({ owner: `o-${index}`, sequential: true }));
    await register.store.acquire(asks);
    return register;
  };

  it("have every lease and every event once and in order", async () => {
    const register = await fill();
    const first = parseMac("42:20:00:00:00:00");
    const expected = Array.from({ length: COUNT }, (_, index) => index);
    expect((await register.leases()).map(({ address }) => address - first)).toEqual(expected);
    expect((await register.leases({ state: "live", ownerPrefix: "o-" })).length).toBe(COUNT);
    expect((await register.events()).map(({ seq }) => seq)).toEqual(Array.from({ length: COUNT + 3 }, (_, n) => n + 1));
  });

  it("have every lease once by owner too, one owner's or all, live or released, however many nobody has", async () => {
    const register = await fill();
    const nobody = Array.from({ length: COUNT }, () => request({ owner: "", sequential: true }));
    await register.store.acquire(nobody);
    const released = (await register.leases({ owner: "" })).filter((_, index) => index % 2 === 0);
    await register.store.release(released);
    const addresses = async (filter: object) => {
      const all = (await register.leases(filter)).map(({ address }) => address);
      expect(new Set(all).size).toBe(all.length);
      return all.length;
    };
    expect(await addresses({ ownerPrefix: "" })).toBe(2 * COUNT);
    expect(await addresses({ owner: "" })).toBe(COUNT);
    expect(await addresses({ owner: "", pool: "big", state: "released" })).toBe(COUNT / 2);
    expect(await addresses({ ownerPrefix: "", state: "live" })).toBe(1.5 * COUNT);
    expect(await addresses({ owner: "", pool: "tiny" })).toBe(0);
    expect(await addresses({ ownerPrefix: "o-1" })).toBe(1 + 10 + 100 + 1000);
  });

  it("have what matches behind very much that does not", async () => {
    const register = await fill();
    const last = (await register.leases()).at(-1);
    if (last !== undefined) await register.release(last);
    const found = await register.leases({ state: "released" });
    expect(found.map(({ address }) => address)).toEqual([last?.address]);
    expect((await register.events({ owner: last?.owner })).map(({ kind }) => kind)).toEqual(["sequence", "release"]);
  });

  it("have every event of one address, though it has more than are read at a time", async () => {
    const register = await openFile(createFile());
    const address = parseMac("42:20:00:00:00:01");
    const turns = Array.from({ length: 1200 }, () => request({ requestedAddress: address }));
    const grants = await register.store.acquire(turns);
    const last = grants.at(-1);
    if (last?.ok === true) await register.release(last.value.lease);
    const history = await register.events({ address });
    expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: 1201 }, (_, index) => index + 4));
    expect(history.at(0)?.kind).toBe("claim");
    expect(history.at(-1)?.kind).toBe("release");
  });

  it("do not bar writing while they are half read, nor when reading them was broken off", async () => {
    const register = await fill();
    let seen = 0;
    for await (const lease of register.store.list()) {
      seen += 1;
      if (seen === 1) await register.release(lease);
      if (seen === 5) await register.store.reserve({ start: lease.address, end: lease.address, reason: "x" });
      if (seen === 1500) break;
    }
    for await (const _ of register.store.history()) break;
    expect((await register.grant({ owner: "late" })).rule).toBe("derive");
  });
});

describe("many reservations", () => {
  it("are loaded once, not again for each that is added or ended", async () => {
    const register = await openFile(createFile());
    const first = parseMac("42:30:00:00:00:00");
    const ranges = Array.from({ length: 2000 }, (_, index) => ({ start: first + 2 * index, end: first + 2 * index }));
    const prepare = vi.spyOn(Database.prototype, "prepare");
    await Promise.all(ranges.map((range) => register.store.reserve({ ...range, reason: "x" })));
    await Promise.all(ranges.slice(1000).map((range) => register.store.unreserve(range)));
    const loads = prepare.mock.calls.filter(([sql]) => /select .* from reservation/.test(sql));
    expect(loads.length).toBeLessThanOrEqual(1);
    const kept = (await register.store.reserved()).filter(({ reason }) => reason === "x");
    expect(kept.map(({ start, end }) => ({ start, end }))).toEqual(ranges.slice(0, 1000));
    expect(await (await openFile(register.store.location)).store.reserved()).toEqual(await register.store.reserved());
  });
});
