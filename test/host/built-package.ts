import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A directory with package.json and dist/ as they would be published, made of the sources as they are now. */
    builtPackage: string;
  }
}

/** The directory of this repository. */
export const repository = resolve(__dirname, "..", "..");

/** The global set-up of vitest: builds once for all files that need it, and returns how to remove it again. */
export default function setup(project: TestProject): () => void {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "macpool-built-")));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    build(directory);
  } catch (error) {
    remove();
    throw error;
  }
  project.provide("builtPackage", directory);
  return remove;
}

/** Does what scripts/build.mjs does, elsewhere and without looking at types, which takes far longer. */
function build(directory: string): void {
  const bundle = [join(repository, "scripts", "bundle.mjs"), join(directory, "dist")];
  execFileSync(process.execPath, bundle, { stdio: "inherit" });
  for (const file of ["package.json", join("provider", "store", "sql")]) {
    cpSync(join(repository, file), join(directory, file), { recursive: true });
  }
}
