import { rmSync } from "node:fs";
import { expect } from "vitest";
import type { Lab, Stack } from "./support/lab";
import { Register } from "./support/register";
import { onEveryEngine } from "./support/scenario";

const nics = (...names: string[]) => `
import { MacAddress } from "pulumi-macpool";
export const macs = ${JSON.stringify(names)}.map((name) => new MacAddress(name).address);
`;

/** Every operation must fail with these words, and leave register and state as they are. */
async function expectRefusal(lab: Lab, stack: Stack, words: string): Promise<void> {
  const before = { events: lab.register.events(), leases: lab.register.leases(), state: await contentOf(stack) };
  expect(await stack.failing("up", { previewFirst: true })).toContain(words);
  expect(await stack.failing("destroy")).toContain(words);
  expect(await stack.failing("refresh")).toContain(words);
  const after = { events: lab.register.events(), leases: lab.register.leases(), state: await contentOf(stack) };
  expect(after).toEqual(before);
}

async function contentOf(stack: Stack) {
  const { resources = [] } = (await stack.state()).deployment;
  return resources.map(({ urn, id, outputs }) => ({ urn, id, outputs }));
}

onEveryEngine((scenario) => {
  scenario("a register that was swapped for an empty one is refused, and nothing is written", async (lab) => {
    const stack = await lab.stack({ program: nics("web") });
    await stack.up();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(lab.register.path + suffix, { force: true });
    lab.register.create();
    stack.program(nics("new", "web"));
    await expectRefusal(lab, stack, "addresses come from register");
  });

  scenario("a register that was swapped for an older copy is refused, and nothing is written", async (lab) => {
    const backup = new Register(lab.path("backup.db"));
    const stack = await lab.stack({ program: nics("web") });
    await stack.up();
    lab.register.copyTo(backup.path);
    stack.program(nics("web").replace("(name)", `(name, { description: "newer than the copy" })`));
    await stack.up();
    backup.copyTo(lab.register.path);
    stack.program(nics("new", "web"));
    await expectRefusal(lab, stack, "is older than this stack");
  });

  scenario("an older copy does not pass for the newest once something was written to it", async (lab) => {
    const backup = new Register(lab.path("backup.db"));
    const stack = await lab.stack({ program: nics("web") });
    await stack.up();
    lab.register.copyTo(backup.path);
    stack.program(nics("web", "db"));
    await stack.up();
    backup.copyTo(lab.register.path);
    await (await lab.stack({ stack: "prod", program: nics("web", "db") })).up();

    await stack.failing("up", { previewFirst: true });
    await stack.failing("refresh");
    await stack.failing("destroy");
    expect(await stack.outputs("db")).toMatchObject({ pool: "default" });
  });

  scenario("a register that is gone is not made anew for a stack that had one", async (lab) => {
    const stack = await lab.stack({ program: nics("web") });
    await stack.up();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(lab.register.path + suffix, { force: true });
    stack.program(nics("web", "db"));
    expect(await stack.failing("up", { previewFirst: true })).toContain("There is no register at");
    expect(await stack.failing("destroy")).toContain("There is no register at");
    expect(await stack.failing("refresh")).toContain("There is no register at");
    expect(lab.register.exists).toBe(false);
  });

  scenario("a lease that was removed by hand is asserted again at the same address", async (lab) => {
    const stack = await lab.stack({ program: nics("web") });
    const { outputs } = await stack.up();
    const [address = ""] = lab.register.live();
    lab.register.lose(address);
    expect(await stack.preview()).toMatchObject({ changes: ["update web"], outputs });
    expect(await stack.up()).toMatchObject({ changes: ["update web"], outputs });
    expect(lab.register.live()).toEqual([address]);
    expect((await stack.up()).changes).toEqual([]);
  });
});
