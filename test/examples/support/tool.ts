import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/** Programs that a test needs, and the Debian package that brings each. */
export type Tools = Readonly<Record<string, string>>;

/** What a program printed and how it ended; `code` is null when it is not installed, or when a signal ended it. */
export interface Ran {
  readonly code: number | null;
  readonly text: string;
}

/** Servers are there, and an ordinary user's PATH may lack it. */
const SERVERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Declares tests that need programs. Where one of them is not installed they are skipped, loudly; with
 * MACPOOL_REQUIRE_TOOLS=1, as in CI, that is a failure.
 */
export function withTools(tools: Tools, declare: () => void): void {
  const missing = Object.keys(tools).filter((tool) => findTool(tool) === undefined);
  const title = `with ${Object.keys(tools).join(", ")}`;
  if (missing.length === 0) {
    describe(title, declare);
    return;
  }
  const packages = [...new Set(missing.map((tool) => tools[tool]))].join(" ");
  const words = `there is no ${missing.join(", ")} here (Debian: apt-get install ${packages})`;
  if (process.env["MACPOOL_REQUIRE_TOOLS"] === "1") throw new Error(`MACPOOL_REQUIRE_TOOLS=1, but ${words}.`);
  console.warn(`\nSKIPPED: the tests ${title}, because ${words}.\n`);
  describe.skip(title, declare);
}

/** Runs a program to its end. */
export function runTool(
  tool: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Ran {
  const found = findTool(tool);
  if (found === undefined) return { code: null, text: `${tool} is not installed` };
  // In a locale without UTF-8, as on a bare machine, virsh prints no other letters.
  const env = { ...(options.env ?? process.env), LC_ALL: "C.UTF-8" };
  const { status, stdout, stderr } = spawnSync(found, args, { ...options, env, encoding: "utf8" });
  return { code: status, text: stdout + stderr };
}

/** Returns the path of a program on PATH or where servers are; undefined when there is none. */
function findTool(tool: string): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), ...SERVERS];
  return directories.map((directory) => join(directory, tool)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
