import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LOADER } from "../../sdk/loader";
import type { Host, Properties } from "./harness";
import { create, declared, useProject } from "./project";

const project = useProject();

const module = (name: string) => join(project.dir, "node_modules", name);

/** Puts another package in the place of a module. */
function replace(name: string, source: string): void {
  rmSync(module(name), { recursive: true });
  mkdirSync(module(name));
  writeFileSync(join(module(name), "index.js"), source);
}

const calls: readonly [string, (host: Host, bag: Properties) => Promise<unknown>][] = [
  ["check", (host, bag) => host.check({}, bag)],
  ["diff", (host, bag) => host.diff("42:ab:00:00:00:01", bag, bag)],
  ["create", (host, bag) => host.create(bag)],
  ["update", (host, bag) => host.update("42:ab:00:00:00:01", bag, bag)],
  ["read", (host, bag) => host.read("42:ab:00:00:00:01", bag)],
  ["delete", (host, bag) => host.delete("42:ab:00:00:00:01", bag)],
];

describe("a project in which the package is not installed", () => {
  it("is told by every call where and what to do, and works as soon as that was done", async () => {
    const host = await project.start();
    rmSync(module("pulumi-macpool"), { recursive: true });
    for (const [, call] of calls) {
      await expect(call(host, declared())).rejects.toThrow(
        `pulumi-macpool is not installed in ${project.dir} - run npm install`,
      );
    }
  });

  it("is told about a dependency of the package by its own name", async () => {
    const host = await project.start();
    rmSync(module("zod"), { recursive: true });
    await expect(host.check({}, declared())).rejects.toThrow(/Cannot find module 'zod'/);
  });
});

/** What Node says of an addon that was built for another release, which better-sqlite3 throws at the first database. */
const OTHER_NODE = `module.exports = class Database {
  constructor() {
    const error = new Error(
      "The module '/x/better_sqlite3.node'\\nwas compiled against a different Node.js version using\\n" +
      "NODE_MODULE_VERSION 115. This version of Node.js requires\\nNODE_MODULE_VERSION 127. Please try re-compiling");
    error.code = "ERR_DLOPEN_FAILED";
    throw error;
  }
};`;

describe("a native module", () => {
  it("that was built for another Node stops a create with both versions and the remedy, and leaves nothing", async () => {
    replace("better-sqlite3", OTHER_NODE);
    const host = await project.start();
    await expect(create(host, declared())).rejects.toThrow(/115.*127.*npm rebuild better-sqlite3/s);
    expect(existsSync(project.path)).toBe(false);
  });

  it("that was built for another Node leaves a preview possible, with one warning", async () => {
    await create(await project.start(), declared());
    replace("better-sqlite3", OTHER_NODE);
    const host = await project.start();
    for (const owner of ["a", "b"]) {
      const { inputs, failures } = await host.check({}, declared({ owner }));
      expect(failures).toEqual([]);
      expect(inputs).not.toHaveProperty("address");
    }
    expect(host.output().match(/npm rebuild/g)).toHaveLength(1);
  });

  it("that is not there says so, and what to do", async () => {
    await create(await project.start(), declared());
    rmSync(module("better-sqlite3"), { recursive: true });
    const host = await project.start();
    await expect(host.read("42:ab:00:00:00:01", { __provider: LOADER })).rejects.toThrow(/better-sqlite3.*npm/s);
  });

  it("is not loaded by a check of inputs that are refused anyway", async () => {
    replace("better-sqlite3", "process.exit(1)");
    const host = await project.start();
    expect((await host.check({}, declared({ owner: "" }))).failures).toHaveLength(1);
  });
});
