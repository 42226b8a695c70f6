import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";

/**
 * Returns better-sqlite3, loaded on first use so that nothing but a SQLite register needs the native module.
 *
 * @throws MacpoolError NATIVE_MODULE when it is missing or was built for another Node version; the message says which
 * and how to rebuild it.
 */
export function loadDriver(load: () => typeof Database = () => require("better-sqlite3")): typeof Database {
  try {
    const Driver = load();
    // The addon itself is only loaded by the first database, and that is where a version mismatch shows.
    new Driver(":memory:").close();
    return Driver;
  } catch (error) {
    throw nativeModuleError(error);
  }
}

/**
 * Returns what is wrong with the native module that can be loaded, or undefined: in Node 24 one that was compiled with
 * the headers of 24.19 or newer can abort the process, whichever 24 that is.
 */
export function driverRisk(node = process.versions.node, addon = installedAddon()): string | undefined {
  // Only those headers make an addon call this by itself. In Node 26, where they come from, they are sound.
  if (!node.startsWith("24.") || !addon.includes("RemoveEnvironmentCleanupHook")) return undefined;
  return "better-sqlite3 was compiled with the headers of Node.js 24.19 or newer, and can abort the process at any garbage collection (nodejs/node#65446). Change to Node.js 24.18 or older and run there, in the project directory: npm rebuild better-sqlite3";
}

/** Returns the native module as better-sqlite3 is installed with it; nothing where it is kept elsewhere, or missing. */
export function installedAddon(manifest = () => require.resolve("better-sqlite3/package.json")): Buffer {
  const path = addonPath(manifest);
  return path !== undefined && existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}

function addonPath(manifest: () => string): string | undefined {
  try {
    return join(dirname(manifest()), "build", "Release", "better_sqlite3.node");
  } catch {
    // Whoever opens a register says what is missing.
    return undefined;
  }
}

function nativeModuleError(error: unknown): MacpoolError {
  const text = error instanceof Error ? error.message : String(error);
  const versions = /NODE_MODULE_VERSION (\d+)[\s\S]*?NODE_MODULE_VERSION (\d+)/.exec(text);
  const what =
    versions === null
      ? `could not be loaded (${text.split("\n")[0] ?? ""})`
      : `was built for another Node.js (module version ${versions[1]}; this is Node.js ${process.version}, module version ${versions[2]})`;
  return new MacpoolError(
    "NATIVE_MODULE",
    `The native module better-sqlite3 ${what}. In the project directory, with the Node.js that Pulumi uses, run: npm rebuild better-sqlite3`,
    { cause: error },
  );
}
