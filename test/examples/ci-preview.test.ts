import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { parse } from "yaml";
import { FileRegister } from "../e2e/support/file-register";
import type { Lab } from "../e2e/support/lab";
import { onEveryEngine } from "../e2e/support/scenario";
import { findPulumi } from "../engine/find-pulumi";
import { copyTo, exampleFile, openExample } from "./support/example";
import { backendOf, contentOf, Machine, registersBelow, type Site } from "./support/machine";
import { readOnly } from "./support/read-only";

const EXAMPLE = "ci-preview";

/** The machines of the program, and what a pull request makes of them. */
const [BEFORE, AFTER] = ['["web-1", "db-1"]', '["web-1", "db-1", "web-2"]'];

function pullRequest(program: string): string {
  expect(program).toContain(BEFORE);
  return program.replace(BEFORE, AFTER);
}

/** What a hosted runner has: nothing, and CI. */
function bareRunner(lab: Lab): NodeJS.ProcessEnv {
  const home = lab.path("runner");
  return { CI: "true", HOME: home, XDG_DATA_HOME: home, LOCALAPPDATA: home };
}

onEveryEngine((scenario) => {
  scenario("a runner without the register foresees what up then does, and creates none", async (lab) => {
    const stack = await openExample(lab, EXAMPLE, { config: {} });
    const { outputs: before } = await stack.up();
    stack.program(pullRequest(exampleFile(EXAMPLE, "index.ts")));
    const { outputs, changes } = await stack.preview({ env: bareRunner(lab) });
    expect(changes).toEqual(["create web-2"]);
    expect(outputs["addresses"]).toMatchObject(Object(before["addresses"]));
    expect(await stack.failing("up", { env: bareRunner(lab) })).toMatch(/There is no register at .*runner/);
    expect(registersBelow(dirname(lab.home)).filter((file) => file.includes("runner"))).toEqual([]);
    expect((await stack.up()).outputs).toEqual(outputs);
  });
});

const cliDir = findPulumi();

// test/e2e/global-setup.ts says loudly that the real engine is skipped.
describe.skipIf(cliDir === undefined)("preview.sh on the real engine", { timeout: 120_000 }, () => {
  let site: Site;
  let office: Machine;
  let register: FileRegister;

  /** The stack was deployed from another machine, where its register is. */
  beforeAll(async () => {
    const labs = join(inject("e2eFixture"), "labs");
    mkdirSync(labs, { recursive: true });
    site = { cliDir: String(cliDir), directory: mkdtempSync(join(labs, "site-")) };
    const example = copyTo(join(site.directory, "example"), EXAMPLE);
    office = new Machine(site, "office", example, { CI: "" });
    expect(await office.run("pulumi", ["stack", "init", "prod"])).toMatchObject({ code: 0 });
    expect(await office.run("pulumi", ["up", "--yes", "--skip-preview", "--stack", "prod"])).toMatchObject({ code: 0 });
    const [path = ""] = registersBelow(office.home);
    register = new FileRegister(path);
  }, 120_000);

  /** Checks out what the office committed, and the change of the pull request. */
  function runner(name: string): Machine {
    const machine = new Machine(site, name, office.checkout, { CI: "true" });
    const program = join(machine.checkout, "index.ts");
    writeFileSync(program, pullRequest(readFileSync(program, "utf8")));
    return machine;
  }

  /** Copies the office's register to a runner. */
  async function copyOfRegister(machine: Machine): Promise<string> {
    const directory = join(machine.home, "copy");
    mkdirSync(directory);
    const copy = join(directory, "register.db");
    await register.copyTo(new FileRegister(copy));
    return copy;
  }

  test("shows the addresses of what exists and of what is new, and changes nothing at all", async () => {
    const machine = runner("bare");
    const everything = () => [contentOf(backendOf(site)), contentOf(dirname(register.store))];
    const before = everything();
    const summary = join(machine.home, "summary.md");
    const { code, text } = await machine.run("./preview.sh", ["prod"], { GITHUB_STEP_SUMMARY: summary });
    expect(code, text).toBe(0);
    expect(everything()).toEqual(before);
    expect(registersBelow(site.directory)).toEqual([register.store]);
    const [first, second, ...others] = await register.live();
    expect(others).toEqual([]);
    for (const known of [first, second]) expect(text).toContain(`[id=${known}]`);
    expect(text).toMatch(/\+ web-2: "42(:[0-9a-f]{2}){5}"/);
    expect(text).toMatch(/\+ 1 to create\s+4 unchanged/);
    expect(readFileSync(summary, "utf8")).toBe(`\`\`\`\n${text}\`\`\`\n`);
  });

  test("knows with a copy of the register what others hold, and without one cannot", async () => {
    const machine = runner("copy");
    const foreseen = async (env: NodeJS.ProcessEnv) =>
      /\+ web-2: "(.*)"/.exec((await machine.run("./preview.sh", ["prod"], env)).text)?.[1];
    const favourite = await foreseen({});
    const copy = new FileRegister(await copyOfRegister(machine));
    expect(await copy.claim(String(favourite), "somebody/else")).toBe("claim");
    const known = await foreseen({ MACPOOL_STORE: copy.store });
    expect(known).toMatch(/^42(:[0-9a-f]{2}){5}$/);
    expect(known).not.toBe(favourite);
  });

  test("says with a read-only copy that it cannot use it, and shows what the state knows", async ({ skip }) => {
    const machine = runner("read-only");
    const copy = await copyOfRegister(machine);
    const [program, ...prefix] = readOnly(dirname(copy)) ?? [];
    if (program === undefined) return skip("nothing can be mounted read-only here");
    const args = [...prefix, "./preview.sh", "prod"];
    const { code, text } = await machine.run(program, args, { MACPOOL_STORE: copy });
    expect(code, text).toBe(0);
    expect(text).toContain("macpool: addresses of this preview are not all known.");
    expect(text).toMatch(/\+ web-2: \[unknown\]/);
    for (const known of await register.live()) expect(text).toContain(`[id=${known}]`);
  });

  test("is refused by another register, which it names, and the state stays", async () => {
    const machine = runner("other");
    const before = contentOf(backendOf(site));
    const other = await new FileRegister(join(machine.home, "register.db")).create();
    const { code, text } = await machine.run("./preview.sh", ["prod"], { MACPOOL_STORE: other.store });
    expect(code).not.toBe(0);
    expect(text).toMatch(new RegExp(`This stack's addresses come from register .* but ${other.store} is register`));
    expect(contentOf(backendOf(site))).toEqual(before);
    expect(await other.leases()).toEqual([]);
  });

  test("ends with code 2 and one line without a stack", async () => {
    expect(await runner("wrong").run("./preview.sh", [])).toEqual({ code: 2, text: "usage: preview.sh STACK\n" });
  });
});

test("the workflow runs the script for every pull request, with no right but to read", () => {
  const workflow = parse(exampleFile(EXAMPLE, ".github/workflows/preview.yml"));
  expect(workflow).toMatchObject({ on: "pull_request", permissions: { contents: "read" } });
  const runs = workflow.jobs.preview.steps.map((step: { readonly run?: string }) => step.run);
  expect(runs.filter(Boolean)).toEqual(["npm ci", "./preview.sh prod"]);
});
