import { chmodSync, linkSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Check } from "../../provider/store/check";
import { type ExamineOptions, examineSqlite } from "../../provider/store/sqlite/examine";
import { machineFileSystem } from "../../provider/store/sqlite/file-checks";
import { Worker } from "../faults/processes/process";
import { createFile, openFile, temporaryDirectory, testContext } from "./support";

const QUIET = { warnAfter: 0, giveUpAfter: 100 };

async function examine(path: string, options: ExamineOptions = {}): Promise<ReadonlyMap<string, Check>> {
  const checks = await examineSqlite(path, testContext(), { ...QUIET, ...options });
  return new Map(checks.map((check) => [check.check, check]));
}

async function verdicts(path: string, options: ExamineOptions = {}) {
  return Object.fromEntries([...(await examine(path, options))].map(([check, { verdict }]) => [check, verdict]));
}

/** Returns a file system of one kind. */
function ofType(type: number): ExamineOptions {
  return { fileSystem: { ...machineFileSystem, typeOf: () => type } };
}

const SOUND = {
  file: "ok",
  "file system": "ok",
  "file access": "ok",
  "file mode": "ok",
  "directory access": "ok",
  "directory mode": "ok",
  "disk space": "ok",
  log: "ok",
  "native module": "ok",
  versions: "ok",
  settings: "ok",
  lock: "ok",
};

describe("the examination of a register file", () => {
  it("finds nothing wrong with a new one, nor with one in use", async () => {
    const path = createFile();
    expect(await verdicts(path, ofType(0xef53))).toEqual(SOUND);
    const register = await openFile(path);
    await register.grant();
    expect(await verdicts(path, ofType(0xef53))).toEqual(SOUND);
  });

  it("names the engine, the schema and the settings as they are in force", async () => {
    const found = await examine(createFile());
    expect(found.get("versions")?.finding).toMatch(/^SQLite 3\.\d+\.\d+, schema \d+$/);
    expect(found.get("settings")?.finding).toContain("journal_mode wal, synchronous 2");
  });

  it.each([
    [0x6969, "fault"],
    [0x65735546, "fault"],
    [0x01021994, "warning"],
    [0x794c7630, "warning"],
    [0x58465342, "ok"],
    [0x12345678, "ok"],
  ])("judges file system 0x%s", async (type, verdict) => {
    const found = await examine(createFile(), ofType(type));
    expect(found.get("file system")?.verdict).toBe(verdict);
    expect(found.has("lock")).toBe(verdict !== "fault");
  });

  it("warns when others may read or change the file, or replace it", async () => {
    const path = createFile();
    chmodSync(path, 0o604);
    expect((await examine(path)).get("file mode")).toMatchObject({
      verdict: "warning",
      finding: expect.stringContaining("read"),
    });
    chmodSync(path, 0o602);
    expect((await examine(path)).get("file mode")).toMatchObject({
      verdict: "warning",
      finding: expect.stringContaining("change"),
    });
    chmodSync(path, 0o660);
    chmodSync(dirname(path), 0o777);
    expect(await verdicts(path)).toMatchObject({ "file mode": "ok", "directory mode": "warning" });
    chmodSync(dirname(path), 0o1777);
    expect(await verdicts(path)).toMatchObject({ "directory mode": "ok" });
    chmodSync(dirname(path), 0o700);
  });

  it("warns of a native module that can abort, in the words of what is wrong with it", async () => {
    const found = await examine(createFile(), { risk: "It can abort." });
    expect(found.get("native module")).toMatchObject({ verdict: "warning", finding: "It can abort." });
    expect(found.get("lock")?.verdict).toBe("ok");
  });

  it("tells of a lock that another process holds", async () => {
    const path = createFile();
    const register = await openFile(path);
    const worker = new Worker();
    await worker.ask({ do: "lock", path });
    expect(await verdicts(path)).toMatchObject({ lock: "warning", settings: "ok" });
    await worker.ask({ do: "unlock" });
    expect(await verdicts(path)).toMatchObject({ lock: "ok" });
    await register.store.close();
  });

  it("tells of a log that cannot be cut back", async () => {
    const path = createFile();
    const register = await openFile(path);
    truncateSync(`${path}-wal`, 2 ** 26 + 1);
    expect(await verdicts(path)).toMatchObject({ log: "warning" });
    await register.store.close();
  });

  it("follows a symbolic link", async () => {
    const path = createFile();
    const link = join(temporaryDirectory(), "link.db");
    symlinkSync(path, link);
    expect((await examine(link)).get("file")).toMatchObject({ verdict: "ok", finding: `${link} leads to ${path}` });
  });

  it.each<[string, string, (path: string) => void]>([
    ["file", "REGISTER_CORRUPT", (path) => truncateAndAge(path)],
    ["file", "REGISTER_UNUSABLE", (path) => linkSync(path, `${path}.also`)],
    ["opening", "REGISTER_FOREIGN", (path) => writeFileSync(path, "mine ".repeat(2000))],
  ])("ends with check %s as a fault with code %s, whatever is found", async (check, code, spoil) => {
    const path = createFile();
    spoil(path);
    const last = [...(await examine(path)).values()].at(-1);
    expect(last).toMatchObject({ check, verdict: "fault", finding: expect.stringContaining(`[${code}]`) });
  });

  it("says that there is none", async () => {
    const found = await examine(join(temporaryDirectory(), "register.db"));
    expect([...found.values()]).toMatchObject([
      { check: "file", verdict: "fault", finding: expect.stringContaining("REGISTER_MISSING") },
    ]);
  });
});

function truncateAndAge(path: string): void {
  truncateSync(path);
  utimesSync(path, 0, 0);
}
