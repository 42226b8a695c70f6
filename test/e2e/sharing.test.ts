import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const nic = (name: string, args = "{}") => `
import { MacAddress } from "pulumi-macpool";
export const mac = new MacAddress("${name}", ${args}).address;
`;

const hundredNics = `
import { MacAddress } from "pulumi-macpool";
export const macs = Array.from({ length: 100 }, (_, index) => new MacAddress(\`nic-\${index}\`).address);
`;

onEveryEngine((scenario) => {
  scenario("a hundred NICs of one program get a hundred addresses, those of the preview", async (lab) => {
    const stack = await lab.stack({ program: hundredNics });
    const preview = await stack.preview();
    const { outputs } = await stack.up();
    const macs = Array.isArray(outputs["macs"]) ? outputs["macs"] : [];
    expect(new Set(macs).size).toBe(100);
    expect(outputs).toEqual(preview.outputs);
    expect(lab.register.live()).toEqual([...macs].sort());
  });

  scenario("two stacks that create one register at the same moment get distinct addresses", async (lab) => {
    const dev = await lab.stack({ program: hundredNics });
    const prod = await lab.stack({ program: hundredNics, stack: "prod" });
    const both = await Promise.all([dev.up(), prod.up()]);
    const macs = both.flatMap(({ outputs }) => outputs["macs"]);
    expect(new Set(macs).size).toBe(200);
    expect(lab.register.live()).toEqual([...macs].sort());
  });

  scenario(
    "two stacks of one name in two backends get distinct addresses, and the second hears of the first",
    async (lab) => {
      const first = await (await lab.stack({ program: nic("web") })).up();
      const namesake = await lab.stack({ program: nic("web") });
      const second = await namesake.up();
      expect(second.outputs["mac"]).not.toBe(first.outputs["mac"]);
      expect(second.text).toContain(`also holds ${first.outputs["mac"]}`);
      await namesake.destroy();
      expect(lab.register.live()).toEqual([first.outputs["mac"]]);
    },
  );

  scenario("the address of another stack cannot be claimed, and the error names its holder", async (lab) => {
    const held = (await (await lab.stack({ program: nic("web") })).up()).outputs["mac"];
    const events = lab.register.events();
    const other = await lab.stack({ stack: "prod", program: nic("web", `{ address: "${held}" }`) });
    for (const operation of ["preview", "up"] as const) {
      expect(await other.failing(operation)).toContain(`leased it to "organization/network/dev/web"`);
    }
    expect(lab.register.events()).toEqual(events);
  });

  scenario(
    "adopt takes over the lease of a state that was lost, and the lost state can release nothing",
    async (lab) => {
      const lost = await lab.stack({ program: nic("web") });
      const { outputs } = await lost.up();
      const heir = await lab.stack({ program: nic("web", "{ adopt: true }") });
      expect((await heir.preview()).outputs).toEqual(outputs);
      expect((await heir.up()).outputs).toEqual(outputs);
      expect(lab.register.leases()).toHaveLength(1);

      await lost.destroy();
      expect(lab.register.live()).toEqual([outputs["mac"]]);
      heir.program(nic("web"));
      expect((await heir.up()).outputs).toEqual(outputs);
    },
  );

  scenario("get reads the address of another stack, and whoever reads it cannot release it", async (lab) => {
    const { outputs } = await (await lab.stack({ program: nic("web", `{ description: "front" }`) })).up();
    const get = (address: unknown) => `
      import { MacAddress } from "pulumi-macpool";
      const found = MacAddress.get("found", "${address}");
      export const mac = found.address;
      export const owner = found.owner;
      export const description = found.description;
    `;
    const reader = await lab.stack({ project: "reader", program: get(outputs["mac"]) });
    const found = { mac: outputs["mac"], owner: "organization/network/dev/web", description: "front" };
    expect((await reader.preview()).outputs).toEqual(found);
    expect((await reader.up()).outputs).toEqual(found);
    await reader.destroy();
    expect(lab.register.live()).toEqual([outputs["mac"]]);

    reader.program(get("42:00:00:00:00:99"));
    expect(await reader.failing("preview")).toContain("42:00:00:00:00:99");
  });
});
