import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MACPOOL, type Ran } from "./child";

let directory: string;
let register: string;

function macpool(args: readonly string[], env: NodeJS.ProcessEnv = { MACPOOL_STORE: register }): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MACPOOL, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "macpool-cli-"));
  register = join(directory, "sub", "register.db");
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("macpool init", () => {
  test("creates the register with its directory and prints where it is", async () => {
    const ran = await macpool(["init"]);
    expect(ran).toEqual({ code: 0, stdout: `${register}\n`, stderr: "" });
    expect(existsSync(register)).toBe(true);
  });

  test("refuses an existing file and leaves it alone", async () => {
    const file = join(directory, "notes.txt");
    writeFileSync(file, "mine");
    const ran = await macpool(["init", "--store", file]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("REGISTER_EXISTS");
    expect(ran.stderr).toContain(file);
  });

  test("prints the id of the register as JSON", async () => {
    const ran = await macpool(["--json", "init"]);
    expect(JSON.parse(ran.stdout)).toEqual({ location: register, storeId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test("refuses a prefix of group addresses, and leaves no register behind", async () => {
    const ran = await macpool(["init", "--prefix", "43"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("INVALID_RANGE");
    expect(existsSync(register)).toBe(false);
  });

  test("takes another prefix", async () => {
    await macpool(["init", "--prefix", "52:54:00"]);
    expect((await macpool(["next"])).stdout).toBe("52:54:00:00:00:00\n");
  });
});

describe("macpool next", () => {
  test("prints the addresses of the seed's counter, and nothing else", async () => {
    await macpool(["init"]);
    expect(await macpool(["next"])).toEqual({ code: 0, stdout: "42:00:00:00:00:00\n", stderr: "" });
    expect((await macpool(["next"])).stdout).toBe("42:00:00:00:00:01\n");
  });

  test("carries from one octet into the next", async () => {
    await macpool(["init"]);
    const lines = (await macpool(["next", "--count", "258"])).stdout.trim().split("\n");
    expect(lines.slice(254)).toEqual([
      "42:00:00:00:00:fe",
      "42:00:00:00:00:ff",
      "42:00:00:00:01:00",
      "42:00:00:00:01:01",
    ]);
  });

  test("gives the last address of a pool, then says that it is exhausted", async () => {
    await macpool(["init", "--prefix", "42:00:00:00:00"]);
    const all = await macpool(["next", "--count", "256"]);
    expect(all.stdout.trim().split("\n").at(-1)).toBe("42:00:00:00:00:ff");
    const none = await macpool(["next"]);
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toContain("POOL_EXHAUSTED");
  });

  test("prints what it could allocate before the pool ran out, and then fails", async () => {
    await macpool(["init", "--prefix", "42:00:00:00:00"]);
    const ran = await macpool(["next", "--count", "300"]);
    expect(ran.code).toBe(1);
    expect(ran.stdout.trim().split("\n")).toHaveLength(256);
  });

  test("gives one owner the same address every time, and another owner another one", async () => {
    await macpool(["init"]);
    const first = (await macpool(["next", "--owner", "web-1"])).stdout;
    expect((await macpool(["next", "--owner", "web-1"])).stdout).toBe(first);
    expect((await macpool(["next", "--owner", "web-2"])).stdout).not.toBe(first);
  });

  test("never prints an address twice when run many times at once", async () => {
    await macpool(["init"]);
    const runs = await Promise.all(Array.from({ length: 8 }, () => macpool(["next", "--count", "50"])));
    const addresses = runs.flatMap((ran) => ran.stdout.trim().split("\n"));
    expect(new Set(addresses).size).toBe(400);
  });

  test("prints a JSON object a line", async () => {
    await macpool(["init"]);
    const ran = await macpool(["next", "--json", "--owner", "web-1"]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ pool: "default", owner: "web-1" });
  });

  test("prints an error as JSON too", async () => {
    await macpool(["init"]);
    const ran = await macpool(["next", "--json", "--pool", "nope"]);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: "POOL_NOT_FOUND", details: { pool: "nope" } } });
  });

  test("does not make up a register that is not there", async () => {
    const ran = await macpool(["next"]);
    expect(ran).toMatchObject({ code: 3, stdout: "" });
    expect(ran.stderr).toContain("macpool init");
    expect(existsSync(register)).toBe(false);
  });

  test("survives a reader that closes the pipe", async () => {
    await macpool(["init"]);
    const child = spawn(process.execPath, [MACPOOL, "next", "--count", "20000"], {
      env: { ...process.env, MACPOOL_STORE: register },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let words = "";
    child.stderr.on("data", (data: Buffer) => {
      words += data.toString();
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect({ code, words }).toEqual({ code: 0, words: "" });
  });
});

describe("wrong usage ends with code 2 and says what is wrong", () => {
  test.each([
    [["bogus"], "unknown command"],
    [["next", "--count", "0"], "whole number"],
    [["next", "--count", "1.5"], "whole number"],
    [["next", "--owner", "x", "--count", "2"], "--count"],
    [["next", "--bogus"], "unknown option"],
    [["next", "--owner", ""], "INVALID_OWNER"],
    [["next", "extra"], "too many arguments"],
    [["init", "--store", "postgres://user:hunter2@db/x?bogus=1"], "INVALID_CONFIG"],
  ])("macpool %j", async (args, words) => {
    const ran = await macpool(args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).not.toContain("hunter2");
  });
});

test("the version is the package's", async () => {
  const { version }: { version: string } = require("../../package.json");
  expect((await macpool(["--version"])).stdout).toBe(`${version}\n`);
});
