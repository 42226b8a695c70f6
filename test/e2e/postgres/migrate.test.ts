import { expect } from "vitest";
import { FileRegister } from "../support/file-register";
import { macpoolWith } from "../support/macpool";
import { dieAtStatement } from "../support/provider-hooks";
import { onEveryEngine } from "../support/scenario";

const program = (...names: readonly string[]) => `
  const { MacAddress, MacAddressBlock, MacPool, MacReservation } = require("pulumi-macpool");
  for (const name of ${JSON.stringify(names)}) exports[name] = new MacAddress(name, { tags: { rack: "7" } }).address;
  const row = new MacPool("row", { ranges: ["4a:00"], strategy: "sequential" });
  new MacReservation("printers", { range: "4a:00:00:00:00:00-4a:00:00:00:00:03" }, { dependsOn: row });
  exports.block = new MacAddressBlock("block", { count: 3, pool: row.name, contiguous: true }).addresses;
`;

const tenant = `
  const { MacAddress } = require("pulumi-macpool");
  exports.nic = new MacAddress("nic").address;
`;

onEveryEngine((scenario) => {
  scenario(
    "stacks go on unchanged when their register moves from a file to a server, also after a first try was killed",
    async (lab) => {
      const target = lab.register;
      const source = new FileRegister(lab.path("source.db"));
      lab.useRegister(source);
      const one = await lab.stack({ program: program("web", "db"), entry: "index.js" });
      const other = await lab.stack({ program: tenant, entry: "index.js", stack: "tenant" });
      const before = [(await one.up()).outputs, (await other.up()).outputs];
      const leases = await source.leases();
      const events = await source.events();

      const killed = await macpoolWith(dieAtStatement("insert into lease"), "migrate", source.store, target.store);
      expect(killed.code, killed.stderr).toBe(-1);
      expect(await target.exists()).toBe(false);
      expect(await macpoolWith({}, "migrate", source.store, target.store)).toMatchObject({ code: 0 });
      expect([await target.leases(), await target.events()]).toEqual([leases, events]);

      for (const [index, stack] of [one, other].entries()) {
        await stack.configure({ "macpool:store": target.store });
        // The provider's own inputs say where the register is.
        expect(await stack.up()).toMatchObject({ changes: ["update macpool"], outputs: before[index] });
      }
      expect(await one.up({ refreshFirst: true })).toMatchObject({ changes: [], outputs: before[0] });
      expect([await target.leases(), await target.events()]).toEqual([leases, events]);

      expect(await macpoolWith({}, "migrate", source.store, target.store)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("REGISTER_EXISTS"),
      });
      await one.destroy();
      expect(await target.live()).toEqual(Object.values(before[1] ?? {}));
      expect(await source.leases()).toEqual(leases);
    },
  );
});
