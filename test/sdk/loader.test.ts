import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BLOCK_LOADER, LOADER, POOL_LOADER, RESERVATION_LOADER } from "../../sdk/loader";

const pulumi = createRequire(__filename).resolve("@pulumi/pulumi");
const requireFromString = createRequire(pulumi).resolve("require-from-string");

let project: string;

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "macpool-loader-")));
});
afterEach(() => rmSync(project, { recursive: true }));

/** Does what Pulumi's provider host does with the text, in a process of its own whose directory is the project. */
function load(loader = LOADER): { readonly handlers?: unknown; readonly code?: string; readonly message?: string } {
  const script = `
    try { console.log(JSON.stringify({ handlers: require(${JSON.stringify(requireFromString)})(process.argv[1]).handler() })) }
    catch (e) { console.log(JSON.stringify({ code: e.code, message: e.message })) }`;
  const env = { PATH: process.env["PATH"] };
  const run = spawnSync(process.execPath, ["-e", script, loader], { cwd: project, env, encoding: "utf8" });
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout);
}

function install(provider: string): void {
  const root = join(project, "node_modules", "pulumi-macpool");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "package.json"), JSON.stringify({ exports: { "./provider": "./provider.js" } }));
  writeFileSync(join(root, "provider.js"), provider);
}

const parts: readonly [string, string, string][] = [
  ["block", BLOCK_LOADER, "f851fd0537eb75a17c880c038123c16bb35b6732ba2357649ec69545b5a7703c"],
  ["pool", POOL_LOADER, "dc0389f21aa5e5a467dac0d107f1d1b3e220243c607578ba23b2ddf53a304c98"],
  ["reservation", RESERVATION_LOADER, "f0c532952746c127ff56f6b90612d582642422dde4edf2566511aa918098a71d"],
];

describe.each(parts)("the loader of part %s", (part, loader, digest) => {
  it("is the text that state files hold, to the byte", () => {
    expect(createHash("sha256").update(loader).digest("hex")).toBe(digest);
    expect(loader).not.toContain("\n");
  });

  it("hands over the part of the installed handlers", () => {
    install(`module.exports = { check: 1, ${part}: { check: 2 } }`);
    expect(load(loader)).toEqual({ handlers: { check: 2 } });
  });

  it("says that an installed version is too old to have the part", () => {
    install("module.exports = { check: 1 }");
    expect(load(loader).message).toMatch(`pulumi-macpool in ${project} is too old for this stack - update it`);
  });

  it("says where the package is missing and what to do", () => {
    expect(load(loader).message).toMatch(`pulumi-macpool is not installed in ${project} - run npm install`);
  });

  it("leaves the error about a module missing deeper inside as it is", () => {
    install(`require("pg")`);
    expect(load(loader).message).toMatch(/^Cannot find module 'pg'/);
  });
});

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
