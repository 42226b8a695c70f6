import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import type { Lab, Stack } from "./lab";

/** What a command of the built package printed, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `macpool` on the register of a scenario. */
export function macpool(lab: Lab, ...args: readonly string[]): Promise<Ran> {
  return macpoolWith({ MACPOOL_STORE: lab.register.store }, ...args);
}

/** Runs `macpool` in this environment. */
export function macpoolWith(variables: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, ...variables };
  const command = join(inject("e2eFixture"), "node_modules", "pulumi-macpool", "dist", "cli", "main.js");
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

/** Writes what `pulumi stack export` prints and returns the path. */
export async function exported(lab: Lab, stack: Stack, name: string): Promise<string> {
  const path = lab.path(name);
  writeFileSync(path, JSON.stringify(await stack.state()));
  return path;
}
