import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { directory, macpool, start } from "./child";

/** Returns the path of a register with an address of owner `web-1`. */
async function register(): Promise<string> {
  const path = join(directory(), "register.db");
  await macpool(path, ["init"]);
  await macpool(path, ["next", "--owner", "web-1"]);
  return path;
}

describe("macpool backup", () => {
  test("prints the path of the copy and nothing else; only this user can read it", async () => {
    const store = await register();
    const target = join(directory(), "b.db");
    expect(await macpool(store, ["backup", target])).toEqual({ code: 0, stdout: `${target}\n`, stderr: "" });
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect((await macpool(target, ["show", "web-1"])).stdout).toBe((await macpool(store, ["show", "web-1"])).stdout);
  });

  test("prints what the copy holds as JSON", async () => {
    const store = await register();
    const target = join(directory(), "b.db");
    expect(JSON.parse((await macpool(store, ["backup", target, "--json"])).stdout)).toEqual({
      path: target,
      storeId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      seq: 4,
      leases: 1,
    });
  });

  test("refuses a file that is there, with code 1, and leaves it alone", async () => {
    const store = await register();
    const target = join(directory(), "b.db");
    writeFileSync(target, "mine");
    const ran = await macpool(store, ["backup", target]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("REGISTER_EXISTS");
    expect(readFileSync(target, "utf8")).toBe("mine");
  });

  test("does not make up a register, and leaves nothing behind", async () => {
    const target = join(directory(), "b.db");
    const ran = await macpool(join(directory(), "none.db"), ["backup", target]);
    expect(ran).toMatchObject({ code: 3, stdout: "" });
    expect(readdirSync(dirname(target))).toEqual([]);
  });

  test("leaves nothing behind when Ctrl-C comes", async () => {
    const store = await register();
    await macpool(store, ["next", "--count", "200000"]);
    const target = join(directory(), "b.db");
    const child = start(store, ["backup", target]);
    while (readdirSync(dirname(target)).length === 0) await new Promise((next) => setTimeout(next, 1));
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect(code).toBe(130);
    expect(readdirSync(dirname(target))).toEqual([]);
  });
});

describe("macpool restore", () => {
  test("makes the register anew where there is none, and says how to catch up with the stacks", async () => {
    const store = await register();
    const target = join(directory(), "b.db");
    await macpool(store, ["backup", target]);
    const to = join(directory(), "sub", "register.db");
    const ran = await macpool(to, ["restore", target]);
    expect(ran).toMatchObject({ code: 0, stdout: `${to}\n` });
    expect(ran.stderr).toContain("macpool reconcile");
    expect((await macpool(to, ["next", "--owner", "web-1"])).stdout).toBe(
      (await macpool(store, ["next", "--owner", "web-1"])).stdout,
    );
  });

  test("refuses where there is a register, unless --replace is given; then the old one is kept", async () => {
    const store = await register();
    const target = join(directory(), "b.db");
    await macpool(store, ["backup", target]);
    const late = (await macpool(store, ["next", "--owner", "late"])).stdout;
    const refused = await macpool(store, ["restore", target]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("--replace");
    const ran = await macpool(store, ["restore", target, "--replace", "--json"]);
    expect(ran.code).toBe(0);
    const { keptAt, seq, replaced } = JSON.parse(ran.stdout);
    expect(replaced.seq).toBe(seq + 1);
    expect(ran.stderr).toContain(`macpool list --state live --store ${keptAt}`);
    expect((await macpool(keptAt, ["show", "late"])).stdout).toContain(late.trim());
    expect((await macpool(store, ["show", "late"])).code).toBe(1);
  });

  test("says that what was leased by hand is only in the old register, also when the two went different ways", async () => {
    const store = await register();
    const target = join(directory(), "b.db");
    await macpool(store, ["backup", target]);
    await macpool(store, ["claim", "42:00:00:00:00:10", "--owner", "first"]);
    const { keptAt } = JSON.parse((await macpool(store, ["restore", target, "--replace", "--json"])).stdout);
    await macpool(store, ["claim", "42:00:00:00:00:20", "--owner", "second"]);
    const back = await macpool(store, ["restore", keptAt, "--replace", "--json"]);
    const { keptAt: secondAt } = JSON.parse(back.stdout);
    expect(back.stderr).toContain(`macpool list --state live --store ${secondAt}`);
    expect((await macpool(secondAt, ["show", "second"])).code).toBe(0);
  });

  test.each([
    ["the copy is begun", /^\.register\.db\.[0-9a-f]+\.tmp$/],
    ["the copy is checked", /^\.register\.db\.[0-9a-f]+\.tmp-wal$/],
    ["the old register is copied", /^\.register\.db\.before-restore-.*tmp$/],
    ["the old register has its name", /^register\.db\.before-restore-/],
  ])("that is killed when %s leaves the old register or the restored one, whole", async (_, stage) => {
    const store = await register();
    const target = join(directory(), "b.db");
    await macpool(store, ["backup", target]);
    await macpool(store, ["next", "--owner", "late"]);
    await macpool(store, ["next", "--count", "5000"]);
    const child = start(store, ["restore", target, "--replace"]);
    const exit = once(child, "exit");
    while (child.exitCode === null && !readdirSync(dirname(store)).some((name) => stage.test(name))) {
      await new Promise((next) => setImmediate(next));
    }
    child.kill("SIGKILL");
    await exit;
    const late = (await macpool(store, ["show", "late"])).code;
    expect([0, 1]).toContain(late);
    const { live } = JSON.parse((await macpool(store, ["stats", "--json"])).stdout);
    expect(live).toBe(late === 0 ? 5002 : 1);
    expect((await macpool(store, ["doctor"])).code).toBe(0);
  });

  test.each([
    ["a text", 3, "mine"],
    ["nothing", 3, undefined],
  ])("refuses %s with code %s, and makes nothing", async (_, code, content) => {
    const file = join(directory(), "file");
    if (content !== undefined) writeFileSync(file, content);
    const to = join(directory(), "register.db");
    expect(await macpool(to, ["restore", file])).toMatchObject({ code, stdout: "" });
    expect(existsSync(to)).toBe(false);
  });
});

describe("macpool migrate", () => {
  test("says what it made when Ctrl-C comes before it is proven", async () => {
    const store = await register();
    await macpool(store, ["next", "--count", "60000"]);
    const to = join(directory(), "register.db");
    const child = start(store, ["migrate", store, to]);
    const exit = once(child, "exit");
    let words = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      words += text;
    });
    while (!existsSync(to)) await new Promise((next) => setTimeout(next, 1));
    child.kill("SIGINT");
    expect((await exit)[0]).toBe(130);
    expect(words).toContain(`${to} was made, but is not compared with ${store} yet`);
    expect(existsSync(to)).toBe(true);
  });

  test("makes a register that exports the very same, and says that the old one is over", async () => {
    const store = await register();
    const to = join(directory(), "new", "register.db");
    const ran = await macpool("unused", ["migrate", store, to]);
    expect(ran).toMatchObject({ code: 0, stdout: `${to}\n` });
    expect(ran.stderr).toContain(store);
    expect((await macpool(to, ["export"])).stdout).toBe((await macpool(store, ["export"])).stdout);
  });

  test.each([
    ["a register that is there", (store: string) => [store, store], 1, "REGISTER_EXISTS"],
    [
      "a PostgreSQL server that cannot be reached",
      (store: string) => [store, "postgres://ada:s3cret@127.0.0.1:1/x"],
      3,
      "REGISTER_UNREACHABLE",
    ],
    ["a register that is not there", (store: string) => [`${store}.none`, `${store}.new`], 3, "REGISTER_MISSING"],
  ])("refuses %s", async (_, args, code, words) => {
    const store = await register();
    const ran = await macpool("unused", ["migrate", ...args(store)]);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).not.toContain("s3cret");
  });
});
