// Runs the bench as the package runs: bundled. What compiles sources while they are loaded changes their speed.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(root, ".scratch-bench-"));
try {
  const sources = ["main", "slow-child", "process-child"].map((name) => `bench/${name}.ts`);
  const bundle = fileURLToPath(new URL("bundle.mjs", import.meta.url));
  execFileSync(process.execPath, [bundle, directory, ...sources], { cwd: root, stdio: "inherit" });
  const bench = [join(directory, "bench", "main.js"), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, bench, { cwd: root, stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
