import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../provider/store/sqlite/file-checks";
import { createSqliteRegister } from "../../provider/store/sqlite/sqlite-store";
import { Worker } from "../faults/processes/process";
import { faultOf } from "../mac/support";
import {
  BIG,
  createFile,
  initial,
  openFile,
  request,
  STORE_ID,
  TINY,
  temporaryDirectory,
  testContext,
} from "./support";

const create = (path: string, content = initial(), fileSystem?: FileSystem) =>
  createSqliteRegister(path, content, testContext(), fileSystem);

const NFS: FileSystem = { typeOf: () => 0x6969, mountPoints: () => [] };

describe("creating a register", () => {
  it("makes a file that only this user can read, with the directories it needs", async () => {
    const path = createFile({}, join(temporaryDirectory(), "a", "b", "register.db"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const register = await openFile(path);
    expect(await register.store.identity()).toEqual({ storeId: STORE_ID, seq: 3 });
    expect((await register.store.pools()).map(({ name }) => name)).toEqual([BIG.name, TINY.name]);
    expect(await register.leases()).toEqual([]);
  });

  it("leaves nothing but the file", () => {
    const path = createFile();
    expect(readdirSync(dirname(path))).toEqual(["register.db"]);
  });

  it.each([
    ["a register", (path: string) => createFile({}, path)],
    ["a text", (path: string) => writeFileSync(path, "precious")],
    ["an empty file", (path: string) => writeFileSync(path, "")],
  ])("refuses a path where there is %s, names it and leaves it alone", (_, make) => {
    const path = join(temporaryDirectory(), "register.db");
    make(path);
    const before = readFileSync(path);
    const fault = faultOf(() => create(path));
    expect(fault.code).toBe("REGISTER_EXISTS");
    expect(fault.message).toContain(path);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("refuses a path where the log of a register is that was moved away, and leaves it alone", async () => {
    const path = createFile();
    const { store } = await openFile(path);
    await store.acquire([request()]);
    const moved = join(temporaryDirectory(), "moved.db");
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, moved + suffix);
    rmSync(moved);
    const log = readFileSync(`${moved}-wal`);
    expect(log.length).toBeGreaterThan(0);
    const fault = faultOf(() => create(moved));
    expect(fault.code).toBe("REGISTER_EXISTS");
    expect(fault.message).toContain(`${moved}-wal`);
    expect(readFileSync(`${moved}-wal`).equals(log)).toBe(true);
    expect(existsSync(moved)).toBe(false);
  });

  it("refuses a directory, and a symbolic link even when it leads nowhere", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "d"));
    symlinkSync(join(directory, "nowhere"), join(directory, "link"));
    expect(faultOf(() => create(join(directory, "d"))).code).toBe("REGISTER_EXISTS");
    expect(faultOf(() => create(join(directory, "link"))).code).toBe("REGISTER_EXISTS");
    expect(existsSync(join(directory, "nowhere"))).toBe(false);
  });

  it("refuses a path that leads through a file, and says that this is no directory", () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "precious");
    for (const path of [join(file, "register.db"), join(file, "deeper", "register.db")]) {
      const fault = faultOf(() => create(path));
      expect(fault.code).toBe("REGISTER_UNUSABLE");
      expect(fault.message).toContain(`check that ${dirname(path)} is a directory`);
    }
  });

  it("refuses a shared file system, and says which and what to use instead", () => {
    const path = join(temporaryDirectory(), "register.db");
    const fault = faultOf(() => create(path, initial(), NFS));
    expect(fault.code).toBe("REGISTER_UNUSABLE");
    for (const text of [dirname(path), "NFS", "PostgreSQL"]) expect(fault.message).toContain(text);
  });
});

describe("creating a register that fails", () => {
  const overlapping = initial({ pools: [TINY, { ...TINY, name: "again" }] });

  it("says why", () => {
    expect(faultOf(() => create(join(temporaryDirectory(), "r.db"), overlapping)).code).toBe("POOL_CONFLICT");
    const invalid = initial({ reservations: [{ start: 1, end: 0, reason: "x" }] });
    expect(faultOf(() => create(join(temporaryDirectory(), "r.db"), invalid)).code).toBe("INVALID_RANGE");
  });

  it("leaves no file behind, so that it can be tried again", () => {
    const path = join(temporaryDirectory(), "register.db");
    faultOf(() => create(path, overlapping));
    expect(readdirSync(dirname(path))).toEqual([]);
    create(path);
  });

  it.each([
    ["the content is refused", overlapping, undefined],
    ["the file system is refused", initial(), NFS],
  ])("leaves no directory behind that it made, when %s", (_, content, fileSystem) => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "there"));
    faultOf(() => create(join(directory, "there", "made", "too", "register.db"), content, fileSystem));
    expect(readdirSync(directory)).toEqual(["there"]);
    expect(readdirSync(join(directory, "there"))).toEqual([]);
  });
});

describe("two processes that create the same register at once", () => {
  it("one wins, the other is told that there is one, and both can use it at once", async () => {
    const directory = temporaryDirectory();
    const workers = [new Worker(), new Worker()];
    for (let round = 0; round < 10; round += 1) {
      const path = join(directory, `round-${round}`, "register.db");
      const created = workers.map((worker) => worker.ask({ do: "create", path, content: initial() }));
      const opened = workers.map((worker) => worker.tell({ do: "open", path }));
      expect(opened).toHaveLength(2);
      const codes = (await Promise.all(created)).map(({ code }) => code ?? "created");
      expect(codes.toSorted()).toEqual(["REGISTER_EXISTS", "created"]);
      const answers = await Promise.all(workers.map((worker) => worker.next()));
      expect(answers).toEqual([
        { storeId: STORE_ID, seq: 3 },
        { storeId: STORE_ID, seq: 3 },
      ]);
    }
  });
});
