import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const nic = (args: string, options = "{}") => `
import { MacAddress } from "pulumi-macpool";
export const web = new MacAddress("web", ${args}, ${options}).address;
`;

onEveryEngine((scenario) => {
  scenario(
    "changed keepers give another address, the previewed one, and the old one goes into quarantine",
    async (lab) => {
      const stack = await lab.stack({ program: nic(`{ keepers: { image: "1" } }`) });
      const before = (await stack.up()).outputs["web"];

      stack.program(nic(`{ keepers: { image: "2" } }`));
      const preview = await stack.preview();
      const { changes, outputs } = await stack.up();
      expect(changes).toEqual(["delete web", "replace web"]);
      expect(outputs).toEqual(preview.outputs);
      expect(outputs["web"]).not.toBe(before);
      expect(await lab.register.live()).toEqual([outputs["web"]]);
      expect(await lab.register.released()).toEqual([before]);
      expect(await lab.register.claim(String(before), "somebody else")).toBe("ADDRESS_QUARANTINED");

      stack.program(nic(`{ keepers: { image: "1" } }`, "{ deleteBeforeReplace: true }"));
      expect((await stack.up()).outputs["web"], "back to the old keepers, with the old one deleted first").toBe(before);
      expect(await lab.register.live()).toEqual([before]);
    },
  );

  scenario("keepers and addresses whose changes are ignored do not change an address", async (lab) => {
    const program = (image: string, more: string, address: string) => `
import { MacAddress, MacAddressBlock, MacPool } from "pulumi-macpool";
const keepers = { image: "${image}" };
const options = { ignoreChanges: ["keepers"] };
export const web = new MacAddress("web", { keepers }, options).address;
export const nics = new MacAddressBlock("nics", { count: 2, keepers }, options).addresses;
export const bare = new MacAddress("bare", { ${more} }, options).address;
const pinned = { ignoreChanges: ["address"] };
export const asked = new MacAddress("asked", { address: "42:00:00:00:00:${address}" }, pinned).address;
export const free = new MacAddress("free", { ${more === "" ? "" : `address: "42:00:00:00:01:${address}"`} }, pinned).address;
// Too small for anything to be foretold, so that what was checked at first has no address.
const few = new MacPool("few", { ranges: ["52:54:00:00:00"] }).name;
export const late = new MacAddress("late", { pool: few, ${more === "" ? "" : `address: "52:54:00:00:00:${address}"`} }, pinned).address;
`;
    const stack = await lab.stack({ program: program("1", "", "01") });
    const { outputs } = await stack.up();
    stack.program(program("2", "keepers", "02"));
    expect(await stack.preview()).toMatchObject({ changes: [], outputs });
    expect(await stack.up()).toMatchObject({ changes: [], outputs });
  });

  scenario("a replacement of the resource alone keeps the address, under a new token", async (lab) => {
    const stack = await lab.stack({ program: nic("{}") });
    const first = await stack.up();
    const { urn, outputs: state } = await stack.resource("web");
    const up = await stack.up({ targetReplace: urn });
    expect(up.changes).toEqual(["delete web", "replace web"]);
    expect(up.outputs).toEqual(first.outputs);

    const [lease, ...others] = await lab.register.leases();
    expect(others).toEqual([]);
    expect(lease).toMatchObject({ isLive: true, address: first.outputs["web"] });
    expect(lease?.token).not.toBe(state?.["token"]);
    expect(lease?.token).toBe((await stack.outputs("web"))["token"]);
  });

  scenario.realOnly(
    "what is renamed with an alias and replaced in the same update keeps its addresses",
    "it has no replacement triggers",
    async (lab) => {
      const program = (name: string, options: string) => `
import { MacAddress, MacAddressBlock } from "pulumi-macpool";
export const web = new MacAddress("${name}", {}, ${options}).address;
export const nics = new MacAddressBlock("${name}", { count: 2 }, ${options}).addresses;
`;
      const stack = await lab.stack({ program: program("old", `{ replacementTrigger: "1" }`) });
      const { outputs } = await stack.up();
      stack.program(program("new", `{ replacementTrigger: "2", aliases: [{ name: "old" }] }`));
      expect((await stack.preview()).outputs).toEqual(outputs);
      const up = await stack.up();
      expect(up.changes).toContain("replace new");
      expect(up.outputs).toEqual(outputs);
      expect(await lab.register.live()).toEqual([outputs["web"], outputs["nics"]].flat().sort());
      expect((await stack.up()).changes).toEqual([]);
    },
  );

  scenario("to ask for the address a NIC has pins it in place, and to ask for another one replaces it", async (lab) => {
    const stack = await lab.stack({ program: nic("{}") });
    const first = await stack.up();
    stack.program(nic(`{ address: "${String(first.outputs["web"]).toUpperCase()}" }`));
    expect(await stack.up()).toMatchObject({ changes: ["update web"], outputs: first.outputs });

    stack.program(nic(`{ address: "42:00:00:00:00:2a" }`));
    const replaced = { changes: ["delete web", "replace web"], outputs: { web: "42:00:00:00:00:2a" } };
    expect(await stack.up()).toMatchObject(replaced);
    expect(await lab.register.live()).toEqual(["42:00:00:00:00:2a"]);

    stack.program(nic("{}"));
    expect(await stack.up()).toMatchObject({ changes: ["update web"], outputs: replaced.outputs });
  });
});
