import { accessSync, constants, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Where distributions keep the server's programs, apart from the search path. */
const USUAL = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"];

/** Returns the directory that has `initdb` and `postgres`, or undefined when no server is installed. */
export function findServer(path = process.env["PATH"] ?? ""): string | undefined {
  const installed = USUAL.flatMap((base) => namesIn(base).map((name) => join(base, name, "bin")));
  // The newest first, of several.
  const usual = installed.filter((folder) => /\/(postgresql@?)?[\d.]+\/bin$|\/pgsql-[\d.]+\/bin$/.test(folder));
  const found = [...path.split(delimiter), ...usual.sort().reverse()].find(isServer);
  // On the search path there may be links to some of them only.
  return found === undefined ? undefined : dirname(realpathSync(join(found, "postgres")));
}

function isServer(folder: string): boolean {
  return folder !== "" && ["initdb", "postgres", "pg_ctl"].every((program) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
