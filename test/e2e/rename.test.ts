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

  scenario(
    "an owner that goes from a NIC to a new one in one update is refused before anything is done",
    async (lab) => {
      const program = (names: readonly string[]) => `
import { MacAddress } from "pulumi-macpool";
const names = ${JSON.stringify(names)};
export const macs = names.map((name, index) => new MacAddress(name, { owner: "rack-" + index }).address);
`;
      const stack = await lab.stack({ program: program(["a", "b"]) });
      const first = await stack.up();
      const events = await lab.register.events();
      stack.program(program(["new", "a", "b"]));
      for (const operation of ["preview", "up"] as const) {
        expect(await stack.failing(operation)).toContain("its owner goes from one to another in the same update");
      }
      expect(await lab.register.events()).toEqual(events);

      stack.program(program(["b", "a"]));
      const [a, b] = first.outputs["macs"] as string[];
      expect(await stack.up()).toMatchObject({ outputs: { macs: [b, a] } });
      expect(await stack.up()).toMatchObject({ changes: [] });
    },
  );

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
