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
