import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const nic = (name: string, args = "{}") => `
import { MacAddress } from "pulumi-macpool";
export const mac = new MacAddress("${name}", ${args}).address;
`;

const get = (address: unknown) => `
import { MacAddress } from "pulumi-macpool";
const found = MacAddress.get("found", "${address}");
export const mac = found.address;
export const owner = found.owner;
export const description = found.description;
`;

onEveryEngine((scenario) => {
  scenario("the address of another stack cannot be claimed, and the error names its holder", async (lab) => {
    const held = (await (await lab.stack({ program: nic("web") })).up()).outputs["mac"];
    const events = await lab.register.events();
    const other = await lab.stack({ stack: "prod", program: nic("web", `{ address: "${held}" }`) });
    const text = await other.failing("up", { previewFirst: true });
    expect(text).toContain(`leased it to "organization/network/dev/web"`);
    expect(await lab.register.events()).toEqual(events);
  });

  scenario(
    "adopt takes over the lease of a state that was lost, and the lost state can release nothing",
    async (lab) => {
      const lost = await lab.stack({ program: nic("web") });
      const { outputs } = await lost.up();
      const heir = await lab.stack({ program: nic("web", "{ adopt: true }") });
      expect((await heir.up()).outputs).toEqual(outputs);
      expect(await lab.register.leases()).toHaveLength(1);

      await lost.destroy();
      expect(await lab.register.live()).toEqual([outputs["mac"]]);
    },
  );

  scenario("an owner that two stacks use is two, also when one began with the other's state", async (lab) => {
    const stacks = [
      await lab.stack({ program: nic("first") }),
      await lab.stack({ stack: "prod", program: nic("first") }),
    ] as const;
    for (const stack of stacks) await stack.up();
    await stacks[1].takeStateOf(stacks[0]);
    const macs: unknown[] = [];
    for (const stack of stacks) {
      stack.program(nic("gateway", `{ owner: "gateway" }`));
      macs.push((await stack.up()).outputs["mac"]);
    }
    expect(new Set(macs).size).toBe(2);
    for (const stack of stacks) expect((await stack.up()).changes).toEqual([]);
  });

  scenario("get reads the address of another stack, and whoever reads it cannot release it", async (lab) => {
    const { outputs } = await (await lab.stack({ program: nic("web", `{ description: "front" }`) })).up();
    const reader = await lab.stack({ project: "reader", program: get(outputs["mac"]) });
    const found = { mac: outputs["mac"], owner: "organization/network/dev/web", description: "front" };
    expect((await reader.up()).outputs).toEqual(found);
    await reader.destroy();
    expect(await lab.register.live()).toEqual([outputs["mac"]]);
  });

  scenario("get of an address that nobody holds fails and names it, instead of passing on nothing", async (lab) => {
    await lab.register.create();
    const reader = await lab.stack({ program: get("42:00:00:00:00:99") });
    expect(await reader.failing("up")).toContain("42:00:00:00:00:99");
  });
});
