import { expect } from "vitest";
import { strikeAt } from "./support/provider-hooks";
import { onEveryEngine } from "./support/scenario";

const block = (args: string) => `
import { MacAddressBlock } from "pulumi-macpool";
const nics = new MacAddressBlock("nics", ${args});
export const all = nics.addresses;
export const first = nics.address(0);
`;

const next = (address: unknown, offset: number) =>
  (BigInt(`0x${String(address).replaceAll(":", "")}`) + BigInt(offset))
    .toString(16)
    .padStart(12, "0")
    .replace(/..(?!$)/g, "$&:");

onEveryEngine((scenario) => {
  scenario("the first preview shows a block's addresses, and nothing changes them", async (lab) => {
    const stack = await lab.stack({ program: block("{ count: 3 }") });
    const preview = await stack.preview();
    expect(preview.changes).toEqual(["create macpool", "create nics"]);
    const addresses = preview.outputs["all"] as string[];
    expect(addresses).toHaveLength(3);
    expect(preview.outputs["first"]).toBe(addresses[0]);
    expect(await lab.register.isUntouched()).toBe(true);

    expect((await stack.up()).outputs).toEqual(preview.outputs);
    // What depends on one of the addresses must not see it as unknown.
    expect(await stack.preview()).toMatchObject({ changes: [], outputs: preview.outputs });
    expect(await lab.register.live()).toEqual([...addresses].sort());
    const events = await lab.register.events();
    expect(await stack.up()).toMatchObject({ changes: [], outputs: preview.outputs });
    expect(await stack.refresh()).toMatchObject({ changes: [] });
    expect(await stack.up({ refreshFirst: true })).toMatchObject({ changes: [], outputs: preview.outputs });
    expect(await lab.register.events()).toEqual(events);

    await stack.destroy();
    expect(await lab.register.live()).toEqual([]);
    expect((await stack.up()).outputs).toEqual(preview.outputs);
  });

  scenario("a block grows at its end and shrinks from there, in place", async (lab) => {
    const stack = await lab.stack({ program: block("{ count: 2 }") });
    const two = (await stack.up()).outputs["all"] as string[];
    stack.program(block("{ count: 4 }"));
    const preview = await stack.preview();
    const grown = await stack.up();
    expect(grown).toMatchObject({ changes: ["update nics"], outputs: preview.outputs });
    expect((grown.outputs["all"] as string[]).slice(0, 2)).toEqual(two);
    expect(await lab.register.live()).toHaveLength(4);

    stack.program(block("{ count: 1 }"));
    expect(await stack.up()).toMatchObject({ changes: ["update nics"], outputs: { all: two.slice(0, 1) } });
    expect(await lab.register.live()).toEqual(two.slice(0, 1));
    stack.program(block("{ count: 4 }"));
    expect((await stack.up()).outputs).toEqual(grown.outputs);
  });

  scenario("a contiguous block is consecutive, and is told when it cannot grow", async (lab) => {
    const stack = await lab.stack({ program: block("{ count: 2, contiguous: true }") });
    const { outputs } = await stack.up();
    expect(outputs["all"]).toEqual([outputs["first"], next(outputs["first"], 1)]);
    expect(await lab.register.claim(next(outputs["first"], 3), "somebody else")).toBe("claim");

    stack.program(block("{ count: 3, contiguous: true }"));
    expect((await stack.up()).outputs["all"]).toEqual([0, 1, 2].map((offset) => next(outputs["first"], offset)));
    stack.program(block("{ count: 4, contiguous: true }"));
    const events = await lab.register.events();
    expect(await stack.failing("preview")).toContain("somebody else");
    expect(await stack.failing("up")).toContain("change a keeper");
    expect(await lab.register.events()).toEqual(events);

    stack.program(block(`{ count: 4, contiguous: true, keepers: { run: "2" } }`));
    const moved = await stack.up();
    expect(moved.changes).toEqual(["delete nics", "replace nics"]);
    expect(moved.outputs["all"]).toEqual([0, 1, 2, 3].map((offset) => next(moved.outputs["first"], offset)));
    expect(await lab.register.live()).toHaveLength(5);
  });

  scenario("a provider that dies between commit and reply leaves one block, and up goes on with it", async (lab) => {
    const stack = await lab.stack({ program: block("{ count: 3 }") });
    await stack.failing("up", {
      env: strikeAt({ nic: "nics[2]", change: "create", moment: "after the commit" }, "die"),
    });
    const granted = await lab.register.live();
    expect(granted).toHaveLength(3);
    expect([...((await stack.up()).outputs["all"] as string[])].sort()).toEqual(granted);
    expect(await lab.register.leases()).toHaveLength(3);

    stack.program(block("{ count: 5 }"));
    await stack.failing("up", {
      env: strikeAt({ nic: "nics[4]", change: "create", moment: "after the commit" }, "die"),
    });
    const grown = await lab.register.live();
    expect(grown).toHaveLength(5);
    expect([...((await stack.up()).outputs["all"] as string[])].sort()).toEqual(grown);
    await stack.destroy();
    expect(await lab.register.live()).toEqual([]);
  });

  scenario("in a pool that nothing is foretold of, the addresses that a growing block has stay known", async (lab) => {
    await lab.register.create();
    const ranges = [{ start: 0x0e0000000000, end: 0x0e0000000fff }];
    await lab.register.change((store) => store.createPool({ name: "row", ranges, strategy: "sequential" }));
    const stack = await lab.stack({ program: block(`{ count: 2, pool: "row" }`) });
    expect((await stack.preview()).outputs["first"]).not.toBe("0e:00:00:00:00:00");
    expect((await stack.up()).outputs["all"]).toEqual(["0e:00:00:00:00:00", "0e:00:00:00:00:01"]);
    stack.program(block(`{ count: 3, pool: "row" }`));
    const { outputs } = await stack.preview();
    expect(outputs["first"]).toBe("0e:00:00:00:00:00");
    expect((await stack.up()).outputs["all"]).toEqual([0, 1, 2].map((offset) => next("0e:00:00:00:00:00", offset)));
  });
});
