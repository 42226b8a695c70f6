import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

/** Two NICs and a block, whose arguments a transformation of the whole stack changes before they reach the engine. */
const transformed = (args: string) => `
import * as pulumi from "@pulumi/pulumi";
import { MacAddress, MacAddressBlock } from "pulumi-macpool";

pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
  type.startsWith("pulumi-nodejs:dynamic/macpool:Mac") ? { props: { ...props, ...${args} }, opts } : undefined,
);

export const macs = ["a", "b"].map((name) => new MacAddress(name).address);
export const block = new MacAddressBlock("c", { count: 2 }).addresses;
`;

/** The same by what the engine calls back, for two NICs. */
const calledBack = `
import { MacAddress } from "pulumi-macpool";
export const macs = ["a", "b"].map((name) => new MacAddress(name, {}, {
  transforms: [({ props, opts }) => ({ props: { ...props, owner: "shared" }, opts })],
}).address);
`;

const SHARED = /Two resources of this program have the owner .*shared.*give each its own owner/s;

onEveryEngine((scenario) => {
  scenario(
    "two resources that a transformation gives one owner are refused, by the preview and without one",
    async (lab) => {
      await lab.register.create();
      const stack = await lab.stack({ program: transformed('{ owner: "shared" }') });
      expect(await stack.failing("preview")).toMatch(SHARED);
      expect(await stack.failing("up")).toMatch(SHARED);
      const live = await lab.register.live();
      expect(new Set(live).size).toBe(live.length);
      stack.program(transformed("{}"));
      const { outputs } = await stack.up();
      expect(new Set([outputs["macs"], outputs["block"]].flat()).size).toBe(4);
      expect((await stack.up()).changes).toEqual([]);
    },
  );

  scenario.realOnly(
    "two NICs that a transform of the engine gives one owner are refused",
    "it does not call programs back",
    async (lab) => {
      const stack = await lab.stack({ program: calledBack });
      expect(await stack.failing("preview")).toMatch(SHARED);
      expect(await stack.failing("up")).toMatch(SHARED);
    },
  );

  scenario("keepers that a transformation sets give new addresses when they change, and stay so", async (lab) => {
    const stack = await lab.stack({ program: transformed('{ keepers: { image: "1" } }') });
    const first = await stack.up();
    expect((await stack.up()).changes).toEqual([]);
    stack.program(transformed('{ keepers: { image: "2" } }'));
    const second = await stack.up();
    const all = [first, second].flatMap(({ outputs }) => [outputs["macs"], outputs["block"]].flat());
    expect(new Set(all).size).toBe(8);
    expect((await stack.up()).changes).toEqual([]);
  });

  scenario("an address that a transformation gives is claimed", async (lab) => {
    const program = `
import * as pulumi from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";
pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
  type.endsWith(":MacAddress") ? { props: { ...props, address: "42-00-00-00-00-07" }, opts } : undefined,
);
export const mac = new MacAddress("web").address;
`;
    const stack = await lab.stack({ program });
    expect((await stack.preview()).outputs).toEqual({ mac: "42:00:00:00:00:07" });
    expect((await stack.up()).outputs).toEqual({ mac: "42:00:00:00:00:07" });
    expect((await stack.up()).changes).toEqual([]);
  });
});
