import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

/** Where the modules are that the program of a process requires. */
export const MODULES = join(ROOT, "node_modules");

let directory: string | undefined;

afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
});

/**
 * Returns the path of worker.ts with all that it imports in one file of JavaScript, made once for a file of tests: a process
 * that had to compile them first would take several times as long to start.
 */
export function workerProgram(): string {
  directory ??= build();
  return join(directory, "worker.cjs");
}

function build(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), "macpool-worker-")));
  // Some processes run as another user.
  chmodSync(made, 0o755);
  // The one that tsx brings along.
  const esbuild = createRequire(require.resolve("tsx/package.json")).resolve("esbuild/bin/esbuild");
  const options = ["--bundle", "--platform=node", "--target=node20", "--packages=external", "--log-level=warning"];
  execFileSync(esbuild, [join(__dirname, "worker.ts"), ...options, `--outfile=${join(made, "worker.cjs")}`]);
  cpSync(join(ROOT, "provider", "store", "sql"), join(made, "sql"), { recursive: true });
  return made;
}
