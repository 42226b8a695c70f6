import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** The built command, as a user has it. */
export const MACPOOL = join(__dirname, "../../dist/cli/main.js");

/** What a command came to. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns the environment a child gets: this process's own without what would change its output. */
export function environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NO_COLOR: _colour, FORCE_COLOR: _force, ...rest } = process.env;
  return { ...rest, TERM: "xterm", ...extra };
}

/** Returns a new directory that is removed when the test ends. */
export function directory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "macpool-cli-")));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs the built command on the register `store`, with `input` as its stdin, as this user or as `user`. */
export function macpool(
  store: string,
  args: readonly string[],
  input = "",
  env: NodeJS.ProcessEnv = {},
  user?: number,
): Promise<Ran> {
  const identity = user === undefined ? {} : { uid: user, gid: user };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MACPOOL, ...args],
      { env: environment({ MACPOOL_STORE: store, ...env }), maxBuffer: 2 ** 28, ...identity },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
      },
    );
    // A command that ends before it has read everything closes its end.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** Starts the built command, for tests that end it themselves. */
export function start(store: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MACPOOL, ...args], {
    env: environment({ MACPOOL_STORE: store }),
    stdio: ["pipe", "pipe", "pipe"],
  });
}
