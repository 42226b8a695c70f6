import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { inject } from "vitest";
import type { Lab, Stack, StackPlan } from "../../e2e/support/lab";

const EXAMPLES = resolve(__dirname, "..", "..", "..", "examples");

/** What a user would change of an example before deploying it. */
export type ExamplePlan = Pick<StackPlan, "stack" | "config" | "env">;

/** Returns the names of the examples: the folders below `examples/`. */
export function exampleNames(): string[] {
  const entries = readdirSync(EXAMPLES, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** Returns the folder of an example. */
export function exampleDirectory(example: string): string {
  return join(EXAMPLES, example);
}

/** Returns the text of a file of an example. */
export function exampleFile(example: string, file: string): string {
  return readFileSync(join(exampleDirectory(example), file), "utf8");
}

/** Returns the files of an example, relative to its folder, without what an install or a build left there. */
export function exampleFiles(example: string): string[] {
  const entries = readdirSync(join(EXAMPLES, example), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files
    .map((file) => file.slice(join(EXAMPLES, example).length + 1))
    .filter((file) => !/^(node_modules|bin)[\\/]/.test(file))
    .sort();
}

/**
 * Copies an example to where the packed package is installed, as a user does, and makes a stack of it. It uses the lab's
 * register unless `config` or `env` say otherwise. `stack.directory` is the copy.
 */
export function openExample(lab: Lab, example: string, plan: ExamplePlan = {}): Promise<Stack> {
  const project = /^name: (.+)$/m.exec(exampleFile(example, "Pulumi.yaml"))?.[1];
  if (project === undefined) throw new Error(`examples/${example}/Pulumi.yaml names no project`);
  const directory = copyTo(lab.path("example"), example);
  const files = Object.fromEntries(exampleFiles(example).map((file) => [file, exampleFile(example, file)]));
  return lab.stack({ ...plan, directory, project, files, program: exampleFile(example, "index.ts") });
}

/**
 * Returns what the compiler says about an example, by its own tsconfig.json and against the packed package: "" is good.
 * `modules` is the node_modules of an example that needs more than the package and Pulumi.
 */
export function typeErrorsOf(example: string, modules?: string): string {
  const fixture = inject("e2eFixture");
  const directory = mkdtempSync(join(fixture, "typed-"));
  try {
    const tsc = join(fixture, "node_modules", "typescript", "bin", "tsc");
    const copy = copyTo(join(directory, example), example);
    if (modules !== undefined) symlinkSync(modules, join(copy, "node_modules"), "junction");
    const args = [tsc, "--noEmit", "-p", copy];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return status === 0 ? "" : stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Copies file by file, so that nothing comes along that an install or a build left there; the modes do. */
export function copyTo(directory: string, example: string): string {
  for (const file of exampleFiles(example)) cpSync(join(EXAMPLES, example, file), join(directory, file));
  return directory;
}
