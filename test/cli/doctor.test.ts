import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import type { Check } from "../../provider/store/check";
import { systemContext } from "../../provider/store/open";
import { createSqliteRegister, openSqliteStore } from "../../provider/store/sqlite/sqlite-store";
import { directory, macpool } from "./child";

async function register(): Promise<string> {
  const path = join(directory(), "register.db");
  await macpool(path, ["init"]);
  await macpool(path, ["next", "--count", "50"]);
  return path;
}

async function doctor(store: string, env: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await macpool(store, ["doctor", "--json"], "", env);
  const checks: Check[] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const bad = checks.filter(({ verdict }) => verdict !== "ok");
  return { code, stderr, checks, bad };
}

/** Fills the page of a table or index with something else. */
function spoilPage(path: string, name: string, byte: number): void {
  const database = new Database(path);
  const root = Number(database.prepare("select rootpage from sqlite_schema where name = ?").pluck().get(name));
  database.close();
  const file = openSync(path, "r+");
  writeSync(file, Buffer.from([byte]), 0, 1, (root - 1) * 4096);
  closeSync(file);
}

describe("macpool doctor", () => {
  test("finds a register sound with code 0, and says which it is, why, and what it looked at", async () => {
    const store = await register();
    const before = readFileSync(store);
    const ran = await macpool(store, ["doctor"], "", { CI: "" });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain(`ok\tregister\t${store} (from MACPOOL_STORE)\n`);
    expect(ran.stdout).toContain("\t50 leases, and every invariant holds\n");
    expect(readFileSync(store).equals(before)).toBe(true);
    expect((await macpool("unused", ["doctor", "--store", store])).stdout).toContain("(given by --store)");
    const { checks } = await doctor(store, { CI: "true" });
    expect(checks.map(({ check }) => check)).toEqual([
      ...["register", "CI", "file", "file system", "file access", "file mode", "directory access", "directory mode"],
      ...["disk space", "log", "native module", "versions", "settings", "lock"],
      ...["identity", "content", "clock", "pool default"],
    ]);
    expect(checks.find(({ check }) => check === "CI")?.finding).toContain("never made up");
  });

  test("says of a register on a server that no update makes it, in CI or not", async () => {
    for (const CI of ["", "true"]) {
      const { code, checks } = await doctor("postgres://ada@127.0.0.1:1/network", { CI });
      expect(code).toBe(3);
      const finding = checks.find(({ check }) => check === "CI")?.finding;
      expect(finding).toMatch(/set: on a server no update makes a register, but macpool init does/);
    }
  });

  test("looks at the user's own register when nothing else is said", async () => {
    const home = directory();
    const ran = await macpool("", ["doctor"], "", { HOME: home, XDG_DATA_HOME: home });
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain("neither --store nor MACPOOL_STORE");
    expect(ran.stdout).toContain("macpool init");
  });

  test.each<[string, (path: string) => void, RegExp]>([
    ["a text file", (path) => writeFileSync(path, "mine ".repeat(2000)), /REGISTER_FOREIGN/],
    ["a truncated file", (path) => truncateSync(path, 5 * 4096), /damaged|REGISTER_CORRUPT/],
    ["a file of a few bytes", (path) => truncateSync(path, 100), /REGISTER_(FOREIGN|CORRUPT)/],
    ["a flipped byte in a table", (path) => spoilPage(path, "lease", 0xff), /damaged|REGISTER_CORRUPT/],
    ["a flipped byte in an index", (path) => spoilPage(path, "lease_released", 0xff), /damaged|REGISTER_CORRUPT/],
    ["a newer schema", (path) => edit(path, "pragma user_version = 999"), /REGISTER_TOO_NEW/],
    [
      "a lost lease",
      (path) => edit(path, "delete from lease where address % 10 = 3"),
      /in the history but has no lease/,
    ],
    ["a lost id", (path) => edit(path, "delete from register"), /REGISTER_CORRUPT/],
  ])("finds %s, says what to do, and ends with code 3", async (_, spoil, words) => {
    const store = await register();
    spoil(store);
    const { code, bad, stderr } = await doctor(store);
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(
      bad
        .filter(({ verdict }) => verdict === "fault")
        .map(({ finding }) => finding)
        .join("\n"),
    ).toMatch(words);
    expect(bad.map(({ finding }) => finding).join("\n")).toMatch(/[Bb]ackup|Upgrade/);
    for (const { finding } of bad)
      if (finding.includes("macpool restore")) expect(finding).toContain(`--replace --store ${store}`);
  });

  test("tells a directory from a register", async () => {
    const store = join(directory(), "register.db");
    mkdirSync(store);
    expect(await doctor(store)).toMatchObject({ code: 3, bad: [{ check: "file", verdict: "fault" }] });
  });

  test("finds a directory that this user may not write to, and says what SQLite needs it for", async () => {
    const store = await register();
    // File modes do not bind root, whose test acts as nobody.
    const user = process.getuid?.() === 0 ? 65_534 : undefined;
    if (user !== undefined) for (const path of [store, dirname(store)]) chownSync(path, user, user);
    chmodSync(dirname(store), 0o555);
    const ran = await macpool(store, ["doctor"], "", {}, user);
    chmodSync(dirname(store), 0o755);
    if (ran.stdout === "" && /EACCES|Cannot find module/.test(ran.stderr)) {
      console.warn(`SKIPPED: nobody cannot load the command here. ${ran.stderr}`);
      return;
    }
    expect(ran.code).toBe(3);
    expect(ran.stdout).toMatch(/^fault\tdirectory access\t.*log beside the file/m);
  });

  test("warns of a register that another process has locked, and still checks it", async () => {
    const store = await register();
    const other = new Database(store);
    other.exec("begin immediate");
    const { code, bad } = await doctor(store);
    other.exec("rollback");
    other.close();
    expect({ code, bad }).toMatchObject({ code: 0, bad: [{ check: "lock", verdict: "warning" }] });
  });

  test("warns of a clock that was wrong and of a pool that is nearly full", async () => {
    const store = join(directory(), "register.db");
    const context = { ...systemContext(() => undefined), clock: () => Date.now() + 86_400_000 };
    const start = 0x42_10_00_00_00_00;
    const pools = [{ name: "small", ranges: [{ start, end: start + 19 }] }];
    createSqliteRegister(store, { storeId: "6f0a4b52-6a0e-4a0c-9a39-1f1f5e0d7c11", pools, reservations: [] }, context);
    const opened = await openSqliteStore(store, context);
    await opened.close();
    await macpool(store, ["next", "--pool", "small", "--count", "19"]);
    const { code, bad } = await doctor(store);
    expect(code).toBe(0);
    expect(bad.map(({ check, verdict }) => `${check}: ${verdict}`)).toEqual(["clock: warning", "pool small: warning"]);
  });

  test("ends with code 2 for a kind of register that this version has not", async () => {
    const ran = await macpool("mysql://ada:s3cret@db/x", ["doctor"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("[INVALID_CONFIG]");
    expect(`${ran.stdout}${ran.stderr}`).not.toContain("s3cret");
  });

  test("finds a server that cannot be reached, and shows no password", async () => {
    const ran = await macpool("postgres://ada:s3cret@127.0.0.1:1/x", ["doctor"]);
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain("[REGISTER_UNREACHABLE]");
    expect(`${ran.stdout}${ran.stderr}`).not.toContain("s3cret");
  });

  test("has nothing to do with files beside the register", async () => {
    const store = await register();
    writeFileSync(join(dirname(store), "notes.txt"), "mine");
    expect((await doctor(store)).code).toBe(0);
  });
});

function edit(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(`pragma foreign_keys = off; ${sql}`);
  database.close();
}
