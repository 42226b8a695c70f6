import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ownNode } from "./matrix";
import { run } from "./run";

/** A Node to run things with. */
export interface NodeBinary {
  readonly path: string;
  /** Where `include/node` of that Node is, for addons to be compiled against; undefined for the Node that runs this. */
  readonly headers: string | undefined;
}

/**
 * The newest releases that addons can be compiled for, where that is not the newest of all. The headers of 24.19 make
 * whatever is built on `node::ObjectWrap`, as better-sqlite3 12 is, abort at garbage collection (nodejs/node#65446), and
 * better-sqlite3 13 no longer runs on Node 20.
 */
const NEWEST_SOUND: ReadonlyMap<string, string> = new Map([["24", "24.18"]]);

const obtained = new Map<string, Promise<NodeBinary>>();

/** Returns the newest sound Node of a major version, installed below `scratch` unless it is the one that runs this. */
export function nodeOf(major: string, scratch: string): Promise<NodeBinary> {
  if (major === ownNode()) return Promise.resolve({ path: process.execPath, headers: undefined });
  const known = obtained.get(major) ?? install(major, join(scratch, `node-${major}`));
  obtained.set(major, known);
  return known;
}

/** The registry carries Node's own builds, with headers, in one package for each platform. */
async function install(major: string, directory: string): Promise<NodeBinary> {
  const system = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${system}-${process.arch}`;
  mkdirSync(directory);
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "scratch", private: true }));
  await run("npm", ["install", "--no-audit", "--no-fund", `${name}@${NEWEST_SOUND.get(major) ?? major}`], {
    cwd: directory,
    env: process.env,
  });
  const home = join(directory, "node_modules", name);
  return { path: join(home, "bin", process.platform === "win32" ? "node.exe" : "node"), headers: home };
}

/** Returns an environment in which `node` is that Node, and addons are compiled against its headers. */
export function environmentOf({ path, headers }: NodeBinary): NodeJS.ProcessEnv {
  const { PATH = "", ...env } = process.env;
  const separator = process.platform === "win32" ? ";" : ":";
  return {
    ...env,
    PATH: `${dirname(path)}${separator}${PATH}`,
    ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
  };
}
