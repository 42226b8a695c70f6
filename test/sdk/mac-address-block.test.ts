import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MacAddressBlock } from "../../sdk";
import { BLOCK_LOADER } from "../../sdk/loader";
import { deploy, faultsOf, finish, known, type Registered, registrationOf, Unknown } from "./harness";

const addresses = ["42:00:00:00:00:00", "42:00:00:00:00:01"];

let registered: Registered[];

const inputsOf = async (resource: pulumi.Resource) => (await registrationOf(registered, resource)).inputs;

describe("a MacAddressBlock", () => {
  beforeEach(async () => {
    registered = await deploy({ answer: () => ({ addresses, storeId: "register-1" }) });
  });
  afterEach(finish);

  it("sends its count, owner, installation and loader, and nothing for the rest", async () => {
    const block = new MacAddressBlock("nics", { count: 2 });
    expect((await registrationOf(registered, block)).type).toBe("pulumi-nodejs:dynamic/macpool:MacAddressBlock");
    expect(await inputsOf(block)).toEqual({
      count: 2,
      owner: "acme/network/prod/nics",
      defaultOwner: "acme/network/prod/nics",
      installation: "installation-of-macpool/acme/network/prod",
      rotation: "",
      known: [],
      __provider: BLOCK_LOADER,
    });
  });

  it("sends every argument under its name", async () => {
    const args = { count: 2, contiguous: true, pool: "lab", adopt: true, description: "NICs", tags: { rack: "7" } };
    const keepers = { image: "1" };
    const block = new MacAddressBlock("nics", { ...args, keepers, owner: "mine" });
    expect(await inputsOf(block)).toMatchObject({ ...args, keepers, owner: "mine", rotation: "" });
  });

  it("has every declared output", async () => {
    const block = new MacAddressBlock("nics", { count: 2, pool: "lab" });
    expect(await known(block.addresses)).toEqual(addresses);
    expect(await known(block.count)).toBe(2);
    expect(await known(block.pool)).toBe("lab");
    expect(await known(block.owner)).toBe("acme/network/prod/nics");
    expect(await known(block.storeId)).toBe("register-1");
    expect(await known(block.description)).toBeUndefined();
    expect(await known(block.tags)).toBeUndefined();
  });

  it("gives the address of an index, and refuses an index that it does not have at once", async () => {
    const block = new MacAddressBlock("nics", { count: 2 });
    expect(await known(block.address(1))).toBe(addresses[1]);
    for (const index of [2, -1, 0.5]) expect(() => block.address(index)).toThrow(RangeError);
    expect(() => block.address(2)).toThrow("0 to 1");
  });

  it("refuses an index inside the output when the count is one", async () => {
    const block = new MacAddressBlock("nics", { count: pulumi.output(2) });
    expect(await known(block.address(1))).toBe(addresses[1]);
    expect(await faultsOf(() => void block.address(2).apply((address) => address))).toEqual([
      expect.stringContaining("block of 2"),
    ]);
  });

  it("is recognised by its type, not by its class", () => {
    expect(MacAddressBlock.isInstance({ __pulumiType: MacAddressBlock.__pulumiType })).toBe(true);
    for (const other of [undefined, null, 1, {}]) expect(MacAddressBlock.isInstance(other)).toBe(false);
  });
});

/** Whether an output is known is kept from its type. */
const isKnown = (output: unknown): unknown => Reflect.get(Object(output), "isKnown");

describe("in a preview a MacAddressBlock", () => {
  afterEach(finish);

  it("gives an address that is known while others are not", async () => {
    registered = await deploy({ preview: true, answer: () => ({ known: [addresses[0], ""] }) });
    const block = new MacAddressBlock("nics", { count: 2 });
    expect(await known(block.address(0))).toBe(addresses[0]);
    expect(await isKnown(block.address(1))).toBe(false);
    expect(await isKnown(block.addresses)).toBe(false);
  });

  it("may have a count that is not known", async () => {
    registered = await deploy({ preview: true, answer: () => ({}) });
    const count = new Unknown("later").value.apply(Number);
    const block = new MacAddressBlock("nics", { count });
    expect(pulumi.isUnknown((await inputsOf(block))["count"])).toBe(true);
    expect(await isKnown(block.address(7))).toBe(false);
  });
});
