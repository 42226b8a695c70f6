import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { MODULES, programOf } from "../processes/program";

const SHIM = join(__dirname, "shim");
const COMPILERS = ["cc", "gcc", "clang"];
const FLAGS = ["-std=gnu11", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"];

/** What decides every choice that a test of this folder makes; MACPOOL_SEED repeats a run, but for the timing of processes. */
export const SEED = Number(process.env["MACPOOL_SEED"] ?? Date.now() % 2 ** 32);

/** What the processes of this folder are started with. */
export interface Built {
  /** The preloaded library. */
  readonly shim: string;
}

/** Returns the program `name`.ts of this folder, to be started with the environment `disk` on the disk of the shim. */
export function onDisk({ shim }: Built, name: string, disk: Readonly<Record<string, string>>) {
  const env = { PATH: process.env["PATH"], NODE_PATH: MODULES, LD_PRELOAD: shim, ...disk };
  return { program: programOf(join(__dirname, `${name}.ts`)), env };
}

/**
 * Declares tests that need the shim. Where it cannot be built they are skipped, loudly; with MACPOOL_REQUIRE_TOOLS=1, as
 * in CI, that is a failure.
 */
export function withShim(declare: (built: Built) => void): void {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-shim-")));
  const shim = join(directory, "disk.so");
  const obstacle = obstacleTo(shim);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  if (obstacle === undefined) {
    declare({ shim });
    return;
  }
  if (process.env["MACPOOL_REQUIRE_TOOLS"] === "1") throw new Error(`MACPOOL_REQUIRE_TOOLS=1, but ${obstacle}.`);
  console.warn(`\nSKIPPED: the tests of power cuts and failing disks, because ${obstacle}.\n`);
  describe.skip("on a disk that forgets and fails", () => declare({ shim }));
}

/**
 * Runs a program of this folder on the disk of the shim to its end, and returns the lines of its output.
 *
 * @throws Error when it fails, with the seed.
 */
export function reportsOf<Report>(
  built: Built,
  name: string,
  order: object,
  disk: Readonly<Record<string, string>>,
): readonly Report[] {
  const { program, env } = onDisk(built, name, disk);
  const ended = spawnSync(process.execPath, [program, JSON.stringify(order)], {
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (ended.status !== 0) throw new Error(`seed ${SEED}: ended with ${ended.status ?? ended.signal}: ${ended.stderr}`);
  const lines = ended.stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line));
}

/** Builds the shim; returns why it cannot be, or undefined. */
function obstacleTo(shim: string): string | undefined {
  if (process.platform !== "linux") return `a preloaded library needs Linux, and this is ${process.platform}`;
  const sources = readdirSync(SHIM).filter((name) => name.endsWith(".c"));
  const args = [...FLAGS, "-o", shim, ...sources.map((name) => join(SHIM, name)), "-ldl", "-lpthread"];
  for (const compiler of COMPILERS) {
    const { error, status, stderr } = spawnSync(compiler, args, { encoding: "utf8" });
    if (error !== undefined) continue;
    if (status !== 0) return `${compiler} refuses the shim, as it may where there is no glibc:\n${stderr}`;
    return undefined;
  }
  return `there is no ${COMPILERS.join(", ")} here (Debian: apt-get install gcc libc6-dev)`;
}
