import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Ties a child to this process, so that a test run which dies leaves nothing behind; resolves with how it ended. */
export function own(child: ChildProcess): Promise<string> {
  children.add(child);
  return new Promise((resolve) => {
    const ended = (how: string) => {
      children.delete(child);
      resolve(how);
    };
    child.once("error", (error) => ended(error.message));
    child.once("close", (code, signal) => ended(signal ?? `exit code ${code}`));
  });
}

/** Returns the file of a script of the SDK, such as `cmd/run`, that the given directory would use. */
export function sdkScript(cwd: string, script: string, sdkDir?: string): string {
  const resolve = createRequire(join(cwd, "resolve.js")).resolve;
  return resolve(sdkDir === undefined ? `@pulumi/pulumi/${script}` : join(sdkDir, script));
}
