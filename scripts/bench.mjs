// Runs the bench as the package runs: bundled. What compiles sources while they are loaded changes their speed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(root, ".scratch-bench-"));
try {
  const sources = ["main", "slow-child", "process-child"].map((name) => `bench/${name}.ts`);
  run(fileURLToPath(new URL("bundle.mjs", import.meta.url)), directory, ...sources);
  run(join(directory, "bench", "main.js"), ...process.argv.slice(2));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function run(...command) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" });
  process.exitCode ||= status ?? 1;
}
