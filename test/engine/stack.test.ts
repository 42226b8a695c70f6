import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Properties } from "../host/harness";
import { type Declared, type Fixture, makeFixture } from "./fixture";
import { type CrashPoint, openStack, type Stack, type StackOptions } from "./stack";
import { UNKNOWN } from "./values";

// Each operation starts a program and a provider process; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

let fixture: Fixture;
let stack: Stack;

function open(more: Partial<StackOptions> = {}): Stack {
  return openStack({ projectDir: fixture.dir, project: "fixture", stack: "dev", ...more });
}

beforeEach(() => {
  fixture = makeFixture();
  stack = open();
});
afterEach(() => fixture.remove());

const thing = (label: string, inputs: Properties = {}, more: Partial<Declared> = {}): Declared => ({
  name: label,
  inputs: { label, ...inputs },
  ...more,
});
const fast = { skipPreview: true };
const methods = () => fixture.calls().map((call) => call.method);
const names = (operations: readonly { op: string; urn: string }[]) =>
  operations.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a preview asks check only, and what nobody knows yet is unknown", async () => {
  fixture.plan({ declare: [thing("a", { size: 1 })], exports: { known: "$a.auto", address: "$a.address" } });
  const result = await stack.preview();
  expect(result).toMatchObject({ error: undefined, outputs: { address: UNKNOWN } });
  expect(names(result.operations)).toEqual(["create fixture-dev", "create a"]);
  expect(methods()).toEqual(["check"]);
  expect(stack.state().deployment.resources).toEqual([]);
});

test("up creates, the next up changes nothing, destroy removes dependents first and runs no program", async () => {
  fixture.plan({ declare: [thing("a"), thing("b", { size: "$a.address" })], exports: { of: "$b.size" } });
  expect((await stack.up()).outputs).toEqual({ of: "at-a" });
  expect(methods()).toEqual(["check", "check", "check", "create", "check", "create"]);
  expect(names((await stack.up(fast)).operations)).toEqual(["same fixture-dev", "same a", "same b"]);
  fixture.plan({ declare: [], fail: "the program must not run" });
  const destroyed = await stack.destroy();
  expect(names(destroyed.operations)).toEqual(["delete b", "delete a", "delete fixture-dev"]);
  expect(destroyed.error).toBeUndefined();
  expect(fixture.things()).toEqual({});
  expect(isRunning(fixture.hostPid())).toBe(false);
});

test("what is no longer declared is deleted, what vanished is dropped by refresh", async () => {
  fixture.plan({ declare: [thing("a"), thing("b")] });
  await stack.up(fast);
  fixture.lose("b-1");
  expect(names((await stack.refresh(fast)).operations)).toContain("delete b");
  expect(stack.resource("b")).toBeUndefined();
  fixture.plan({ declare: [] });
  expect(names((await stack.up(fast)).operations)).toEqual(["same fixture-dev", "delete a"]);
});

test("a replacement is created with fresh inputs before its predecessor goes", async () => {
  fixture.plan({ declare: [thing("a", { size: 1 })] });
  await stack.up(fast);
  fixture.calls();
  fixture.plan({ declare: [thing("a", { size: 2, kind: "other" })] });
  expect(names((await stack.up(fast)).operations)).toEqual(["same fixture-dev", "replace a", "delete a"]);
  expect(methods()).toEqual(["check", "diff", "check", "create", "delete"]);
  expect(stack.resource("a")?.outputs).toMatchObject({ auto: "auto-2", generation: 2 });
});

const killed: [CrashPoint, string[]][] = [
  [{ victim: "engine", method: "create", name: "b" }, ["a-1", "b-1"]],
  [{ victim: "provider", method: "create", name: "b" }, ["a-1", "b-1"]],
];

test.each(killed)(
  "when %j dies, the thing exists and state does not know it; up makes a second one",
  async (crash, left) => {
    fixture.plan({ declare: [thing("a"), thing("b", { size: "$a.address" })] });
    expect((await stack.up({ ...fast, crash })).error).toBeDefined();
    expect(Object.keys(fixture.things())).toEqual(left);
    expect(stack.resource("a")?.id).toBe("a-1");
    expect(stack.resource("b")).toBeUndefined();
    expect(isRunning(fixture.hostPid())).toBe(false);
    expect((await stack.up(fast)).error).toBeUndefined();
    expect(stack.resource("b")?.id).toBe("b-2");
  },
);

test.each(["engine", "provider"] as const)(
  "a crash of the %s after a delete leaves the resource in state",
  async (victim) => {
    fixture.plan({ declare: [thing("a")] });
    await stack.up(fast);
    const result = await stack.destroy({ ...fast, crash: { victim, method: "delete", name: "a" } });
    expect(result.error).toBeDefined();
    expect(fixture.things()).toEqual({});
    expect(stack.resource("a")?.id).toBe("a-1");
  },
);

test("after a crash in an update, state has the old outputs", async () => {
  fixture.plan({ declare: [thing("a", { size: 1 })] });
  await stack.up(fast);
  fixture.plan({ declare: [thing("a", { size: 2 })] });
  await stack.up({ ...fast, crash: { victim: "engine", method: "update", name: "a" } });
  expect(fixture.things()["a-1"]).toMatchObject({ size: 2 });
  expect(stack.resource("a")?.outputs).toMatchObject({ size: 1 });
});

test("a failed check names property and reason, and fails before anything is made", async () => {
  fixture.plan({ declare: [thing("a", { size: "wrong" })] });
  const { error, diagnostics } = await stack.up();
  expect(error).toContain("size: must not be wrong");
  expect(diagnostics).toContainEqual({
    severity: "error",
    message: error,
    urn: "urn:pulumi:dev::fixture::pulumi-nodejs:dynamic/fixture:Thing::a",
  });
  expect(methods()).toEqual(["check"]);
});

test("after a failure nothing is deleted and the rest of the state stays", async () => {
  fixture.plan({ declare: [thing("a"), thing("b")] });
  await stack.up(fast);
  fixture.plan({ declare: [thing("a"), thing("c", { size: "refused" })] });
  expect((await stack.up(fast)).error).toBe("create was refused");
  expect(Object.keys(fixture.things())).toEqual(["a-1", "b-1"]);
  expect(stack.resource("b")?.id).toBe("b-1");
});

test("a program that throws fails the operation and deletes nothing", async () => {
  fixture.plan({ declare: [thing("a")] });
  await stack.up(fast);
  fixture.plan({ declare: [], fail: "the program is broken" });
  const { error, diagnostics } = await stack.up();
  expect(error).toContain("the program failed");
  expect(diagnostics.map(({ message }) => message).join()).toContain("the program is broken");
  expect(stack.resource("a")?.id).toBe("a-1");
});

test("creates run side by side up to the limit, checks one at a time", async () => {
  const declare = ["a", "b", "c", "d"].map((label) => thing(label, { wait: 400, ponder: 20 }));
  fixture.plan({ declare });
  await stack.up({ ...fast, parallel: 3 });
  const beside = (key: string) => Math.max(...Object.values(fixture.things()).map((found) => Number(found[key])));
  expect(beside("madeBeside")).toBe(2);
  expect(beside("checkedBeside")).toBe(0);
});

test("secrets never stand in clear in the state file, which a second stack object reads", async () => {
  const stateFile = join(fixture.dir, "state.json");
  const config = { "fixture:password": { secret: "hush-config" } };
  const provider: Declared = { kind: "provider", name: "p", inputs: { password: { secret: "hush-provider" } } };
  fixture.plan({ declare: [provider, thing("a", { pin: { secret: "hush-input" } }, { provider: "p" }), thing("b")] });
  await open({ stateFile, config }).up(fast);
  expect(readFileSync(stateFile, "utf8")).not.toContain("hush");
  fixture.calls();
  expect((await open({ stateFile }).destroy(fast)).error).toBeUndefined();
  const configs = fixture.calls().map((call) => call.config);
  expect(configs).toContainEqual({ password: "hush-provider" });
  expect(configs).toContainEqual({ "fixture:password": "hush-config" });
});

test("a state file cannot be opened with another passphrase", async () => {
  const stateFile = join(fixture.dir, "state.json");
  fixture.plan({ declare: [thing("a", { pin: { secret: "hush" } })] });
  await open({ stateFile }).up(fast);
  await expect(open({ stateFile, passphrase: "another" }).refresh()).rejects.toThrow();
});

test("state can be taken and put back, as after a restored backup", async () => {
  fixture.plan({ declare: [thing("a")] });
  await stack.up(fast);
  const backup = stack.state();
  await stack.destroy(fast);
  stack.restore(backup);
  expect(stack.resource("a")?.id).toBe("a-1");
});

test("a protected resource is neither replaced nor deleted", async () => {
  fixture.plan({ declare: [thing("a", {}, { options: { protect: true } })] });
  await stack.up(fast);
  expect((await stack.destroy()).error).toContain("protected");
  fixture.plan({ declare: [thing("a", { kind: "other" }, { options: { protect: true } })] });
  expect((await stack.up(fast)).error).toContain("protected");
  expect(Object.keys(fixture.things())).toEqual(["a-1"]);
});

test("a retained resource is forgotten and stays in the world", async () => {
  fixture.plan({ declare: [thing("a", {}, { options: { retainOnDelete: true } })] });
  await stack.up(fast);
  await stack.destroy(fast);
  expect(stack.state().deployment.resources).toEqual([]);
  expect(Object.keys(fixture.things())).toEqual(["a-1"]);
});

test("two resources of one name are refused", async () => {
  fixture.plan({ declare: [thing("a"), thing("a")] });
  expect((await stack.up(fast)).error).toContain("Duplicate resource URN");
});

test("an import is refused in plain words", async () => {
  fixture.plan({ declare: [thing("a", {}, { options: { import: "a-1" } })] });
  expect((await stack.up(fast)).error).toContain("import");
});
