import { execFileSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { inject } from "vitest";

/** Returns the environment of a shell that has the packed package's `macpool` on its PATH, and a register. */
export function shellEnv(register: string): NodeJS.ProcessEnv {
  const bin = join(inject("e2eFixture"), "node_modules", ".bin");
  return { ...process.env, PATH: [bin, process.env["PATH"]].join(delimiter), MACPOOL_STORE: register };
}

/** Returns what a line of shell printed. @throws Error when it fails. */
export function shell(line: string, env: NodeJS.ProcessEnv, cwd?: string): string {
  return execFileSync("bash", ["-euo", "pipefail", "-c", line], { env, cwd, encoding: "utf8" });
}
