import { writeFileSync } from "node:fs";
import { expect } from "vitest";
import { macpool } from "./support/macpool";
import { onEveryEngine } from "./support/scenario";

const MAC = "42:54:00:12:34:56";

const adopting = `
  import { MacAddress } from "pulumi-macpool";
  export const mac = new MacAddress("web", { address: "${MAC}", adopt: true }).address;
`;

onEveryEngine((scenario) => {
  scenario(
    "an address that was imported moves under a program without changing, and is released with it",
    async (lab) => {
      await lab.register.create();
      const file = lab.path("vms.csv");
      writeFileSync(file, `mac,owner\n${MAC},host1/web\n`);
      expect(await macpool(lab, "import", file)).toMatchObject({ code: 0 });

      const stack = await lab.stack({ program: adopting });
      expect((await stack.preview()).outputs["mac"]).toBe(MAC);
      expect((await stack.up()).outputs["mac"]).toBe(MAC);
      expect(await lab.register.leases()).toMatchObject([{ address: MAC, isLive: true }]);
      expect((await lab.register.leases())[0]?.owner).not.toBe("host1/web");
      expect((await stack.up({ previewFirst: true })).changes).toEqual([]);
      expect(await macpool(lab, "import", file)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("ADDRESS_TAKEN"),
      });
      await stack.destroy();
      expect(await lab.register.released()).toEqual([MAC]);
    },
  );
});
