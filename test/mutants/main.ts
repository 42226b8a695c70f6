/**
 * `npm run test:mutants`: puts each mutant into a copy of the repository, runs the tests there and prints whether they
 * noticed. Exits 1 when one was missed. Words on the command line choose mutants whose name contains one of them.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Edit, Mutant } from "./mutant";
import { MUTANTS } from "./mutants";

const ROOT = join(__dirname, "../..");

/** What is not source, and would be large to copy or is of another run. */
const LEFT_OUT = /^(node_modules|dist|\.git|\.scratch-.*)$/;

/** What none of the suspects' folders holds is looked at last. */
const REST = ["--project", "unit", "--project", "faults", "--exclude", "test/mutants/**"];

interface Failure {
  readonly title: string;
  /** What the test said, with the seed of a random run. */
  readonly message: string;
}

interface Verdict {
  readonly isGreen: boolean;
  /** The tests that failed, and whatever kept others from running. */
  readonly failed: readonly Failure[];
}

function main(): void {
  const words = process.argv.slice(2);
  const chosen = MUTANTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0) throw new Error(`No mutant is called ${words.join(" or ")}.`);
  const copy = copyOfRepository();
  try {
    assertGreen(copy, [...new Set(chosen.flatMap(({ suspects }) => suspects))]);
    const missed = chosen.filter((mutant) => !isCaught(mutant, copy));
    console.log(`${chosen.length - missed.length} of ${chosen.length} mutants caught`);
    if (missed.length > 0) process.exitCode = 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function copyOfRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), "macpool-mutants-"));
  for (const name of readdirSync(ROOT).filter((entry) => !LEFT_OUT.test(entry))) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"), "junction");
  return copy;
}

/** A red test says nothing of a mutant when it is red without one. */
function assertGreen(copy: string, suspects: readonly string[]): void {
  const { isGreen, failed } = run(copy, suspects);
  if (isGreen) return;
  throw new Error(
    `Tests fail without any mutant:\n${failed.map(({ title, message }) => `${title}\n${message}`).join("\n")}`,
  );
}

function isCaught(mutant: Mutant, copy: string): boolean {
  const originals = mutant.edits.map(({ file }) => [file, readFileSync(join(copy, file), "utf8")] as const);
  const start = performance.now();
  let verdict: Verdict;
  try {
    for (const edit of mutant.edits) apply(edit, copy);
    verdict = run(copy, mutant.suspects);
    if (verdict.isGreen) verdict = run(copy, REST);
  } finally {
    for (const [file, text] of originals.toReversed()) writeFileSync(join(copy, file), text);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${verdict.isGreen ? "MISSED" : "caught"}  ${mutant.name} (${seconds} s)`);
  if (!verdict.isGreen) console.log(`        by: ${verdict.failed[0]?.title ?? "a suite that did not run"}`);
  return !verdict.isGreen;
}

function apply({ file, find, replace }: Edit, copy: string): void {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  // Else the tests would be run against sound code.
  if (!text.includes(find)) throw new Error(`${file} no longer holds ${JSON.stringify(find)}.`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
}

/** Runs tests in the copy until one fails. */
function run(copy: string, what: readonly string[]): Verdict {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--bail=1", "--reporter=json", `--outputFile=${report}`];
  const { status, stderr } = spawnSync(process.execPath, [vitest, ...options, ...what], {
    cwd: copy,
    encoding: "utf8",
  });
  return { isGreen: status === 0, failed: status === 0 ? [] : failedTests(report, stderr) };
}

function failedTests(report: string, stderr: string): readonly Failure[] {
  const { testResults }: Report = JSON.parse(readFileSync(report, "utf8"));
  const failed = testResults.flatMap(({ name, assertionResults, message }) => {
    const tests = assertionResults.filter(({ status }) => status === "failed");
    const failures = tests.map(({ fullName, failureMessages = [] }) => ({
      title: fullName,
      message: failureMessages.join("\n"),
    }));
    return failures.length > 0 || message === "" ? failures : [{ title: name, message }];
  });
  return failed.length > 0 ? failed : [{ title: "a suite that did not run", message: stderr.slice(-500) }];
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

main();
