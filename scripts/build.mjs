// Declares and bundles sdk, provider and cli. Everything is made in a new folder that then takes the place of dist/, so
// that nobody meets half a build.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const bundle = fileURLToPath(new URL("bundle.mjs", import.meta.url));
const fresh = mkdtempSync(`${root}/.scratch-build-`);
try {
  run(tsc, "-p", "tsconfig.build.json", "--outDir", fresh);
  run(bundle, fresh);
  chmodSync(fresh, 0o755);
  rmSync(`${root}/dist`, { recursive: true, force: true });
  renameSync(fresh, `${root}/dist`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function run(...command) {
  execFileSync(process.execPath, command, { cwd: root, stdio: "inherit" });
}
