import Database from "better-sqlite3";
import { afterEach, describe, expect, it, vi } from "vitest";
import { driverRisk, installedAddon, loadDriver } from "../../provider/store/sqlite/load-driver";
import { faultOf } from "../mac/support";
import { createFile, openFile, rejection } from "./support";

const BUILT_FOR_ANOTHER_NODE = [
  "The module '/project/node_modules/better-sqlite3/build/Release/better_sqlite3.node'",
  "was compiled against a different Node.js version using",
  "NODE_MODULE_VERSION 108. This version of Node.js requires",
  "NODE_MODULE_VERSION 115. Please try re-compiling or re-installing",
  "the module (for instance, using `npm rebuild` or `npm install`).",
].join("\n");

/** Returns a driver whose first database fails, which is where the native part is loaded. */
const broken = (error: Error) =>
  new Proxy(Database, {
    construct: () => {
      throw error;
    },
  });

afterEach(() => vi.restoreAllMocks());

describe("the native module", () => {
  it("is better-sqlite3 itself when all is well", () => {
    expect(loadDriver()).toBe(Database);
  });

  it("that was built for another Node.js is reported with both versions and how to rebuild it", () => {
    const fault = faultOf(() => loadDriver(() => broken(new Error(BUILT_FOR_ANOTHER_NODE))));
    expect(fault.code).toBe("NATIVE_MODULE");
    for (const text of ["108", "115", process.version, "npm rebuild better-sqlite3"]) {
      expect(fault.message).toContain(text);
    }
    expect(fault.cause).toMatchObject({ message: BUILT_FOR_ANOTHER_NODE });
  });

  it.each([
    ["is not installed", "Cannot find module 'better-sqlite3'\nRequire stack:\n- /project/x.js"],
    ["has no binary for this machine", "Could not locate the bindings file. Tried:\n → /project/build"],
    ["needs a newer C library", "/lib/libc.so.6: version `GLIBC_2.38' not found\n(required by x)"],
  ])("that %s is reported with the first line of why, and what to run", (_, message) => {
    const fault = faultOf(() =>
      loadDriver(() => {
        throw new Error(message);
      }),
    );
    expect(fault.code).toBe("NATIVE_MODULE");
    expect(fault.message).toContain(message.split("\n")[0]);
    expect(fault.message).not.toContain("\n");
    expect(fault.message).toContain("npm rebuild better-sqlite3");
  });

  it.each(["3.51.2", "3.50.9", "2.99.99"])("with SQLite %s, which can lose commits, is refused", async (version) => {
    pretend(version);
    const error = await rejection(openFile(createFile()));
    expect(error.code).toBe("NATIVE_MODULE");
    for (const text of [version, "3.51.3", "npm install better-sqlite3"]) expect(error.message).toContain(text);
  });

  it.each(["3.51.3", "3.52.0", "3.100.1", "4.0.0"])("with SQLite %s is used", async (version) => {
    pretend(version);
    expect((await openFile(createFile())).store.location).not.toBe("");
  });
});

describe("a native module that was compiled with the headers of Node 24.19 or newer", () => {
  const UNSOUND = Buffer.from("\u0000_ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_\u0000");
  const SOUND = Buffer.from("\u0000_ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_\u0000");

  it.each(["24.0.0", "24.18.1", "24.19.0", "24.21.0"])("can abort Node %s, and what to do is said", (node) => {
    for (const text of ["can abort", "24.18", "npm rebuild better-sqlite3"]) {
      expect(driverRisk(node, UNSOUND)).toContain(text);
    }
    expect(driverRisk(node, SOUND)).toBeUndefined();
  });

  it.each(["20.20.2", "22.0.0", "26.4.0"])("is no matter in Node %s", (node) => {
    expect(driverRisk(node, UNSOUND)).toBeUndefined();
  });

  it("is looked for in the module that is installed", () => {
    expect(installedAddon().includes("AddEnvironmentCleanupHook")).toBe(true);
  });

  it("is no matter where the module is missing or kept elsewhere, which is for others to say", () => {
    const missing = () => {
      throw new Error("Cannot find module 'better-sqlite3/package.json'");
    };
    for (const manifest of [missing, () => "/nowhere/package.json"]) {
      expect(installedAddon(manifest)).toHaveLength(0);
      expect(driverRisk("24.19.0", installedAddon(manifest))).toBeUndefined();
    }
  });
});

/** Makes SQLite say that it is of another version. */
function pretend(version: string): void {
  const prepare = Database.prototype.prepare;
  vi.spyOn(Database.prototype, "prepare").mockImplementation(function (this: Database.Database, sql: string) {
    return prepare.call(this, sql === "select sqlite_version()" ? `select '${version}'` : sql);
  });
}
