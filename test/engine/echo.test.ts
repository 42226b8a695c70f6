import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStack, type Stack } from "./stack";

let directory: string;
let stack: Stack;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "engine-echo-"));
  symlinkSync(resolve(__dirname, "../../node_modules"), join(directory, "node_modules"), "junction");
  stack = openStack({ projectDir: directory, project: "cloud", stack: "dev", entry: "index.js" });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Writes a program with one machine of a provider that is no Node program. */
function program(inputs: object, options: object = {}): void {
  writeFileSync(
    join(directory, "index.js"),
    `const { CustomResource } = require("@pulumi/pulumi");
     const vm = new CustomResource("acme:compute/vm:Vm", "web", ${JSON.stringify(inputs)}, ${JSON.stringify(options)});
     exports.mac = vm.mac;`,
  );
}

const names = (operations: readonly { op: string; urn: string }[]) =>
  operations.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);

test("a resource of another provider gets its inputs back, foreseen by the preview, and changes in place", async () => {
  program({ mac: "42:00:00:00:00:01", size: 1 });
  expect((await stack.preview()).outputs).toEqual({ mac: "42:00:00:00:00:01" });
  expect(await stack.up()).toMatchObject({ error: undefined, outputs: { mac: "42:00:00:00:00:01" } });
  const made = stack.resource("web");
  expect(made?.outputs).toEqual({ mac: "42:00:00:00:00:01", size: 1 });
  expect(names((await stack.up()).operations)).toEqual(["same cloud-dev", "same web"]);
  program({ mac: "42:00:00:00:00:01", size: 2 });
  expect(names((await stack.up()).operations)).toEqual(["same cloud-dev", "update web"]);
  expect(stack.resource("web")).toMatchObject({ id: made?.id, outputs: { size: 2 } });
  expect(names((await stack.refresh()).operations).sort()).toEqual(["same cloud-dev", "same web"]);
  expect(names((await stack.destroy()).operations)).toEqual(["delete web", "delete cloud-dev"]);
});

test.each([
  [true, ["delete web", "replace web"]],
  [false, ["replace web", "delete web"]],
])(
  "a replacement that was asked for by hand goes by deleteBeforeReplace: %s",
  async (deleteBeforeReplace, expected) => {
    program({ mac: "42:00:00:00:00:01" }, { deleteBeforeReplace });
    await stack.up({ skipPreview: true });
    const targetReplace = [String(stack.resource("web")?.urn)];
    const { operations } = await stack.up({ skipPreview: true, targetReplace });
    expect(names(operations)).toEqual(["same cloud-dev", ...expected]);
  },
);
