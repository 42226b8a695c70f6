import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
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
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { findPulumi } from "../engine/find-pulumi";

declare module "vitest" {
  interface ProvidedContext {
    /** A directory whose node_modules holds the packed package and what a user installs beside it. */
    e2eFixture: string;
  }
}

const repository = resolve(__dirname, "..", "..");

/** What a build and a pack need of the repository. */
const SOURCES = [
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts",
  "sdk",
  "provider",
  "cli",
  "LICENSE",
];

/** Packs the package, installs the tarball as a user would, and returns how to remove all of it again. */
export default function setup(project: TestProject): () => void {
  announceEngine();
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-e2e-")));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const fixture = join(directory, "fixture");
    install(fixture, pack(join(directory, "source"), directory));
    project.provide("e2eFixture", fixture);
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

function announceEngine(): void {
  const found = findPulumi();
  if (found !== undefined) return;
  const words = "no Pulumi CLI with its Node language host on PATH or in ~/.pulumi/bin";
  if (process.env["CI"] && process.env["MACPOOL_REQUIRE_ENGINE"] === "1") {
    throw new Error(`MACPOOL_REQUIRE_ENGINE=1, but there is ${words}.`);
  }
  console.warn(`\nSKIPPED: the real engine's half of test/e2e, because there is ${words}.\n`);
}

/** Builds in a copy: the build empties dist/, which other tests load at the same time. Returns the tarball. */
function pack(source: string, destination: string): string {
  mkdirSync(source);
  for (const name of [...SOURCES, "README.md", "CHANGELOG.md"]) {
    if (existsSync(join(repository, name))) cpSync(join(repository, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(repository, "node_modules"), join(source, "node_modules"), "junction");
  npm(source, "run", "build");
  // Without scripts: `prepare` would build a second time and link into the shared node_modules.
  npm(source, "pack", "--ignore-scripts", "--pack-destination", destination);
  const [tarball] = readdirSync(destination).filter((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack left no tarball");
  return join(destination, tarball);
}

function install(fixture: string, tarball: string): void {
  const { devDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const dependencies = {
    "pulumi-macpool": `file:${tarball}`,
    "@pulumi/pulumi": devDependencies["@pulumi/pulumi"],
    typescript: devDependencies["typescript"],
  };
  mkdirSync(fixture);
  writeFileSync(join(fixture, "package.json"), JSON.stringify({ name: "fixture", private: true, dependencies }));
  npm(fixture, "install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund");
  // Compiling the addon takes a minute and its download a network beyond the registry. Ours is of the same version,
  // which package.json pins, and for the same Node, which runs this.
  const addon = join("node_modules", "better-sqlite3", "build");
  cpSync(join(repository, addon), join(fixture, addon), { recursive: true });
}

function npm(cwd: string, ...args: string[]): void {
  const options = { cwd, encoding: "utf8", shell: process.platform === "win32" } as const;
  const { status, stdout, stderr } = spawnSync("npm", args, options);
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
}
