// Says what failed, and ends with "N passed, N failed, N skipped". Reads the reports, one a run, in the folder it is given.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const RUNS = 8;
const LONGEST_MESSAGE = 2000;

const [folder] = process.argv.slice(2);
const reports = readdirSync(folder).map((file) => ({
  run: file.replace(".json", ""),
  ...JSON.parse(readFileSync(join(folder, file), "utf8")),
}));
const sum = (count) => reports.reduce((all, report) => all + report[count], 0);

/** What failed in a file of tests: some of them, or the file itself, which counts no test then. */
function failuresOf({ name, message, status, assertionResults }) {
  const tests = assertionResults.filter((test) => test.status === "failed");
  if (status === "failed" && tests.length === 0) return [`${name}: ${message}`];
  return tests.map(({ fullName, failureMessages }) => `${name}: ${fullName}\n${failureMessages.join("\n")}`);
}

const failures = reports.flatMap(({ run, success, numTotalTests, testResults = [] }) => {
  const failed = testResults.flatMap(failuresOf);
  if (numTotalTests === 0 && failed.length === 0) failed.push("no test ran");
  if (!success && failed.length === 0) failed.push("ended with an error that is no test's; see above");
  return failed.map((failure) => `${run}: ${failure}`);
});
if (reports.length !== RUNS) failures.push(`${RUNS} runs should have left a report, ${reports.length} did`);
for (const failure of failures) console.log(`FAILED: ${failure.slice(0, LONGEST_MESSAGE)}`);
if (failures.length > 0) process.exitCode = 1;
console.log(`${sum("numPassedTests")} passed, ${failures.length} failed, ${sum("numPendingTests")} skipped`);
