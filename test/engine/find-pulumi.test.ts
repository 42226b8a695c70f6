import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findPulumi } from "./find-pulumi";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "find-pulumi-"));
  vi.stubEnv("HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

function install(directory: string, ...files: string[]): string {
  const path = join(home, directory);
  mkdirSync(path, { recursive: true });
  for (const file of files) writeFileSync(join(path, file), "");
  return path;
}

test.skipIf(process.platform === "win32")("the CLI on PATH wins when its Node language host is beside it", () => {
  install(".pulumi/bin", "pulumi", "pulumi-language-nodejs");
  const half = install("half", "pulumi");
  const whole = install("whole", "pulumi", "pulumi-language-nodejs");
  vi.stubEnv("PATH", [half, whole].join(delimiter));
  expect(findPulumi()).toBe(whole);
});

test.skipIf(process.platform === "win32")("without one on PATH the user's own installation is found", () => {
  const own = install(".pulumi/bin", "pulumi", "pulumi-language-nodejs");
  vi.stubEnv("PATH", home);
  expect(findPulumi()).toBe(own);
});

test("nothing is found where nothing is", () => {
  vi.stubEnv("PATH", "");
  expect(findPulumi()).toBeUndefined();
});
