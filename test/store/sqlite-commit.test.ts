import { existsSync, readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { Worker } from "../faults/processes/process";
import { createFile, openFile, Register, rejection, request } from "./support";

/** Returns the number of commits in the write-ahead log: a frame that ends one has the size of the database in it. */
function commitsInLog(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) {
    const isCurrent = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    if (isCurrent && log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}

/** Opens a second connection, as another program would. */
function connect(path: string): Database.Database {
  const database = new Database(path, { fileMustExist: true, timeout: 0 });
  onTestFinished(() => void database.close());
  return database;
}

const commits = (path: string) => (existsSync(`${path}-wal`) ? commitsInLog(path) : 0);

describe("the requests of one turn", () => {
  it("are one commit, however many they are", async () => {
    const path = createFile();
    const register = await openFile(path);
    await register.grant({ owner: "first" });
    const before = commits(path);
    const owners = Array.from({ length: 50 }, (_, index) => `owner-${index}`);
    await Promise.all(owners.map((owner) => register.grant({ owner })));
    expect(commits(path)).toBe(before + 1);
    await register.grant({ owner: "last" });
    expect(commits(path)).toBe(before + 2);
  });

  it("are one commit with the place where their pool's sequence goes on", async () => {
    const path = createFile();
    const register = await openFile(path);
    await register.grant({ owner: "first", pool: "tiny" });
    const before = commits(path);
    await Promise.all(["a", "b"].map((owner) => register.grant({ owner, pool: "tiny" })));
    expect(commits(path)).toBe(before + 1);
  });

  it("of every kind are one commit", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease: a } = await register.grant({ owner: "a" });
    const { lease: b } = await register.grant({ owner: "b" });
    const before = commits(path);
    const { store } = register;
    await Promise.all([
      store.release([a]),
      store.update({ ...b, owner: "renamed" }),
      store.reserve({ start: a.address + 1, end: a.address + 9, reason: "x" }),
      store.updatePool("tiny", { description: "racks" }),
      register.grant({ owner: "c" }),
    ]);
    expect(commits(path)).toBe(before + 1);
  });

  it("are no commit at all when there is nothing to write", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    const before = commits(path);
    await register.release({ ...lease, token: "?" });
    await register.store.predict(request());
    await register.leases();
    expect(commits(path)).toBe(before);
  });

  it("are seen by another connection as soon as they are acknowledged", async () => {
    const path = createFile();
    const register = await openFile(path);
    const other = connect(path).prepare("select count(*) from lease where token = ?").pluck();
    const grants = Array.from({ length: 20 }, async (_, index) => {
      const { lease } = await register.grant({ owner: `o-${index}` });
      return other.get(lease.token);
    });
    expect(await Promise.all(grants)).toEqual(Array.from(grants, () => 1));
  });
});

describe("an SQL error in one request", () => {
  it("undoes only that one, and the others of its turn get their addresses", async () => {
    const path = createFile();
    const register = await openFile(path);
    connect(path).exec(`create trigger refuse before insert on lease when new.owner = 'bad'
      begin select raise(abort, 'broken'); end`);
    const seq = await register.seq();
    const settled = await Promise.allSettled(["a", "bad", "c"].map((owner) => register.grant({ owner })));
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await rejection(register.grant({ owner: "bad" }))).code).toBe("REGISTER_UNUSABLE");
    expect((await register.leases()).map(({ owner }) => owner).toSorted()).toEqual(["a", "c"]);
    expect(await register.seq()).toBe(seq + 2);
    expect(await register.store.verify()).toEqual({ faults: [], leases: 2 });
  });

  it("in one of many requests of one call undoes all of that call", async () => {
    const path = createFile();
    const register = await openFile(path);
    connect(path).exec(`create trigger refuse before insert on lease when new.owner = 'bad'
      begin select raise(abort, 'broken'); end`);
    const call = register.store.acquire(["a", "bad", "c"].map((owner) => request({ owner })));
    expect((await rejection(call)).code).toBe("REGISTER_UNUSABLE");
    expect(await register.leases()).toEqual([]);
  });

  it("does not move the sequence of its pool on: the next owner gets the address", async () => {
    const path = createFile();
    const register = await openFile(path);
    connect(path).exec(`create trigger refuse before insert on lease when new.owner = 'bad'
      begin select raise(abort, 'broken'); end`);
    const call = register.store.acquire(["a", "bad"].map((owner) => request({ owner, pool: "tiny" })));
    expect((await rejection(call)).code).toBe("REGISTER_UNUSABLE");
    expect(await register.address({ owner: "good", pool: "tiny" })).toBe("42:10:00:00:00:00");
    expect((await register.store.verify()).faults).toEqual([]);
  });

  it("does not leave an installation or an actor in memory that was undone with it", async () => {
    const path = createFile();
    const register = await openFile(path);
    const other = connect(path);
    other.exec("create trigger refuse before insert on lease begin select raise(abort, 'broken'); end");
    await rejection(register.grant({ installation: "new-one" }));
    other.exec("drop trigger refuse");
    const { lease } = await register.grant({ installation: "new-one" });
    expect(lease.installation).toBe("new-one");
    expect(await register.store.find(lease.address)).toEqual(lease);
    expect((await register.store.verify()).faults).toEqual([]);
  });
});

describe("a recovery that fails", () => {
  it("leaves no hole in the history: the next event has the next number", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    await register.release(lease);
    const seq = await register.seq();
    const other = connect(path);
    other.exec("create trigger refuse before insert on lease begin select raise(abort, 'broken'); end");
    const recovery = register.store.recover([{ ...lease, stack: "network/prod", seq: seq + 100 }], true);
    expect((await rejection(recovery)).code).toBe("REGISTER_UNUSABLE");
    other.exec("drop trigger refuse");
    expect((await register.grant({ owner: "next" })).lease.seq).toBe(seq + 1);
    expect((await register.store.verify()).faults).toEqual([]);
  });
});

describe("a second lease under one identity", () => {
  it("is refused by the database itself, whatever the code above it does", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant();
    const columns =
      "at, kind, pool, owner, scope, installation, actor, acquired_at, released_at, rotation, slot, token, description, tags";
    const copy = `insert into lease (seq, address, ${columns}) select seq + 1, address + 1, ${columns} from lease`;
    expect(() => connect(path).exec(copy)).toThrow(/UNIQUE.*owner/);
    expect(await register.leases()).toEqual([lease]);
  });
});

describe("leases that another process grants or releases", () => {
  it("are known to this one at its next request, though it has just asked for the same owner's", async () => {
    const path = createFile();
    const [one, other] = [await openFile(path), await openFile(path)];
    const asked = await one.store.predict(request());
    const { lease } = await other.grant({ installation: "theirs" });
    expect(lease.address).toBe(asked?.address);
    const mine = await one.grant();
    expect(mine.lease.address).not.toBe(lease.address);
    expect(mine.warning).toMatch(/installation theirs/);
    await one.store.predict(request({ installation: "theirs" }));
    await other.release(lease);
    expect(await one.store.predict(request({ installation: "theirs" }))).toEqual({
      rule: "reclaim",
      address: lease.address,
    });
  });
});

describe("definitions that another process changes", () => {
  it("are in force for this one from its next request on", async () => {
    const path = createFile();
    const [one, other] = [await openFile(path), await openFile(path)];
    await one.grant({ pool: "tiny" });
    await other.store.updatePool("tiny", { quarantineSeconds: 5, description: "theirs" });
    await other.store.createPool({ name: "edge", ranges: [{ start: 0x42_30_00_00_00_00, end: 0x42_30_00_00_00_07 }] });
    await other.store.reserve({ start: 0x42_30_00_00_00_00, end: 0x42_30_00_00_00_06, reason: "theirs" });
    expect((await one.store.pools()).map(({ name }) => name)).toEqual(["big", "edge", "tiny"]);
    expect(await one.address({ pool: "edge" })).toBe("42:30:00:00:00:07");
    expect((await one.refusal({ pool: "edge", owner: "late" })).code).toBe("POOL_EXHAUSTED");
  });

  it("are in force when that process is really another one", async () => {
    const path = createFile();
    const register = await openFile(path);
    const { lease } = await register.grant({ owner: "theirs-0" });
    const worker = new Worker();
    await worker.ask({ do: "open", path });
    const { addresses } = await worker.ask({
      do: "allocate",
      request: request({ owner: "theirs" }),
      count: 3,
      atOnce: 3,
    });
    const seen = new Register(register.store, register.clock);
    expect(await seen.address({ owner: "theirs-0" })).toBe(addresses?.[0]);
    expect((await seen.leases()).map(({ address }) => address)).toContain(lease.address);
    expect(await seen.leases()).toHaveLength(3);
  });
});
