import { expect } from "vitest";
import { TYPED } from "./support/lab";
import { onEveryEngine } from "./support/scenario";

const twoNics = `
import { MacAddress } from "pulumi-macpool";

export const web = new MacAddress("web").address;
export const db = new MacAddress("db", { description: "primary", tags: { rack: "a3" } }).address;
`;

onEveryEngine((scenario) => {
  scenario("the first preview shows the addresses of the first up, and of the up after a destroy", async (lab) => {
    const stack = await lab.stack({ program: twoNics, env: TYPED });
    const preview = await stack.preview();
    expect(preview.changes).toEqual(["create db", "create macpool", "create web"]);
    expect(preview.outputs["web"]).toMatch(/^42(:[0-9a-f]{2}){5}$/);
    expect(await lab.register.isUntouched()).toBe(true);

    const addresses = Object.values(preview.outputs).sort();
    expect((await stack.up()).outputs).toEqual(preview.outputs);
    expect(await lab.register.live()).toEqual(addresses);

    await stack.destroy();
    expect(await lab.register.live()).toEqual([]);
    expect(await lab.register.released()).toEqual(addresses);

    expect((await stack.up()).outputs).toEqual(preview.outputs);
    expect(await lab.register.live()).toEqual(addresses);
  });

  scenario("nothing changes in a second up, a refresh, or an up that refreshes first", async (lab) => {
    const stack = await lab.stack({ program: twoNics });
    const first = await stack.up();
    const events = await lab.register.events();

    expect(await stack.up()).toMatchObject({ changes: [], outputs: first.outputs });
    expect(await stack.refresh()).toMatchObject({ changes: [] });
    expect(await stack.up({ refreshFirst: true })).toMatchObject({ changes: [], outputs: first.outputs });
    expect(await lab.register.events()).toEqual(events);
  });

  scenario.realOnly("an update keeps to the plan of the very first preview", "it makes no plans", async (lab) => {
    const program = (count: number) => `
import { MacAddress, MacAddressBlock, MacPool, MacReservation } from "pulumi-macpool";
const lab = new MacPool("lab", { ranges: ["62:00:00"] });
new MacReservation("printers", { range: "42:02" });
export const nics = [new MacAddress("a").address, new MacAddress("b", { pool: lab.name }).address];
export const block = new MacAddressBlock("c", { count: ${count} }).addresses;
`;
    // Without it the CLI does not know --plan.
    const env = { PULUMI_EXPERIMENTAL: "true" };
    const plan = lab.path("plan.json");
    const stack = await lab.stack({ program: program(2) });
    for (const count of [2, 3]) {
      stack.program(program(count));
      const { outputs } = await stack.preview({ savePlan: plan, env });
      expect(await stack.up({ plan, env })).toMatchObject({ outputs });
    }
  });

  const noProgram = "it refreshes by the state alone";
  scenario.realOnly("a refresh that runs the program changes nothing", noProgram, async (lab) => {
    const stack = await lab.stack({ program: twoNics });
    await stack.up();
    const events = await lab.register.events();
    expect(await stack.refresh({ runProgram: true })).toMatchObject({ changes: [] });
    expect(await lab.register.events()).toEqual(events);
  });
});
