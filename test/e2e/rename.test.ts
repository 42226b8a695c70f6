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

  scenario("two NICs never have one address, though an owner goes from one to a new one in one update", async (lab) => {
    const program = (names: readonly string[]) => `
import { MacAddress } from "pulumi-macpool";
const names = ${JSON.stringify(names)};
export const macs = names.map((name, index) => new MacAddress(name, { owner: "rack-" + index }).address);
`;
    const stack = await lab.stack({ program: program(["a", "b"]) });
    const [a, b] = (await stack.up()).outputs["macs"] as string[];
    const events = await lab.register.events();
    stack.program(program(["new", "a", "b"]));
    expect(await stack.failing("preview")).toContain("its owner goes from one to another in the same update");
    expect(await lab.register.events()).toEqual(events);

    // Without a preview it depends on whether they have given their owners up by the time when the new one comes.
    const macs = await stack.up().then(
      ({ outputs }) => outputs["macs"] as string[],
      () => [a],
    );
    expect(new Set(macs).size).toBe(macs.length);
    expect(await lab.register.live()).toEqual([...new Set([...macs, a, b])].sort());
    stack.program(program(["b", "a"]));
    expect(await stack.up()).toMatchObject({ outputs: { macs: [b, a] } });
    expect(await stack.up()).toMatchObject({ changes: [] });
    expect(await lab.register.live()).toEqual([a, b].sort());
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
