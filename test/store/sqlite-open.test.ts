import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MacpoolError } from "../../provider/error";
import { migrationsOf } from "../../provider/store/migrations";
import { openRegister } from "../../provider/store/open";
import { createFile, HOUR, openFile, rejection, STORE_ID, temporaryDirectory, testContext } from "./support";

const refusal = (path: string): Promise<MacpoolError> => rejection(openFile(path));

/** Returns the path of a register that was in use and holds some hundred leases. */
async function usedFile(): Promise<string> {
  const path = createFile();
  const register = await openFile(path);
  const owners = Array.from({ length: 300 }, (_, index) => `owner-${index}`);
  await Promise.all(owners.map((owner) => register.grant({ owner })));
  await register.store.close();
  return path;
}

function edit(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

describe("a register is opened", () => {
  it("by its path, and says where it is", async () => {
    const path = createFile();
    expect((await openFile(path)).store.location).toBe(path);
  });

  it("through a symbolic link, with the same log as by its own name", async () => {
    const path = createFile();
    const link = join(temporaryDirectory(), "link.db");
    symlinkSync(path, link);
    const [one, other] = [await openFile(path), await openFile(link)];
    const { lease } = await one.grant();
    expect(await other.store.find(lease.address)).toEqual(lease);
    expect(other.store.location).toBe(path);
    expect(readdirSync(dirname(link))).toEqual(["link.db"]);
  });

  it("several times in one process; all see the same", async () => {
    const path = createFile();
    const [one, other] = [await openFile(path), await openFile(path)];
    const { lease } = await one.grant();
    expect(await other.grant()).toMatchObject({ rule: "keep", lease: { address: lease.address } });
    expect(await one.seq()).toBe(await other.seq());
  });

  it("several times in one process; what one writes follows on what the other wrote", async () => {
    const path = createFile();
    const [one, other] = [await openFile(path), await openFile(path)];
    other.clock.advance(HOUR);
    for (const register of [one, other, one, other, one]) await register.grant({ owner: "", pool: "tiny" });
    expect((await one.leases()).map(({ acquiredAt }) => acquiredAt - one.clock.now)).toEqual([
      0,
      HOUR,
      HOUR,
      HOUR,
      HOUR,
    ]);
    expect((await one.refusal({ owner: "", pool: "tiny" })).code).toBe("POOL_EXHAUSTED");
    expect((await one.store.verify()).faults).toEqual([]);
  });

  it("again after it was closed, with all it held", async () => {
    const path = await usedFile();
    const register = await openFile(path);
    expect(await register.leases()).toHaveLength(300);
    expect(await register.store.verify()).toEqual({ faults: [], leases: 300 });
  });
});

describe("a path where there is no register", () => {
  it.each(["nothing.db", "no/such/directory.db"])("is told apart from one that is damaged: %s", async (name) => {
    const path = join(temporaryDirectory(), name);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_MISSING");
    for (const text of [path, "macpool init"]) expect(error.message).toContain(text);
    expect(readdirSync(path.slice(0, -name.length - 1))).toEqual([]);
  });

  it("is unusable as a symbolic link that leads nowhere, and the message says where", async () => {
    const directory = temporaryDirectory();
    symlinkSync(join(directory, "gone.db"), join(directory, "link.db"));
    const error = await refusal(join(directory, "link.db"));
    expect(error).toMatchObject({ code: "REGISTER_UNUSABLE", message: expect.stringContaining("gone.db") });
  });

  it("is missing where its path leads through a file", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "file"), "x");
    expect((await refusal(join(directory, "file", "register.db"))).code).toBe("REGISTER_MISSING");
  });

  it("is unusable when it is a directory, a socket or a loop of links", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "d"));
    symlinkSync("loop", join(directory, "loop"));
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((listening) => server.listen(join(directory, "socket"), listening));
    for (const name of ["d", "loop", "socket"]) {
      const error = await refusal(join(directory, name));
      expect(error.code).toBe("REGISTER_UNUSABLE");
      expect(error.message).toContain(join(directory, name));
    }
    expect((await refusal(join(directory, "d"))).message).toContain("Name a file in it");
  });
});

describe("a file that is not a register", () => {
  it.each([
    ["a short text", "hello"],
    ["a long text", "hello, world\n".repeat(1000)],
    ["zeros", "\0".repeat(8192)],
    ["half of SQLite's magic words", "SQLite format 3\0".padEnd(8192, "x")],
  ])("is refused and left alone to the byte: %s", async (_, content) => {
    const path = join(temporaryDirectory(), "file.db");
    writeFileSync(path, content);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_FOREIGN");
    expect(error.message).toContain(`macpool restore BACKUP --replace --store ${path}`);
    expect(readFileSync(path, "utf8")).toBe(content);
    expect(readdirSync(dirname(path))).toEqual(["file.db"]);
  });

  it.each(["delete", "wal"])("is refused and left alone when it is another program's database (%s)", async (mode) => {
    const path = join(temporaryDirectory(), "other.db");
    edit(path, `pragma journal_mode = ${mode}; create table register (store_id text); insert into register values (1)`);
    const before = readFileSync(path);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_FOREIGN");
    expect(error.message).toContain(path);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is refused and left alone while that program has it open and its log is not folded in", async () => {
    const path = join(temporaryDirectory(), "other.db");
    const other = new Database(path);
    onTestFinished(() => void other.close());
    other.exec("pragma journal_mode = wal; create table t (a); insert into t values (1)");
    const before = [path, `${path}-wal`].map((file) => readFileSync(file).toString("base64"));
    expect((await refusal(path)).code).toBe("REGISTER_FOREIGN");
    expect([path, `${path}-wal`].map((file) => readFileSync(file).toString("base64"))).toEqual(before);
  });
});

describe("a register of a newer version of the package", () => {
  it("is refused with both versions, what to do, and nothing changed", async () => {
    const path = createFile();
    edit(path, "pragma user_version = 7");
    const before = readFileSync(path);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_TOO_NEW");
    expect(error.details).toEqual({ version: 7, known: migrationsOf("sqlite").length });
    for (const text of [path, "7", "Upgrade"]) expect(error.message).toContain(text);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe("a damaged register", () => {
  it.each([0, -1])("whose version became %s is refused, and the message says what to do", async (version) => {
    const path = createFile();
    edit(path, `pragma user_version = ${version}`);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [path, `version ${version}, and it is not`, "macpool restore"]) {
      expect(error.message).toContain(text);
    }
  });

  it("of zero bytes is refused, with what may have happened", async () => {
    const path = join(temporaryDirectory(), "register.db");
    writeFileSync(path, "");
    utimesSync(path, 1, 1);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [path, "0 bytes", "backup"]) expect(error.message).toContain(text);
    expect(statSync(path).size).toBe(0);
  });

  it("of zero bytes that is quite new may be one that is being created: it is waited for", async () => {
    const path = join(temporaryDirectory(), "register.db");
    writeFileSync(path, "");
    const opening = openRegister(path, testContext());
    const content = readFileSync(createFile());
    setImmediate(() => writeFileSync(path, content));
    const store = await opening;
    onTestFinished(() => store.close());
    expect(await store.identity()).toMatchObject({ seq: 3 });
  });

  it("whose creation was cut off is refused, with what to do", async () => {
    const { path, copy } = cutOff(temporaryDirectory());
    const error = await refusal(copy);
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [copy, "delete both files"]) expect(error.message).toContain(text);
    expect(readFileSync(copy).equals(readFileSync(path))).toBe(true);
  });

  it("whose last change before it got its log was cut off is opened without that change", async () => {
    const { copy } = cutOff(temporaryDirectory(), createFile());
    const register = await openFile(copy);
    expect(await register.store.identity()).toEqual({ storeId: STORE_ID, seq: 3 });
    expect(await register.store.verify()).toEqual({ faults: [], leases: 0 });
    expect(existsSync(`${copy}-journal`)).toBe(false);
  });

  it.each([
    ["half of it", (size: number) => Math.floor(size / 2)],
    ["its first page", () => 4096],
    ["its first 100 bytes", () => 100],
    ["all but its last page", (size: number) => size - 4096],
  ])("of which only %s is left is refused, and the message offers ways out", async (_, left) => {
    const path = await usedFile();
    truncateSync(path, left(statSync(path).size));
    const before = readFileSync(path);
    const error = await refusal(path);
    expect(error.code).toBe("REGISTER_CORRUPT");
    for (const text of [`macpool restore BACKUP --replace --store ${path}`, "Pulumi state", "macpool reconcile"]) {
      expect(error.message).toContain(text);
    }
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each(["register", "lease", "past_event"])(
    "without its table %s is refused with an error of ours",
    async (table) => {
      const path = createFile();
      edit(path, `drop table ${table}`);
      const error = await refusal(path);
      expect(error.code).toMatch(/^REGISTER_(UNUSABLE|CORRUPT)$/);
      expect(error.message).toContain(path);
    },
  );
});

describe("a register with a second name", () => {
  it("is refused, because each name has a log of its own", async () => {
    const path = createFile();
    linkSync(path, `${path}.hard-link`);
    for (const name of [path, `${path}.hard-link`]) {
      const error = await refusal(name);
      expect(error.code).toBe("REGISTER_UNUSABLE");
      const other = name === path ? `${path}.hard-link` : path;
      for (const text of [name, "2 names", `Remove the other names: ${other}.`]) expect(error.message).toContain(text);
    }
  });
});

/** Returns the database at `path` and a copy of it and its journal, taken while a transaction was half written. */
function cutOff(directory: string, path = join(directory, "dying.db")) {
  const copy = join(directory, "register.db");
  const database = new Database(path);
  onTestFinished(() => void database.close());
  database.exec("pragma cache_size = 1; begin; create table filler (text)");
  const insert = database.prepare("insert into filler values (?)");
  for (let row = 0; row < 2000; row += 1) insert.run("x".repeat(500));
  copyFileSync(path, copy);
  copyFileSync(`${path}-journal`, `${copy}-journal`);
  return { path, copy };
}
