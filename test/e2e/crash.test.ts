import { expect } from "vitest";
import { dieAfterGrant } from "./support/provider-hooks";
import { onEveryEngine } from "./support/scenario";

const nic = `
import { MacAddress } from "pulumi-macpool";
export const web = new MacAddress("web").address;
`;

onEveryEngine((scenario) => {
  scenario("a provider that dies between commit and reply leaves one lease, and up goes on with it", async (lab) => {
    const stack = await lab.stack({ program: nic });
    await stack.failing("up", { env: dieAfterGrant("web") });
    const [granted, ...others] = lab.register.live();
    expect(others).toEqual([]);
    expect(granted).toBeDefined();

    expect((await stack.up()).outputs["web"]).toBe(granted);
    expect(lab.register.leases()).toHaveLength(1);
    await stack.destroy();
    expect(lab.register.live()).toEqual([]);
  });

  scenario("an engine that dies before it saves leaves one lease, and up goes on with it", async (lab) => {
    const stack = await lab.stack({ program: nic });
    await stack.upKilled("web");
    const [granted, ...others] = lab.register.live();
    expect(others).toEqual([]);
    expect(granted).toBeDefined();

    expect((await stack.up()).outputs["web"]).toBe(granted);
    expect(lab.register.leases()).toHaveLength(1);
  });
});
