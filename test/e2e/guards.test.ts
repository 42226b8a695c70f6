import { expect } from "vitest";
import type { Lab, Stack } from "./support/lab";
import { onEveryEngine } from "./support/scenario";

/** Declares NICs that do not depend on each other. */
function independent(...names: readonly string[]): string {
  return `
    import { MacAddress } from "pulumi-macpool";
    for (const name of ${JSON.stringify(names)}) new MacAddress(name);
  `;
}

/** Declares NICs, each with its arguments, and each dependent on the one before it, so that their order is certain. */
function program(nics: Readonly<Record<string, object>>): string {
  return `
    import { MacAddress } from "pulumi-macpool";
    let dependsOn: MacAddress[] = [];
    for (const [name, args] of Object.entries(${JSON.stringify(nics)})) {
      dependsOn = [new MacAddress(name, args, { dependsOn })];
    }
  `;
}

type Operation = "up" | "refresh" | "destroy";

/** The operations must fail with these words, and leave register and state as they are. */
async function expectRefusal(lab: Lab, stack: Stack, operations: readonly Operation[], words: string): Promise<void> {
  const content = async () => {
    // The engine tidies other parts of the state even when an operation fails.
    const resources = (await stack.resources()).map(({ urn, id, inputs, outputs }) => ({ urn, id, inputs, outputs }));
    return { resources, events: await lab.register.events(), leases: await lab.register.leases() };
  };
  const before = await content();
  for (const operation of operations) {
    expect(await stack.failing(operation, { previewFirst: operation === "up" })).toContain(words);
  }
  expect(await content()).toEqual(before);
}

onEveryEngine((scenario) => {
  scenario("a register that was swapped for an empty one is refused, and nothing is written", async (lab) => {
    const stack = await lab.stack({ program: program({ web: {} }) });
    await stack.up();
    await lab.register.remove();
    await lab.register.create();
    stack.program(program({ fresh: {}, web: {} }));
    await expectRefusal(lab, stack, ["up", "refresh", "destroy"], "addresses come from register");
  });

  scenario("a register that was swapped for an older copy is refused, and nothing is written", async (lab) => {
    const backup = lab.newRegister("backup");
    const stack = await lab.stack({ program: program({ web: {} }) });
    await stack.up();
    await lab.register.copyTo(backup);
    stack.program(program({ web: { description: "newer than the copy" } }));
    await stack.up();
    await backup.copyTo(lab.register);
    stack.program(program({ fresh: {}, web: {} }));
    await expectRefusal(lab, stack, ["up", "destroy"], "is older than this stack");
  });

  scenario("an older copy does not become the newest one by what is written to it", async (lab) => {
    const backup = lab.newRegister("backup");
    const stack = await lab.stack({ program: program({ web: {} }) });
    await stack.up();
    await lab.register.copyTo(backup);
    stack.program(program({ db: {}, web: {} }));
    await stack.up();
    await backup.copyTo(lab.register);

    // "web" goes first, and nothing can be said against that: the copy knows of its lease.
    await stack.failing("destroy");
    await stack.failing("refresh");
    expect(await stack.outputs("db")).toMatchObject({ pool: "default" });
  });

  scenario("a register that is gone is not made anew for a stack that had one", async (lab) => {
    const stack = await lab.stack({ program: program({ web: {} }) });
    await stack.up();
    await lab.register.remove();
    stack.program(independent("fresh", "web"));
    expect(await stack.failing("up", { previewFirst: true })).toMatch(/There is no register (at|in) /);
    expect(await stack.failing("destroy")).toMatch(/There is no register (at|in) /);
    expect(await lab.register.exists()).toBe(false);
  });

  scenario("a lease that was removed by hand is asserted again at the same address", async (lab) => {
    const stack = await lab.stack({ program: program({ web: {} }) });
    await stack.up();
    const [address = ""] = await lab.register.live();
    await lab.register.lose(address);
    expect((await stack.preview()).changes).toEqual(["update web"]);
    expect((await stack.up()).changes).toEqual(["update web"]);
    expect(await lab.register.live()).toEqual([address]);
    expect((await stack.outputs("web"))["address"]).toBe(address);
  });
});
