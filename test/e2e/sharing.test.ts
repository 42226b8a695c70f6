import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const nic = (name: string) => `
import { MacAddress } from "pulumi-macpool";
export const mac = new MacAddress("${name}").address;
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
    expect(await lab.register.live()).toEqual([...macs].sort());
  });

  scenario("two stacks that create one register at the same moment get distinct addresses", async (lab) => {
    const dev = await lab.stack({ program: hundredNics });
    const prod = await lab.stack({ program: hundredNics, stack: "prod" });
    const both = await Promise.all([dev.up(), prod.up()]);
    const macs = both.flatMap(({ outputs }) => outputs["macs"]);
    expect(new Set(macs).size).toBe(200);
    expect(await lab.register.live()).toEqual([...macs].sort());
  });

  scenario(
    "two stacks of one name in two backends get distinct addresses, and the second hears of the first",
    async (lab) => {
      const first = await (await lab.stack({ program: nic("web") })).up();
      const namesake = await lab.stack({ program: nic("web") });
      const second = await namesake.up();
      expect(second.outputs["mac"]).not.toBe(first.outputs["mac"]);
      expect(second.text).toContain(`also holds ${first.outputs["mac"]}`);
      expect(await lab.register.live()).toHaveLength(2);
    },
  );
});
