import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT, type Row } from "./matrix";
import { environmentOf, type NodeBinary } from "./node";
import { type Place, run, runToEnd } from "./run";

/** What a row came to, with the versions that really ran. */
export interface Result {
  readonly node: string;
  readonly pulumi: string;
  readonly passed: number;
  /** Titles of the tests that failed, each with the first line of why. */
  readonly failures: readonly string[];
}

/** The provider's process, and a whole program that reaches it through the engine double. */
const SUITE = ["test/host", "test/e2e/lifecycle.test.ts"];
const PROJECTS = ["--project", "package", "--project", "e2e"];

/** Milliseconds for one test: what is asked is whether it works, on whatever machine. */
const PATIENCE = 300_000;

/** What a CLI does is its own version's affair, and every test of it starts several processes. */
const WITHOUT_CLI = "^(?!the real engine)";

const ADDON = "node_modules/better-sqlite3/build/Release/better_sqlite3.node";

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Installs a copy of the working tree with the row's SDK, runs the suite there under the row's Node, and removes it. */
export async function runRow(row: Row, node: NodeBinary, scratch: string): Promise<Result> {
  const tree = join(scratch, `node-${row.node}-pulumi-${row.pulumi}`);
  const place = { cwd: tree, env: environmentOf(node) };
  try {
    await copyTree(tree);
    await install(row, place);
    await provideAddon(row, node, place, join(scratch, `addon-${row.node}`));
    const { report, complaint } = await runSuite(node, place);
    const failures = [...failuresOf(report, tree), ...complaint];
    return { ...(await versionsIn(node, place)), passed: report.numPassedTests, failures };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Copies what git knows or would add, as it is in the working tree. */
async function copyTree(tree: string): Promise<void> {
  mkdirSync(tree);
  const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    env: process.env,
  });
  for (const file of listed.split("\0")) {
    if (file === "" || !existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    cpSync(join(ROOT, file), join(tree, file));
  }
}

/** Installs everything as package-lock.json says, but for the SDK. Nothing is compiled yet. */
async function install({ pulumi, typescript }: Row, place: Place): Promise<void> {
  const path = join(place.cwd, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  // With the exact number, which the tests take over for the fixture that they install.
  const version = (await run("npm", ["view", `@pulumi/pulumi@${pulumi}`, "version"], place)).trim();
  manifest.devDependencies["@pulumi/pulumi"] = version;
  manifest.devDependencies["typescript"] = typescript ?? manifest.devDependencies["typescript"];
  writeFileSync(path, JSON.stringify(manifest));
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], place);
}

/** Puts the addon of better-sqlite3 in place: compiled or downloaded once for each Node, for our own Node as it is here. */
async function provideAddon({ node }: Row, { headers }: NodeBinary, place: Place, cache: string): Promise<void> {
  const known = headers === undefined ? join(ROOT, ADDON) : cache;
  if (existsSync(known)) cpSync(known, join(place.cwd, ADDON));
  else {
    console.log(`building better-sqlite3 for Node ${node}`);
    // Most of it is SQLite, which takes a compiler minutes to make as fast as can be; here it need only be right.
    const env = { ...place.env, CFLAGS: "-O1", CXXFLAGS: "-O1" };
    await run("npm", ["rebuild", "--ignore-scripts=false", "better-sqlite3"], { ...place, env });
    cpSync(join(place.cwd, ADDON), cache);
  }
}

/** Runs the suite; the complaint is what vitest says when it failed, which need not show in its report. */
async function runSuite({ path }: NodeBinary, place: Place) {
  const file = join(place.cwd, ".report.json");
  const vitest = join(place.cwd, "node_modules", "vitest", "vitest.mjs");
  const args = [
    "run",
    ...SUITE,
    ...PROJECTS,
    `--testNamePattern=${WITHOUT_CLI}`,
    `--testTimeout=${PATIENCE}`,
    "--reporter=json",
    `--outputFile=${file}`,
  ];
  const { code, stdout, stderr } = await runToEnd(path, [vitest, ...args], place);
  if (!existsSync(file)) throw new Error(`vitest gave no report:\n${stdout}${stderr}`);
  const report: Report = JSON.parse(readFileSync(file, "utf8"));
  const complaint = code === 0 ? [] : [`vitest ended with code ${code}: ${stderr.trim().slice(-2_000)}`];
  // A file whose process was lost may be missing from a report that is otherwise green.
  const missing = testFiles(place.cwd).filter((name) => !report.testResults.some((result) => result.name === name));
  return { report, complaint: [...complaint, ...missing.map((name) => `${name}: not run`)] };
}

function testFiles(tree: string): readonly string[] {
  return SUITE.flatMap((path) => {
    if (path.endsWith(".ts")) return [join(tree, path)];
    return readdirSync(join(tree, path))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join(tree, path, name));
  });
}

async function versionsIn({ path }: NodeBinary, place: Place): Promise<{ node: string; pulumi: string }> {
  const script = 'console.log(process.versions.node, require("@pulumi/pulumi/package.json").version)';
  const [node = "?", pulumi = "?"] = (await run(path, ["-e", script], place)).trim().split(" ");
  return { node, pulumi };
}

function failuresOf({ testResults }: Report, tree: string): readonly string[] {
  return testResults.flatMap(({ name, message, status, assertionResults }) => {
    const failed = assertionResults
      .filter((one) => one.status === "failed")
      .map(({ fullName, failureMessages }) => `${fullName}: ${(failureMessages[0] ?? "").split("\n")[0]}`);
    // A file that could not even be loaded has no test that could have failed.
    return status === "failed" && failed.length === 0 ? [`${relative(tree, name)}: ${message}`] : failed;
  });
}
