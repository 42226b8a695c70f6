import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { backupSqlite } from "../../provider/store/sqlite/backup";
import { type RestoreOptions, restoreSqlite } from "../../provider/store/sqlite/restore";
import { Worker } from "../faults/processes/process";
import { schemaOf, writeOldSchema } from "./old-schema";
import { createFile, openFile, rejection, request, STORE_ID, temporaryDirectory, testContext } from "./support";

const LIMIT = 120_000;

/** Returns the path of a backup with the leases of `owners`. */
async function backupWith(...owners: readonly string[]): Promise<string> {
  const register = await openFile(createFile());
  for (const owner of owners) await register.grant({ owner });
  const target = join(temporaryDirectory(), "backup.db");
  await backupSqlite(register.store.location, target, testContext());
  await register.store.close();
  return target;
}

function restore(from: string, to: string, options: RestoreOptions = {}) {
  return restoreSqlite(from, to, testContext(), { warnAfter: 0, giveUpAfter: 200, ...options });
}

async function ownersIn(path: string): Promise<readonly string[]> {
  const register = await openFile(path);
  expect((await register.store.verify()).faults).toEqual([]);
  const owners = (await register.leases()).map(({ owner }) => owner).toSorted();
  await register.store.close();
  return owners;
}

describe("restoring where no register is", () => {
  it("makes the register, with its directory, for this user alone, and leaves the backup as it was", async () => {
    const from = await backupWith("a", "b");
    const before = readFileSync(from);
    const to = join(temporaryDirectory(), "sub", "register.db");
    const restored = await restore(from, to);
    expect(restored).toMatchObject({ location: to, storeId: STORE_ID, leases: 2, replaced: undefined });
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(to))).toEqual(["register.db"]);
    expect(await ownersIn(to)).toEqual(["a", "b"]);
    expect(readFileSync(from).equals(before)).toBe(true);
    expect(readdirSync(dirname(from))).toEqual(["backup.db"]);
  });

  it("takes a plain copy of a register too, with the log beside it", async () => {
    const register = await openFile(createFile());
    await register.grant({ owner: "in-the-log" });
    const from = join(temporaryDirectory(), "copy.db");
    for (const suffix of ["", "-wal"]) copyFileSync(register.store.location + suffix, from + suffix);
    const before = readFileSync(`${from}-wal`);
    const to = join(temporaryDirectory(), "register.db");
    await restore(from, to);
    expect(await ownersIn(to)).toEqual(["in-the-log"]);
    expect(readFileSync(`${from}-wal`).equals(before)).toBe(true);
  });

  it("does not let a log that was left at the target get into it", async () => {
    const from = await backupWith("a");
    const other = await openFile(createFile());
    await other.grant({ owner: "stale" });
    const to = join(temporaryDirectory(), "register.db");
    copyFileSync(`${other.store.location}-wal`, `${to}-wal`);
    expect((await rejection(restore(from, to))).code).toBe("REGISTER_EXISTS");
    const { replaced } = await restore(from, to, { replace: true });
    expect(await ownersIn(to)).toEqual(["a"]);
    expect(existsSync(`${replaced?.keptAt}-wal`)).toBe(true);
  });
});

describe("a file that is no sound register is refused, and nothing is left at the target", () => {
  it.each<[string, string, (path: string) => void]>([
    ["a text", "REGISTER_FOREIGN", (path) => writeFileSync(path, "mine ".repeat(5000))],
    ["another program's database", "REGISTER_FOREIGN", (path) => edit(path, "pragma application_id = 7")],
    ["an empty file", "REGISTER_CORRUPT", (path) => truncateSync(path)],
    ["a truncated file", "REGISTER_CORRUPT", (path) => truncateSync(path, 3 * 4096)],
    ["a newer schema", "REGISTER_TOO_NEW", (path) => edit(path, "pragma user_version = 999")],
    [
      "a history without its end, whose guard is gone",
      "REGISTER_CORRUPT",
      (path) => edit(path, "drop trigger lease_becomes_past; delete from lease"),
    ],
    ["a lost id", "REGISTER_CORRUPT", (path) => edit(path, "delete from register")],
  ])("%s", async (_, code, spoil) => {
    const from = await backupWith("a");
    spoil(from);
    const before = readFileSync(from);
    const directory = temporaryDirectory();
    const error = await rejection(restore(from, join(directory, "sub", "register.db")));
    expect(error.code).toBe(code);
    expect(error.message).toContain(from);
    expect(error.message).not.toContain(".tmp");
    expect(readdirSync(directory)).toEqual([]);
    expect(readFileSync(from).equals(before)).toBe(true);
  });

  it("no file, and a directory", async () => {
    const directory = temporaryDirectory();
    const to = join(directory, "register.db");
    expect((await rejection(restore(join(directory, "none.db"), to))).code).toBe("REGISTER_MISSING");
    expect((await rejection(restore(directory, to))).code).toBe("REGISTER_UNUSABLE");
    expect(readdirSync(directory)).toEqual([]);
  });
});

function edit(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(`pragma foreign_keys = off; ${sql}`);
  database.close();
}

describe("restoring over a register", () => {
  it("is refused unless it is asked for", async () => {
    const from = await backupWith("new");
    const to = createFile();
    expect((await rejection(restore(from, to))).code).toBe("REGISTER_EXISTS");
    expect(await ownersIn(to)).toEqual([]);
  });

  it("keeps the old one beside it, log folded in, sound and usable, and says how far it had come", async () => {
    const from = await backupWith("new");
    const old = await openFile(createFile());
    const to = old.store.location;
    await old.grant({ owner: "old" });
    const seq = await old.seq();
    const { replaced } = await restore(from, to, { replace: true });
    expect(replaced?.keptAt.startsWith(`${to}.before-restore-2026-01-01T12-00-00`)).toBe(true);
    expect(replaced?.identity).toEqual({ storeId: STORE_ID, seq });
    expect(readdirSync(dirname(to)).toSorted()).toEqual([
      "register.db",
      `register.db${replaced?.keptAt.slice(to.length)}`,
    ]);
    expect(await ownersIn(to)).toEqual(["new"]);
    expect(await ownersIn(replaced?.keptAt ?? "")).toEqual(["old"]);
  });

  it("keeps its mode, so that whoever could use it still can", async () => {
    const from = await backupWith("new");
    const to = createFile();
    chmodSync(to, 0o660);
    await restore(from, to, { replace: true });
    expect(statSync(to).mode & 0o777).toBe(0o660);
  });

  it("fences whoever has the old file open: what they write is refused, and the new one stays sound when they close", async () => {
    const from = await backupWith("new");
    const old = await openFile(createFile());
    const to = old.store.location;
    await old.grant({ owner: "old" });
    const { replaced } = await restore(from, to, { replace: true });
    const present = await openFile(to);
    await present.grant({ owner: "after" });
    expect((await old.refusal({ owner: "late" })).code).toBe("REGISTER_UNUSABLE");
    await old.store.close();
    expect(existsSync(`${to}-wal`)).toBe(true);
    await present.store.close();
    expect(await ownersIn(to)).toEqual(["after", "new"]);
    expect(await ownersIn(replaced?.keptAt ?? "")).toEqual(["old"]);
  });

  it("loses no commit that was acknowledged: it is in the kept register, in the new one, or was refused", {
    timeout: LIMIT,
  }, async () => {
    for (let round = 0; round < 4; round += 1) {
      const from = await backupWith("new");
      const to = createFile();
      const workers = [new Worker(), new Worker()];
      await Promise.all(workers.map((worker) => worker.ask({ do: "open", path: to })));
      for (const [index, worker] of workers.entries())
        worker.tell({ do: "stream", request: request({ owner: `w${index}` }) });
      const acknowledged = new Set<string>();
      for (const worker of workers) acknowledged.add((await worker.next()).owner ?? "");
      const { replaced } = await restore(from, to, { replace: true, giveUpAfter: 30_000 });
      const codes = await Promise.all(workers.map((worker) => drain(worker, acknowledged)));
      expect(codes).toEqual(["REGISTER_UNUSABLE", "REGISTER_UNUSABLE"]);
      const kept = new Set(await ownersIn(replaced?.keptAt ?? ""));
      expect([...acknowledged].filter((owner) => !kept.has(owner))).toEqual([]);
      expect(await ownersIn(to)).toEqual(["new"]);
    }
  });

  it("waits for who is writing, and gives up with both as they were", async () => {
    const from = await backupWith("new");
    const to = createFile();
    const worker = new Worker();
    await worker.ask({ do: "lock", path: to });
    expect((await rejection(restore(from, to, { replace: true }))).code).toBe("REGISTER_BUSY");
    await worker.ask({ do: "unlock" });
    expect(readdirSync(dirname(to)).filter((name) => !/-(wal|shm)$/.test(name))).toEqual(["register.db"]);
    expect(await ownersIn(to)).toEqual([]);
  });

  it.each<[string, (path: string) => void]>([
    ["a text", (path) => writeFileSync(path, "mine ".repeat(5000))],
    ["an empty file", (path) => truncateSync(path)],
    ["a truncated register", (path) => truncateSync(path, 5 * 4096 + 17)],
  ])("that is damaged replaces it all the same, and keeps it as it was: %s", async (_, spoil) => {
    const from = await backupWith("new");
    const to = createFile();
    spoil(to);
    utimesSync(to, 0, 0);
    const before = readFileSync(to);
    const { replaced } = await restore(from, to, { replace: true });
    expect(await ownersIn(to)).toEqual(["new"]);
    const kept = readFileSync(replaced?.keptAt ?? "");
    expect(kept.subarray(4096).equals(before.subarray(4096, kept.length))).toBe(true);
  });

  it("leaves another program's database alone", async () => {
    const from = await backupWith("new");
    const to = createFile();
    edit(to, "pragma application_id = 7");
    expect((await rejection(restore(from, to, { replace: true }))).code).toBe("REGISTER_FOREIGN");
    expect(readdirSync(dirname(to))).toEqual(["register.db"]);
  });

  it("leaves another program's database alone together with the log that a crash left behind", async () => {
    const from = await backupWith("new");
    const elsewhere = join(temporaryDirectory(), "other.db");
    const database = new Database(elsewhere);
    database.pragma("journal_mode = wal");
    database.exec("create table precious (value)");
    const to = join(temporaryDirectory(), "register.db");
    for (const suffix of ["", "-wal"]) copyFileSync(elsewhere + suffix, to + suffix);
    database.close();
    const contents = () => ["", "-wal"].map((suffix) => readFileSync(to + suffix).toString("base64"));
    const before = contents();
    expect((await rejection(restore(from, to, { replace: true }))).code).toBe("REGISTER_FOREIGN");
    expect(contents()).toEqual(before);
  });

  it("leaves a directory alone", async () => {
    const from = await backupWith("new");
    const to = join(temporaryDirectory(), "register.db");
    mkdirSync(to);
    expect((await rejection(restore(from, to, { replace: true }))).code).toBe("REGISTER_UNUSABLE");
  });
});

/** Notes what a worker still acknowledges, and returns the code it ends with. */
async function drain(worker: Worker, acknowledged: Set<string>): Promise<string> {
  for (;;) {
    const { code, owner } = await worker.next();
    if (code !== undefined) return code;
    acknowledged.add(owner ?? "");
  }
}

describe("a backup of an older schema", () => {
  it("is brought to the present one in the register, and stays as it was itself", async () => {
    const newer = await backupWith("a");
    const from = join(temporaryDirectory(), "old.db");
    writeOldSchema(newer, from, 1);
    const before = readFileSync(from);
    const to = join(temporaryDirectory(), "register.db");
    await restore(from, to);
    expect(schemaOf(to)).toBe(schemaOf(newer));
    expect(await ownersIn(to)).toEqual(["a"]);
    expect(readFileSync(from).equals(before)).toBe(true);
  });
});
