import { expect } from "vitest";
import type { Fault } from "../support/provider-hooks";
import { rackOf } from "../support/rack";
import { onEveryEngine } from "../support/scenario";

const NICS = 16;
const MOMENTS = ["before the commit", "after the commit", "after the reply"] as const;

onEveryEngine((scenario) => {
  for (const moment of MOMENTS) {
    const isDone = moment !== "before the commit";
    const fault = (change: Fault["change"]): Fault => ({ nic: "nic-7", change, moment });

    scenario(
      `a provider killed ${moment} of a create, an update and a delete moves and leaks no address`,
      async (lab) => {
        const rack = await rackOf(lab, NICS);
        await rack.killedIn("up", fault("create"));
        const granted = await lab.register.holders();
        expect("nic-7" in granted).toBe(isDone);
        const resources = await rack.stack.resources();
        expect(resources.some(({ urn }) => urn.endsWith("::nic-7"))).toBe(moment === "after the reply");
        const macs = await rack.upAfter(granted);

        rack.describe("top of rack");
        await rack.killedIn("up", fault("update"));
        expect((await lab.register.lease("nic-7")).description === "top of rack").toBe(isDone);
        await rack.upAfter(macs);
        expect(new Set((await lab.register.leases()).map(({ description }) => description))).toEqual(
          new Set(["top of rack"]),
        );

        await rack.killedIn("destroy", fault("delete"));
        expect((await lab.register.lease("nic-7")).isLive).toBe(!isDone);
        await rack.destroy();
        await rack.upAfter(macs);
      },
    );
  }

  scenario(
    "a provider killed in a replacement that keeps the address leaves it leased, and the retry keeps it too",
    async (lab) => {
      const rack = await rackOf(lab, NICS);
      const macs = await rack.up();
      const targetReplace = (await rack.stack.resource("nic-7")).urn;
      await rack.killedIn("up", { nic: "nic-7", change: "create", moment: "after the commit" }, { targetReplace });
      expect(await lab.register.holders()).toEqual(macs);
      expect((await rack.stack.up({ targetReplace })).changes).toEqual(["delete nic-7", "replace nic-7"]);
      // Another up would give it back what the delete of the old one must not have released.
      expect(await lab.register.holders()).toEqual(macs);
      await rack.upAfter(macs);
      await rack.destroy();
    },
  );
});
