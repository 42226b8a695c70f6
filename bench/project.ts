import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "./root";

/** Handlers that accept everything and do nothing: what Pulumi and our SDK cost by themselves. */
const NOOP_PROVIDER = `let made = 0;
module.exports = {
  check: async (olds, news) => ({ inputs: { ...news, address: olds.address || "noop-" + (made += 1) } }),
  diff: async () => ({ changes: false }),
  create: async (inputs) => ({ id: inputs.address, outs: inputs }),
  read: async (id, props) => ({ id, props }),
  update: async (id, olds, news) => ({ outs: news }),
  delete: async () => {},
};`;

/** A Pulumi project in a scratch directory. */
export interface Project {
  readonly directory: string;
  remove(): void;
}

/** Makes a project whose `pulumi-macpool` is this repository's, or one with the same SDK and a provider that does nothing. */
export function makeProject(provider: "ours" | "noop", program = ""): Project {
  const scratch = mkdtempSync(join(tmpdir(), "macpool-bench-"));
  const directory = join(scratch, provider);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const dist = (folder: string) => `module.exports = require(${JSON.stringify(join(ROOT, "dist", folder))});`;
  write("package.json", JSON.stringify({ name: provider, main: "index.js" }));
  write("Pulumi.yaml", `name: ${provider}\nruntime: nodejs\n`);
  write("index.js", program);
  write("node_modules/pulumi-macpool/index.js", dist("sdk"));
  write("node_modules/pulumi-macpool/provider.js", provider === "ours" ? dist("provider") : NOOP_PROVIDER);
  symlinkSync(join(ROOT, "node_modules/@pulumi"), join(directory, "node_modules/@pulumi"), "junction");
  return { directory, remove: () => rmSync(scratch, { recursive: true, force: true }) };
}
