import { expect } from "vitest";
import { parseRange } from "../../provider/mac/range";
import type { Lab, Stack } from "./support/lab";
import { onEveryEngine } from "./support/scenario";

const nic = (args: string) => `new (require("pulumi-macpool").MacAddress)("web", ${args});`;

/** Makes a stack of plain JavaScript, in which types cannot stop the mistake. */
function mistaken(lab: Lab, args: string): Promise<Stack> {
  return lab.stack({ program: nic(args), entry: "index.js" });
}

/** Matches a check failure of a property: as the CLI words it, or the engine double. */
function problem(property: string, words: string): RegExp {
  return new RegExp(`(property ${property} value .* has a problem| ${property}): .*${words}`);
}

onEveryEngine((scenario) => {
  scenario("a preview reports every malformed argument on its own property, and creates no register", async (lab) => {
    const args = `{ address: "42:00:zz", owner: "", keepers: { build: 7 }, tags: { rack: null }, description: 1 }`;
    const text = await (await mistaken(lab, args)).failing("preview");
    expect(text).toMatch(problem("address", "42:00:zz"));
    expect(text).toMatch(problem("owner", "is empty"));
    expect(text).toMatch(problem("keepers", "build: every value must be a string"));
    expect(text).toMatch(problem("tags", "rack: every value must be a string"));
    expect(text).toMatch(problem("description", "must be a string"));
    expect(await lab.register.isUntouched()).toBe(true);
  });

  scenario("a preview refuses a group address", async (lab) => {
    const stack = await mistaken(lab, `{ address: "43:00:00:00:00:01" }`);
    expect(await stack.failing("preview")).toMatch(problem("address", "43:00:00:00:00:01 cannot be given to a NIC"));
  });

  scenario(
    "a preview refuses a reserved address, one of another pool and an unknown pool, and writes nothing",
    async (lab) => {
      await lab.register.create();
      const ranges = [parseRange("52:00:00:00:00:00-52:00:00:00:ff:ff")];
      await lab.register.change((store) => store.createPool({ name: "rack", ranges }));
      const events = await lab.register.events();
      const stack = await mistaken(lab, `{ address: "42:01:00:00:00:07" }`);
      expect(await stack.failing("preview")).toMatch(problem("address", "42:01:00:00:00:07 is never given out"));

      stack.program(nic(`{ address: "52:00:00:00:00:07" }`));
      expect(await stack.failing("preview")).toMatch(problem("address", `It belongs to pool "rack"`));

      stack.program(nic(`{ pool: "rock" }`));
      expect(await stack.failing("preview")).toMatch(
        problem("pool", `no pool "rock". This register has: default, rack`),
      );
      expect(await lab.register.events()).toEqual(events);
    },
  );
});
