// Compiles sdk, provider and cli and copies the SQL migrations beside their runner. Everything is made in a new folder
// that then takes the place of dist/, so that nobody meets half a build.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const fresh = mkdtempSync(`${root}/.scratch-build-`);
try {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh], {
    cwd: root,
    stdio: "inherit",
  });
  cpSync(`${root}/provider/store/sql`, `${fresh}/provider/store/sql`, { recursive: true });
  chmodSync(`${fresh}/cli/main.js`, 0o755);
  chmodSync(fresh, 0o755);
  rmSync(`${root}/dist`, { recursive: true, force: true });
  renameSync(fresh, `${root}/dist`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
