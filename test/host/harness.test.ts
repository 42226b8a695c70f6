import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Host, HostError, type HostOptions, type Properties, relayed, startHost } from "./harness";

const handlers = `
let config;
module.exports = {
  configure: async (request) => { config = request.config; },
  check: async (olds, news) => news.size < 0
    ? { failures: [{ property: "size", reason: "must not be negative" }] }
    : { inputs: { ...news, kept: olds.kept ?? "new", keys: Object.keys(news).sort().join() } },
  diff: async (id, olds, news) => news.open ? {} : { changes: olds.size !== news.size, replaces: news.far ? ["far"] : [] },
  create: async (inputs) => {
    console.log("creating"); console.error("for " + inputs.name);
    if (inputs.fail) throw new Error(inputs.fail);
    if (inputs.hang) await new Promise(() => setInterval(() => {}, 1000));
    return { id: inputs.name, outs: { ...inputs, url: config.get("t:url") ?? "", own: config.get("own") ?? "" } };
  },
  read: async (id, props) => id === "gone" ? {} : { id, props, inputs: { size: props.size } },
  update: async (id, olds, news) => ({ outs: { ...news, before: olds.size } }),
  delete: async (id) => { if (id === "stuck") throw new Error("cannot delete"); },
};`;
const loader = 'exports.handler=()=>require("./handlers.js")';

let dir: string;
const hosts: Host[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "harness-"));
  writeFileSync(join(dir, "handlers.js"), handlers);
  symlinkSync(resolve(__dirname, "..", "..", "node_modules"), join(dir, "node_modules"));
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: Partial<HostOptions> = {}): Promise<Host> {
  const host = await startHost({ cwd: dir, ...options });
  hosts.push(host);
  return host;
}

const bag = (properties: Properties): Properties => ({ ...properties, __provider: loader });

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a resource lives its whole life through the real host", async () => {
  const host = await start();
  const checked = await host.check(bag({}), bag({ name: "a", size: 1 }));
  expect(checked).toMatchObject({ failures: [], inputs: { name: "a", kept: "new" } });
  const created = await host.create(checked.inputs);
  expect(created).toMatchObject({ id: "a", outputs: { size: 1, __provider: loader } });
  expect(await host.diff("a", created.outputs, bag({ size: 2 }))).toEqual({
    changes: true,
    replaces: [],
    deleteBeforeReplace: false,
  });
  expect(await host.diff("a", created.outputs, bag({ size: 1, far: true }))).toMatchObject({ replaces: ["far"] });
  expect(await host.diff("a", created.outputs, bag({ open: true }))).toMatchObject({ changes: undefined });
  expect(await host.update("a", created.outputs, bag({ size: 2 }))).toMatchObject({ size: 2, before: 1 });
  const read = await host.read("a", created.outputs);
  expect(read).toMatchObject({ id: "a", outputs: { size: 1 } });
  expect(read.inputs).toEqual(relayed(bag({ size: 1 })));
  expect(await host.read("gone", created.outputs)).toMatchObject({ id: "" });
  await host.delete("a", created.outputs);
});

test("check failures arrive as data", async () => {
  const { failures } = await (await start()).check({}, bag({ size: -1 }));
  expect(failures).toEqual([{ property: "size", reason: "must not be negative" }]);
});

test("properties that are undefined do not reach the provider", async () => {
  const { inputs } = await (await start()).check({}, bag({ size: 1, ghost: undefined, deep: { ghost: undefined } }));
  expect(inputs).toMatchObject({ keys: "__provider,deep,size", deep: {} });
});

test("a refused call rejects with what the provider said", async () => {
  const host = await start();
  const refused = await host.create(bag({ fail: "the pool is empty" })).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(HostError);
  expect(refused).toMatchObject({ message: "the pool is empty", method: "create", code: status.UNKNOWN });
  await expect(host.delete("stuck", bag({}))).rejects.toThrow("cannot delete");
});

test("configuration is delivered, secrets in clear, and bare keys belong to the project", async () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hush" };
  const host = await start({ config: { "t:url": secret, "mine:own": "yes" }, project: "mine" });
  const { outputs } = await host.create(bag({ name: "a" }));
  expect(outputs).toMatchObject({ url: "hush", own: "yes" });
});

test("what the process prints is captured", async () => {
  const lines: string[] = [];
  const host = await start({ onLine: (line, stream) => lines.push(`${stream} ${line}`) });
  await host.create(bag({ name: "a" }));
  await expect.poll(() => lines.toSorted()).toEqual(["stderr for a", "stdout creating"]);
  expect(host.output()).toMatch(/creating\n/);
});

test("killing the host fails the call underway and leaves no process", async () => {
  const host = await start();
  const hanging = host.create(bag({ name: "a", hang: true })).catch((error: unknown) => error);
  await expect.poll(() => host.output()).toContain("creating");
  await host.kill("SIGKILL");
  expect(await hanging).toMatchObject({ method: "create", code: status.UNAVAILABLE });
  expect(isRunning(host.pid)).toBe(false);
});

test("closing twice is harmless", async () => {
  const host = await start();
  await host.close();
  await host.close();
  expect(isRunning(host.pid)).toBe(false);
});

test("a host that cannot start says why", async () => {
  const refused = start({ nodeArgs: ["--require", "./missing.js"] });
  await expect(refused).rejects.toThrow("Cannot find module './missing.js'");
});
