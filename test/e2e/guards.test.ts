import { expect } from "vitest";
import type { Lab, Stack } from "./support/lab";
import { Register } from "./support/register";
import { onEveryEngine } from "./support/scenario";

const nic = (name: string, args = "{}") => `export const ${name} = new MacAddress("${name}", ${args}).address;`;

const program = (...nics: string[]) => `import { MacAddress } from "pulumi-macpool";\n${nics.join("\n")}`;

type Operation = "up" | "refresh" | "destroy";

/** The operations must fail with these words, and leave register and state as they are. */
async function expectRefusal(lab: Lab, stack: Stack, operations: readonly Operation[], words: string): Promise<void> {
  const content = async () => {
    const { resources } = (await stack.state()).deployment;
    return { resources, events: lab.register.events(), leases: lab.register.leases() };
  };
  const before = await content();
  for (const operation of operations) {
    expect(await stack.failing(operation, { previewFirst: operation === "up" })).toContain(words);
  }
  expect(await content()).toEqual(before);
}

onEveryEngine((scenario) => {
  scenario("a register that was swapped for an empty one is refused, and nothing is written", async (lab) => {
    const stack = await lab.stack({ program: program(nic("web")) });
    await stack.up();
    lab.register.remove();
    lab.register.create();
    stack.program(program(nic("fresh"), nic("web")));
    await expectRefusal(lab, stack, ["up", "refresh", "destroy"], "addresses come from register");
  });

  scenario("a register that was swapped for an older copy is refused, and nothing is written", async (lab) => {
    const backup = new Register(lab.path("backup.db"));
    const stack = await lab.stack({ program: program(nic("web")) });
    await stack.up();
    lab.register.copyTo(backup.path);
    stack.program(program(nic("web", `{ description: "newer than the copy" }`)));
    await stack.up();
    backup.copyTo(lab.register.path);
    stack.program(program(nic("fresh"), nic("web")));
    await expectRefusal(lab, stack, ["up", "destroy"], "is older than this stack");
  });

  scenario("an older copy does not pass for the newest one after others wrote to it", async (lab) => {
    const backup = new Register(lab.path("backup.db"));
    const stack = await lab.stack({ program: program(nic("web")) });
    await stack.up();
    lab.register.copyTo(backup.path);
    stack.program(program(nic("web"), nic("db")));
    await stack.up();
    backup.copyTo(lab.register.path);
    expect(await lab.register.claim("42:00:00:00:00:01", "somebody else")).toBe("claim");

    await stack.failing("up", { previewFirst: true });
    await stack.failing("destroy");
    expect(await stack.outputs("db")).toMatchObject({ pool: "default" });
  });

  scenario("a register that is gone is not made anew for a stack that had one", async (lab) => {
    const stack = await lab.stack({ program: program(nic("web")) });
    await stack.up();
    lab.register.remove();
    stack.program(program(nic("fresh"), nic("web")));
    expect(await stack.failing("up", { previewFirst: true })).toContain("There is no register at");
    expect(await stack.failing("destroy")).toContain("There is no register at");
    expect(lab.register.exists).toBe(false);
  });

  scenario("a lease that was removed by hand is asserted again at the same address", async (lab) => {
    const stack = await lab.stack({ program: program(nic("web")) });
    const { outputs } = await stack.up();
    lab.register.lose(String(outputs["web"]));
    expect(await stack.preview()).toMatchObject({ changes: ["update web"], outputs });
    expect(await stack.up()).toMatchObject({ changes: ["update web"], outputs });
    expect(lab.register.live()).toEqual([outputs["web"]]);
  });
});
