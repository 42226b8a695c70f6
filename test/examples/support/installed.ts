import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inject } from "vitest";
import { exampleFile } from "./example";

const repository = resolve(__dirname, "..", "..", "..");

/** What npm says when there is no way to the registry (its `code` lines), as opposed to a package that is not there. */
const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;

/**
 * Does what the README of an example says, `npm install`, with the packed package in the place of the published one.
 * Returns the node_modules; undefined, loudly, when there is neither a network nor a cache. Where
 * MACPOOL_REQUIRE_TOOLS is 1, as in CI, that is a failure.
 */
export function installExample(example: string): string | undefined {
  const directory = dirname(inject("e2eFixture"));
  const project = mkdtempSync(join(directory, `installed-${example}-`));
  const settings = JSON.parse(exampleFile(example, "package.json"));
  settings.dependencies["pulumi-macpool"] = `file:${tarballIn(directory)}`;
  writeFileSync(join(project, "package.json"), JSON.stringify(settings));
  const problem = npmInstall(project);
  if (problem === undefined) {
    placeAddon(project);
    return join(project, "node_modules");
  }
  if (!OFFLINE.test(problem) || process.env["MACPOOL_REQUIRE_TOOLS"] === "1") throw new Error(problem);
  console.warn(`\nSKIPPED: the tests of examples/${example}, because its packages cannot be had:\n${problem}\n`);
  return undefined;
}

function tarballIn(directory: string): string {
  const found = readdirSync(directory).find((name) => name.endsWith(".tgz"));
  if (found === undefined) throw new Error(`there is no packed package in ${directory}`);
  return join(directory, found);
}

/** Without scripts: those of providers download plugins, and that of the addon compiles it. */
function npmInstall(project: string): string | undefined {
  const args = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  const options = { cwd: project, encoding: "utf8", shell: process.platform === "win32" } as const;
  const { status, stdout, stderr } = spawnSync("npm", args, options);
  return status === 0 ? undefined : `npm ${args.join(" ")} failed:\n${stdout}${stderr}`;
}

/** Ours is of the same version, which package.json pins, and for the same Node, which runs this. */
function placeAddon(project: string): void {
  const addon = join("node_modules", "better-sqlite3", "build");
  mkdirSync(join(project, addon), { recursive: true });
  cpSync(join(repository, addon), join(project, addon), { recursive: true });
}
