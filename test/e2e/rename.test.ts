import { expect } from "vitest";
import { onEveryEngine } from "./support/scenario";

const nic = (name: string, options: string) => `
import { MacAddress } from "pulumi-macpool";
export const mac = new MacAddress("${name}", {}, ${options}).address;
`;

const SHARED = /Two resources of this program have the owner .*give each its own owner/s;

onEveryEngine((scenario) => {
  scenario("a NIC that is renamed with an alias keeps its address", async (lab) => {
    const stack = await lab.stack({ program: nic("web", "{}") });
    const first = await stack.up();
    stack.program(nic("frontend", `{ aliases: [{ name: "web" }] }`));
    expect(await stack.up()).toMatchObject({ changes: ["update frontend"], outputs: first.outputs });
    expect(await lab.register.leases()).toMatchObject([
      { address: first.outputs["mac"], isLive: true, owner: "organization/network/dev/frontend" },
    ]);
  });

  scenario("two NICs never have one address, though an owner goes from one to a new one in one update", async (lab) => {
    const program = (names: readonly string[]) => `
import { MacAddress } from "pulumi-macpool";
const names = ${JSON.stringify(names)};
export const macs = names.map((name, index) => new MacAddress(name, { owner: "rack-" + index }).address);
`;
    const stack = await lab.stack({ program: program(["a", "b"]) });
    const [a, b] = (await stack.up()).outputs["macs"] as string[];
    const events = await lab.register.events();
    stack.program(program(["new", "a", "b"]));
    expect(await stack.failing("preview")).toContain("its owner goes from one to another in the same update");
    expect(await lab.register.events()).toEqual(events);

    // Without a preview it depends on whether they have given their owners up by the time when the new one comes.
    const macs = await stack.up().then(
      ({ outputs }) => outputs["macs"] as string[],
      () => [a],
    );
    expect(new Set(macs).size).toBe(macs.length);
    expect(await lab.register.live()).toEqual([...new Set([...macs, a, b])].sort());
    stack.program(program(["b", "a"]));
    expect(await stack.up()).toMatchObject({ outputs: { macs: [b, a] } });
    expect(await stack.up()).toMatchObject({ changes: [] });
    expect(await lab.register.live()).toEqual([a, b].sort());
  });

  scenario("a NIC all of whose changes are ignored shares its address with nobody who takes its name", async (lab) => {
    const program = (frozen: string, others: string, image = "1") => `
import { MacAddress, MacAddressBlock } from "pulumi-macpool";
const args = { keepers: { image: "${image}" } };
const frozen = (name?: string) => ({ ignoreChanges: ["*"], aliases: name === undefined ? [] : [{ name }] });
${frozen}
${others}
`;
    const before = `
export const nic = new MacAddress("nic", args, frozen()).address;
export const block = new MacAddressBlock("block", { count: 2, ...args }, frozen()).addresses;`;
    const renamed = `
export const nic = new MacAddress("old-nic", args, frozen("nic")).address;
export const block = new MacAddressBlock("old-block", { count: 2, ...args }, frozen("block")).addresses;`;
    const stack = await lab.stack({ program: program(before, "") });
    const { outputs } = await stack.up();
    const live = await lab.register.live();
    stack.program(program(renamed, "", "2"));
    expect(await stack.up(), "renamed, with other keepers").toMatchObject({ outputs });
    // Before them and behind, because without a preview what comes first is created while the rest is looked at.
    const others = ['new MacAddress("nic", args);', 'new MacAddressBlock("block", { count: 2, ...args });'];
    for (const other of others) {
      stack.program(other === others[0] ? program(`${other}${renamed}`, "") : program(renamed, other));
      expect(await stack.failing("preview")).toMatch(SHARED);
      expect(await stack.failing("up")).toMatch(SHARED);
    }
    expect(await lab.register.live()).toEqual(live);
  });

  scenario("a transformation that has all changes ignored is refused, because it hides who is who", async (lab) => {
    const program = (ignored: string) => `
import * as pulumi from "@pulumi/pulumi";
import { MacAddress, MacAddressBlock } from "pulumi-macpool";
pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
  type.includes("macpool:Mac") ? { props, opts: { ...opts, ignoreChanges: ${ignored} } } : undefined,
);
export const nic = new MacAddress("nic").address;
export const block = new MacAddressBlock("block", { count: 2 }).addresses;
`;
    const stack = await lab.stack({ program: program('["*"]') });
    const { outputs } = await stack.up();
    expect(await stack.failing("preview")).toMatch(/ignoreChanges.*Name what to ignore/s);
    stack.program(program('["keepers", "tags"]'));
    expect(await stack.up()).toMatchObject({ changes: [], outputs });
  });

  scenario("a stack that is renamed keeps its addresses", async (lab) => {
    const stack = await lab.stack({ program: nic("web", "{}") });
    const first = await stack.up();
    await stack.rename("production");
    expect(await stack.up()).toMatchObject({ changes: ["update web"], outputs: first.outputs });
    expect(await lab.register.leases()).toMatchObject([
      { address: first.outputs["mac"], isLive: true, owner: "organization/network/production/web" },
    ]);
  });
});
