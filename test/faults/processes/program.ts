import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

/** Where the modules are that the program of a process requires. */
export const MODULES = join(ROOT, "node_modules");

const made = new Map<string, string>();

afterAll(() => {
  for (const path of made.values()) rmSync(dirname(path), { recursive: true, force: true });
});

/** Returns the path of worker.ts as a program. */
export function workerProgram(): string {
  return programOf(join(__dirname, "worker.ts"));
}

/**
 * Returns the path of `source` with all that it imports in one file of JavaScript, made once for a file of tests: a process
 * that had to compile them first would take several times as long to start.
 */
export function programOf(source: string): string {
  const program = made.get(source) ?? build(source);
  made.set(source, program);
  return program;
}

function build(source: string): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-program-")));
  const program = join(directory, `${basename(source, ".ts")}.cjs`);
  // Some processes run as another user.
  chmodSync(directory, 0o755);
  // The one that tsx brings along.
  const esbuild = createRequire(require.resolve("tsx/package.json")).resolve("esbuild/bin/esbuild");
  const options = ["--bundle", "--platform=node", "--target=node20", "--packages=external", "--log-level=warning"];
  execFileSync(esbuild, [source, ...options, `--outfile=${program}`]);
  cpSync(join(ROOT, "provider", "store", "sql"), join(directory, "sql"), { recursive: true });
  return program;
}
