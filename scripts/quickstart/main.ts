/**
 * `npm run quickstart`: runs examples/quickstart through a Pulumi engine and prints what happens to its addresses.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doubleEngine } from "./double-engine";
import type { Ground, Shown } from "./engine";
import { realEngine } from "./real-engine";

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "macpool-quickstart-"));
  try {
    await tour(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function tour(scratch: string): Promise<void> {
  const ground: Ground = {
    root: join(__dirname, "../.."),
    scratch,
    program: "examples/quickstart/index.ts",
    project: "macpool-quickstart",
    // A register of our own, whatever the user's environment says; and one that may be created, also in a CI job.
    env: { MACPOOL_STORE: join(scratch, "register.db"), CI: "false" },
  };
  const engine = (await realEngine(ground)) ?? doubleEngine(ground);
  console.log(`Engine: ${engine.name}.\nEverything happens in a scratch directory.\n`);
  show("1. pulumi preview   Nothing exists, and the addresses are known:", await engine.preview());
  const first = show("2. pulumi up        They are allocated and recorded:", await engine.up());
  show("3. pulumi up        Again: nothing changes:", await engine.up());
  show("4. pulumi destroy   They go into quarantine:", await engine.destroy());
  const last = show("5. pulumi up        Their owners get them back:", await engine.up());
  if (first.length === 0 || first.join() !== last.join()) throw new Error("The addresses changed. This is a bug.");
  console.log("The same addresses before and after. That is what this package is for.");
}

/** Prints a step and returns its addresses. */
function show(title: string, { outputs, counts }: Shown): readonly string[] {
  const addresses = Object.entries(outputs)
    .filter(([name]) => name.endsWith("Address"))
    .map(([name, value]) => `${name.replace(/Address$/, "")} ${String(value)}`);
  const changes = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  console.log(title);
  for (const line of [...addresses, changes.join(", ")]) console.log(`   ${line}`);
  console.log();
  return addresses;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
