import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOADER } from "../../sdk/loader";

const pulumi = createRequire(__filename).resolve("@pulumi/pulumi");
const requireFromString = createRequire(pulumi).resolve("require-from-string");

let project: string;

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "macpool-loader-")));
});
afterEach(() => rmSync(project, { recursive: true }));

/** Does what Pulumi's provider host does with the text, in a process of its own whose directory is the project. */
function load(): { readonly handlers?: unknown; readonly code?: string; readonly message?: string } {
  const script = `
    try { console.log(JSON.stringify({ handlers: require(${JSON.stringify(requireFromString)})(process.argv[1]).handler() })) }
    catch (e) { console.log(JSON.stringify({ code: e.code, message: e.message })) }`;
  const env = { PATH: process.env["PATH"] };
  const run = spawnSync(process.execPath, ["-e", script, LOADER], { cwd: project, env, encoding: "utf8" });
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout);
}

function install(provider: string): void {
  const root = join(project, "node_modules", "pulumi-macpool");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "package.json"), JSON.stringify({ exports: { "./provider": "./provider.js" } }));
  writeFileSync(join(root, "provider.js"), provider);
}

describe("the loader", () => {
  it("is the text that state files hold, to the byte", () => {
    expect(createHash("sha256").update(LOADER).digest("hex")).toBe(
      "bddd1035f80ddc54b4c71a155d3db5573d4b73fe505c362a2234570782dd299d",
    );
    expect(LOADER).not.toContain("\n");
  });

  it("hands over the installed handlers themselves", () => {
    install("module.exports = { check: 1, create: 2 }");
    expect(load()).toEqual({ handlers: { check: 1, create: 2 } });
  });

  it("says where the package is missing and what to do", () => {
    expect(load().message).toMatch(`pulumi-macpool is not installed in ${project} - run npm install`);
  });

  it("leaves the error about a module missing deeper inside as it is", () => {
    install(`require("pg")`);
    const { code, message } = load();
    expect(code).toBe("MODULE_NOT_FOUND");
    expect(message).toMatch(/^Cannot find module 'pg'/);
  });

  it("leaves the error about a package that was installed but not built as it is", () => {
    install("");
    rmSync(join(project, "node_modules", "pulumi-macpool", "provider.js"));
    const { code, message } = load();
    expect(code).toBe("MODULE_NOT_FOUND");
    expect(message).toMatch(/provider\.js'/);
  });

  it("leaves every other error as it is", () => {
    install(`throw new RangeError("broken")`);
    expect(load()).toEqual({ message: "broken" });
  });
});
