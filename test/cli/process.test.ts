import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { environment, MACPOOL, macpool } from "./child";
import { type Lab, openLab } from "./support";

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  await lab.lines("init");
});

afterEach(() => lab.remove());

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start(args: readonly string[], node: readonly string[] = []): Child {
  const env = environment({ MACPOOL_STORE: lab.register });
  return spawn(process.execPath, [...node, MACPOOL, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function outcome(child: Child) {
  let words = "";
  child.stderr.on("data", (data: Buffer) => {
    words += data.toString();
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, words };
}

async function fill(count: number): Promise<void> {
  await lab.lines("next", "--count", String(count));
}

async function faults(): Promise<readonly string[]> {
  return (await lab.withStore((store) => store.verify())).faults;
}

describe("a reader that has seen enough", () => {
  test.each([["next", "--count", "1000000"], ["list"], ["list", "--json"], ["history", "x"]])(
    "ends %s %s quietly",
    async (...args) => {
      await fill(20_000);
      await lab.lines("next", "--owner", "x");
      const child = start(args);
      const ended = outcome(child);
      child.stdout.once("data", () => child.stdout.destroy());
      expect(await ended).toEqual({ code: 0, words: "" });
      expect(await faults()).toEqual([]);
    },
  );

  test("stops what would go on allocating for it", async () => {
    const child = start(["next", "--count", "1000000"]);
    const ended = outcome(child);
    child.stdout.once("data", () => child.stdout.destroy());
    await ended;
    expect((await lab.withStore((store) => store.stats("default"))).live).toBeLessThan(100_000);
  });

  test("of the words on stderr is no fault either", async () => {
    for (const [args, code] of [
      [["show", "nobody"], 1],
      [["bogus"], 2],
    ] as const) {
      const child = start(args);
      child.stderr.destroy();
      expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(code);
    }
  });
});

describe("a signal", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s ends the command with %d, without words, and leaves the register sound", async (signal, code) => {
    const child = start(["next", "--count", "1000000"]);
    const ended = outcome(child);
    child.stdout.once("data", () => child.kill(signal));
    child.stdout.resume();
    expect(await ended).toEqual({ code, words: "" });
    expect(await faults()).toEqual([]);
    for (const suffix of ["-journal", "-wal", "-shm"]) expect(existsSync(lab.register + suffix), suffix).toBe(false);
    expect((await lab.macpool("next")).code).toBe(0);
  });

  test("ends a command whose reader reads no more", async () => {
    await fill(20_000);
    const child = start(["list"]);
    const ended = outcome(child);
    child.stdout.once("readable", () => child.kill("SIGINT"));
    expect(
      (
        await Promise.all([
          ended,
          new Promise((resolve) => child.once("exit", resolve)).then(() => child.stdout.resume()),
        ])
      )[0],
    ).toEqual({ code: 130, words: "" });
  });
});

describe("long output", () => {
  test("needs no more memory than short output", async () => {
    await fill(200_000);
    // 200 000 leases take more than this process may have.
    const child = start(["list"], ["--max-old-space-size=24", "--max-semi-space-size=1"]);
    let bytes = 0;
    child.stdout.on("data", (data: Buffer) => {
      bytes += data.length;
    });
    expect(await outcome(child)).toEqual({ code: 0, words: "" });
    expect(bytes).toBeGreaterThan(200_000 * 50);
  });

  test.skipIf(process.platform !== "linux").each(["reserve list", "--help", "list --help", "--version"])(
    "says so when it cannot be written: %s",
    async (words) => {
      const env = environment({ MACPOOL_STORE: lab.register });
      const shell = `"${process.execPath}" "${MACPOOL}" ${words} > /dev/full`;
      const ran = () =>
        execFileSync("sh", ["-c", shell], { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
      expect(ran).toThrow(expect.objectContaining({ status: 3, stderr: expect.stringMatching(/^macpool: .*ENOSPC/) }));
    },
  );

  test.skipIf(!existsSync("/dev/full"))("says that what it cannot name was leased all the same", async () => {
    const full = openSync("/dev/full", "w");
    onTestFinished(() => closeSync(full));
    const env = environment({ MACPOOL_STORE: lab.register });
    const child = spawnSync(process.execPath, [MACPOOL, "next"], {
      env,
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    expect(child).toMatchObject({ status: 3, stderr: expect.stringMatching(/ENOSPC.* stays .*macpool list/) });
    expect(await lab.lines("list")).toHaveLength(1);
  });

  test.skipIf(!existsSync("/dev/full")).each([
    ["restore --replace", (old: string) => ["restore", `${old}.backup`, "--replace"], /is kept at .*ENOSPC/s],
    ["migrate", (old: string) => ["migrate", old, `${old}.new`], /took the place of .*ENOSPC/s],
  ])("does not keep %s from saying what became of the old register", async (_, words, said) => {
    await lab.lines("backup", `${lab.register}.backup`);
    const full = openSync("/dev/full", "w");
    onTestFinished(() => closeSync(full));
    const env = environment({ MACPOOL_STORE: lab.register });
    const child = spawnSync(process.execPath, [MACPOOL, ...words(lab.register)], {
      env,
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    expect(child.status).toBe(3);
    expect(child.stderr).toMatch(said);
  });
});

describe("a terminal", () => {
  const isThere = hasScript();
  if (!isThere)
    console.warn("SKIPPED: script(1) of util-linux is not installed, so nothing was printed on a terminal.");

  function onTerminal(env: NodeJS.ProcessEnv, ...args: readonly string[]): string {
    const command = [process.execPath, MACPOOL, ...args].map((word) => `'${word}'`).join(" ");
    const shared = { ...environment({ MACPOOL_STORE: lab.register }), ...env };
    return execFileSync("script", ["-qec", command, "/dev/null"], {
      env: shared,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  test.skipIf(!isThere)("gets headings and colours, and no colours with NO_COLOR", async () => {
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "x");
    expect(onTerminal({}, "list")).toContain("\u001b[32mlive\u001b[39m");
    const plain = onTerminal({ NO_COLOR: "1" }, "list");
    expect(plain).toContain("ADDRESS            STATE");
    expect(plain).not.toContain("\u001b");
  });

  test.skipIf(!isThere)("gets addresses alone from next, and plain JSON", async () => {
    expect(onTerminal({}, "next")).toBe("42:00:00:00:00:00\r\n");
    expect(onTerminal({}, "list", "--json")).toMatch(/^\{"address".*\}\r\n$/);
  });

  test.skipIf(!isThere)("gets a bar for each pool", async () => {
    await lab.lines("pool", "create", "lab", "--range", "62:00:00:00:00:00-62:00:00:00:00:03");
    await lab.lines("next", "--pool", "lab", "--count", "2");
    expect(onTerminal({ NO_COLOR: "1" }, "stats", "--pool", "lab")).toContain(
      `${"█".repeat(10)}${"░".repeat(10)}  50.0%`,
    );
  });

  test.skipIf(!isThere)("never obeys what a description says", async () => {
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "x", "--description", "\u001b[2Jgone");
    for (const args of [["list"], ["show", "x"]]) {
      expect(onTerminal({ NO_COLOR: "1" }, ...args)).toContain("\\u001b[2Jgone");
    }
  });
});

function hasScript(): boolean {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
}

test.each([
  ["list"],
  ["show", "42:00:00:00:00:00"],
  ["history", "x"],
  ["stats"],
  ["pool", "list"],
  ["reserve", "list"],
])("macpool %s %s without a register says how to create one, and makes none up", async (...args) => {
  const path = join(lab.directory, "it's not there.db");
  const ran = await lab.macpool(...args, "--store", path);
  expect(ran).toMatchObject({ code: 3, stdout: "" });
  const [, remedy = ""] = /Create one with: (macpool .*) \[REGISTER_MISSING\]/.exec(ran.stderr) ?? [];
  expect(existsSync(path)).toBe(false);
  const paste = remedy.replace(/^macpool/, `"${process.execPath}" "${MACPOOL}"`);
  execFileSync("bash", ["-c", paste], { stdio: "ignore" });
  expect(existsSync(path)).toBe(true);
});

test("wrong usage shows how it would be right", async () => {
  const ran = await lab.macpool("claim", "42:00:00:00:00:07");
  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain("Usage: macpool claim [options] <mac>");
  expect(ran.stderr).toContain("macpool claim --help");
  expect((await lab.macpool("lst")).stderr).toContain("Did you mean list?");
});

test.each([
  ["XDG_DATA_HOME is relative", { XDG_DATA_HOME: "data" }, []],
  ["HOME is empty", { HOME: "", XDG_DATA_HOME: "" }, []],
  ["HOME is empty, and the register named by ~", { HOME: "" }, ["--store", "~/register.db"]],
])("no working directory has a register of its own where %s", async (_, env, options) => {
  const { code, stderr } = await macpool("", ["next", ...options], "", env);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/no absolute path.*\[INVALID_CONFIG\]/) });
});
