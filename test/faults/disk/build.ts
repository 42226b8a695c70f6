import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");
const SHIM = join(__dirname, "shim");
const COMPILERS = ["cc", "gcc", "clang"];
const FLAGS = ["-std=gnu11", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"];

/** What decides every choice that a test of this folder makes; MACPOOL_SEED repeats a run, but for the timing of processes. */
export const SEED = Number(process.env["MACPOOL_SEED"] ?? Date.now() % 2 ** 32);

/** What the tests of this folder start: programs as plain JavaScript, which starts sooner, and the shim they load. */
export interface Built {
  readonly shim: string;
  /** Returns the path of the program that was `name`.ts in this folder. */
  program(name: string): string;
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
    beforeAll(() => compilePrograms(directory), 120_000);
    declare({ shim, program: (name) => join(directory, "test", "faults", "disk", `${name}.js`) });
    return;
  }
  if (process.env["MACPOOL_REQUIRE_TOOLS"] === "1") throw new Error(`MACPOOL_REQUIRE_TOOLS=1, but ${obstacle}.`);
  console.warn(`\nSKIPPED: the tests of power cuts and failing disks, because ${obstacle}.\n`);
  describe.skip("on a disk that forgets and fails", () => declare({ shim, program: (name) => name }));
}

/**
 * Runs a program of this folder on the disk of the shim to its end, and returns the lines of its output.
 *
 * @throws Error when it fails, with the seed.
 */
export function reportsOf<Report>(
  { shim, program }: Built,
  name: string,
  order: object,
  disk: Readonly<Record<string, string>>,
): readonly Report[] {
  const env = { PATH: process.env["PATH"], LD_PRELOAD: shim, ...disk };
  const ended = spawnSync(process.execPath, [program(name), JSON.stringify(order)], {
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

/** Compiles the product and the programs of this folder into `directory`, without looking at types. */
function compilePrograms(directory: string): void {
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  const provider = readdirSync(join(ROOT, "provider"), { recursive: true, encoding: "utf8" });
  const here = readdirSync(__dirname).filter((name) => !name.endsWith(".test.ts"));
  const files = [
    ...provider.map((name) => join("provider", name)),
    ...here.map((name) => join("test/faults/disk", name)),
  ];
  for (const file of files.filter((name) => name.endsWith(".ts") && !name.startsWith("provider/resource"))) {
    const target = join(directory, file.replace(/ts$/, "js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, javascriptOf(readFileSync(join(ROOT, file), "utf8")));
  }
  cpSync(join(ROOT, "provider/store/sql"), join(directory, "provider/store/sql"), { recursive: true });
}

function javascriptOf(source: string): string {
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true };
  return ts.transpileModule(source, { compilerOptions: options }).outputText;
}
