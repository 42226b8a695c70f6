// Makes one file of each of the package's entries: in Node, loading many small modules takes longer than running them.
// What is a package of its own stays one.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const [directory, ...sources] = process.argv.slice(2);
if (directory === undefined) throw new Error("Usage: bundle.mjs DIRECTORY [SOURCE]...");

const entries = sources.length > 0 ? sources : ["sdk/index.ts", "provider/index.ts", "cli/main.ts"];
await build({
  absWorkingDir: root,
  entryPoints: entries,
  outdir: directory,
  outbase: root,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "cjs",
  target: "node20",
  charset: "utf8",
  logLevel: "warning",
});
if (entries.includes("cli/main.ts")) chmodSync(join(directory, "cli", "main.js"), 0o755);
