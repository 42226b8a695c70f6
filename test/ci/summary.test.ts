import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SUMMARY = join(__dirname, "..", "..", ".ci", "summary.mjs");

/** What a run of tests that all passed leaves behind. */
const PASSED = { success: true, numTotalTests: 3, numPassedTests: 2, numFailedTests: 0, numPendingTests: 1 };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "macpool-ci-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function summary(odd: object, runs = 8) {
  for (let run = 0; run < runs; run += 1) {
    writeFileSync(join(folder, `run${run}.json`), JSON.stringify(run === 0 ? { ...PASSED, ...odd } : PASSED));
  }
  const { stdout, status } = spawnSync(process.execPath, [SUMMARY, folder], { encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");
  return { status, failures: lines.slice(0, -1).join("\n"), count: lines.at(-1) };
}

describe("what CI says at its end", () => {
  it("adds up what passed and what was skipped", () => {
    expect(summary({})).toEqual({ status: 0, failures: "", count: "16 passed, 0 failed, 8 skipped" });
  });

  it("names the test that failed, its run, its file and why", () => {
    const assertionResults = [
      { status: "passed", fullName: "a lease is kept", failureMessages: [] },
      { status: "failed", fullName: "a lease is found", failureMessages: ["expected 1 to be 2"] },
    ];
    const testResults = [{ name: "lease.test.ts", status: "failed", message: "", assertionResults }];
    const { status, failures, count } = summary({ success: false, numFailedTests: 1, numPassedTests: 1, testResults });
    expect(status).toBe(1);
    expect(failures).toBe("FAILED: run0: lease.test.ts: a lease is found\nexpected 1 to be 2");
    expect(count).toBe("15 passed, 1 failed, 8 skipped");
  });

  it("counts a file that could not be loaded, though none of its tests failed", () => {
    const testResults = [{ name: "lease.test.ts", status: "failed", message: "no such module", assertionResults: [] }];
    const { status, failures, count } = summary({ success: false, testResults });
    expect(status).toBe(1);
    expect(failures).toBe("FAILED: run0: lease.test.ts: no such module");
    expect(count).toBe("16 passed, 1 failed, 8 skipped");
  });

  it.each([
    ["a run without a single test", { numTotalTests: 0, numPassedTests: 0 }, "no test ran"],
    ["a run that failed and does not say why", { success: false }, "ended with an error that is no test's"],
  ])("counts %s", (_, odd, words) => {
    const { status, failures } = summary(odd);
    expect(status).toBe(1);
    expect(failures).toContain(words);
  });

  it("counts a run that left no report", () => {
    const { status, failures } = summary({}, 7);
    expect(status).toBe(1);
    expect(failures).toContain("8 runs should have left a report, 7 did");
  });
});
