import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const nic = (name: string, options: string) => `
import { MacAddress } from "pulumi-macpool";
export const mac = new MacAddress("${name}", {}, ${options}).address;
`;

onEveryEngine((scenario) => {
  scenario("a NIC that is renamed with an alias keeps its address", async (lab) => {
    const stack = await lab.stack({ program: nic("web", "{}") });
    const first = await stack.up();
    stack.program(nic("frontend", `{ aliases: [{ name: "web" }] }`));
    expect(await stack.up()).toMatchObject({ changes: ["update frontend"], outputs: first.outputs });
    expect(await lab.register.leases()).toMatchObject([
      { address: first.outputs["mac"], isLive: true, owner: "organization/network/dev/frontend" },
    ]);
  });

  scenario("a stack that is renamed keeps its addresses", async (lab) => {
    const stack = await lab.stack({ program: nic("web", "{}") });
    const first = await stack.up();
    await stack.rename("production");
    expect(await stack.up()).toMatchObject({ changes: ["update web"], outputs: first.outputs });
    expect(await lab.register.leases()).toMatchObject([
      { address: first.outputs["mac"], isLive: true, owner: "organization/network/production/web" },
    ]);
  });
});
