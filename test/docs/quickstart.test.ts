import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPulumi } from "../engine/find-pulumi";

const ROOT = join(__dirname, "../..");
const MINUTES = 60_000;

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "macpool-tour-"));
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function tour(env: NodeJS.ProcessEnv): Promise<{ readonly failed: boolean; readonly text: string }> {
  const tsx = require.resolve("tsx/cli");
  const all = { ...process.env, TMPDIR: scratch, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [tsx, "scripts/quickstart/main.ts"], { cwd: ROOT, env: all }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, text: stdout + stderr }),
    );
  });
}

function expectTour({ failed, text }: { readonly failed: boolean; readonly text: string }, engine: string): void {
  expect(failed, text).toBe(false);
  expect(text).toContain(engine);
  const addresses = [...text.matchAll(/web (42(?::[0-9a-f]{2}){5})/g)].map((match) => match[1]);
  expect(addresses).toHaveLength(4);
  expect(new Set(addresses).size).toBe(1);
  expect(text).toContain("4 same");
  for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
}

test(
  "without a Pulumi CLI the quickstart runs on the double, says so, and leaves nothing behind",
  async () => {
    const path = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => !directory.includes("pulumi"));
    const shown = await tour({
      HOME: scratch,
      PATH: path.join(delimiter),
      CI: "true",
      MACPOOL_STORE: "/nowhere/at/all",
    });
    expectTour(shown, "a double of Pulumi's");
    expect(readdirSync(scratch).filter((name) => name.startsWith("macpool-"))).toEqual([]);
  },
  3 * MINUTES,
);

const cli = findPulumi();
if (cli === undefined) console.warn("SKIPPED the quickstart on the real engine: there is no Pulumi CLI here.");
test.skipIf(cli === undefined)(
  "with a Pulumi CLI the quickstart runs on it, and leaves nothing behind",
  async () => {
    expectTour(await tour({ CI: "true", MACPOOL_STORE: "/nowhere/at/all" }), "the Pulumi CLI");
    expect(readdirSync(scratch).filter((name) => name.startsWith("macpool-"))).toEqual([]);
    expect(readdirSync(ROOT).filter((name) => /^Pulumi\..+\.yaml$/.test(name))).toEqual([]);
  },
  3 * MINUTES,
);
