import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MacAddress, MacAddressBlock, Provider } from "../../sdk";
import { deploy, faultsOf, finish, known, Vm } from "./harness";

const both = /"second".*"mine".*"first"/;

describe("two resources with one owner", () => {
  beforeEach(async () => {
    await deploy();
  });
  afterEach(finish);

  it("are refused at once when both owners are texts, naming both resources", () => {
    new MacAddress("first", { owner: "mine" });
    expect(() => new MacAddress("second", { owner: "mine" })).toThrow(both);
  });

  it("are refused as a fault of the program, without a stack trace", () => {
    new MacAddress("first", { owner: "mine" });
    try {
      new MacAddress("second", { owner: "mine" });
      expect.unreachable();
    } catch (error) {
      expect(pulumi.RunError.isInstance(error)).toBe(true);
    }
  });

  it("are refused when the second owner is an output", async () => {
    const faults = await faultsOf(() => {
      new MacAddress("first", { owner: "mine" });
      new MacAddress("second", { owner: pulumi.output("mine") });
    });
    expect(faults).toEqual([expect.stringMatching(both)]);
  });

  it("are refused when both owners are outputs", async () => {
    const faults = await faultsOf(() => {
      new MacAddress("first", { owner: pulumi.output("mine") });
      new MacAddress("second", { owner: Promise.resolve("mine") });
    });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/"mine"/);
  });

  it("are refused when one owner is what the other gets by default", async () => {
    const first = new MacAddress("first");
    await known(first.urn);
    expect(() => new MacAddress("second", { owner: "acme/network/prod/first" })).toThrow(/"second".*"first"/);
  });

  it("are refused when the default comes second", async () => {
    const faults = await faultsOf(() => {
      new MacAddress("first", { owner: "acme/network/prod/lab:vm:Vm/second" });
      new MacAddress("second", {}, { parent: new Vm("web") });
    });
    expect(faults).toEqual([expect.stringMatching(/"second".*"first"/)]);
  });

  it("are refused when two copies of the package made them", async () => {
    new MacAddress("first", { owner: "mine" });
    vi.resetModules();
    const copy = await import("../../sdk/index.js");
    expect(() => new copy.MacAddress("second", { owner: "mine" })).toThrow(both);
  });

  it("are refused under one inherited provider", () => {
    const parent = new Vm("web", { providers: [new Provider("lab")] });
    new MacAddress("first", { owner: "mine" }, { parent });
    expect(() => new MacAddress("second", { owner: "mine" }, { parent })).toThrow(both);
  });
});

describe("the guard does not stand in the way of", () => {
  beforeEach(async () => {
    await deploy();
  });
  afterEach(finish);

  it("one owner in two registers", async () => {
    const faults = await faultsOf(() => {
      new MacAddress("first", { owner: "mine" });
      new MacAddress("second", { owner: "mine" }, { provider: new Provider("lab") });
    });
    expect(faults).toEqual([]);
  });

  it("the next deployment of the same process", async () => {
    new MacAddress("first", { owner: "mine" });
    await finish();
    await deploy();
    expect(() => new MacAddress("first", { owner: "mine" })).not.toThrow();
  });

  it("reading an address that the program also declares", async () => {
    const faults = await faultsOf(() => {
      new MacAddress("first", { owner: "mine" });
      MacAddress.get("second", "42:00:00:00:00:01");
      MacAddress.get("third", "42:00:00:00:00:01");
    });
    expect(faults).toEqual([]);
  });

  it("equal names, which the engine reports itself", async () => {
    const faults = await faultsOf(() => {
      new MacAddress("same");
      new MacAddress("same");
    });
    expect(faults).toEqual([]);
  });
});

describe("a MacAddress and a block that would share an address", () => {
  const named = /"nic".*"block"/;
  beforeEach(async () => {
    await deploy();
  });
  afterEach(finish);

  it.each(["x[0]", "x[3]", "x[1023]"])("are refused when the block comes first: %s", (owner) => {
    new MacAddressBlock("block", { count: 2, owner: "x" });
    expect(() => new MacAddress("nic", { owner })).toThrow(named);
  });

  it("are refused when the MacAddress comes first", () => {
    new MacAddress("nic", { owner: "x[0]" });
    expect(() => new MacAddressBlock("block", { count: 2, owner: "x" })).toThrow(named);
  });

  it("are refused when both owners come from their names", async () => {
    const faults = await faultsOf(() => {
      new MacAddressBlock("block", { count: 2 });
      new MacAddress("block[0]");
    });
    expect(faults).toEqual([expect.stringMatching(/"block\[0\]".*"block"/)]);
  });

  it("are refused when they are two blocks of one owner", () => {
    new MacAddressBlock("nic", { count: 2, owner: "x" });
    expect(() => new MacAddressBlock("block", { count: 2, owner: "x" })).toThrow(/"block".*"nic"/);
  });

  it("are let through when no index leads from one owner to the other", async () => {
    const faults = await faultsOf(() => {
      new MacAddressBlock("block", { count: 2, owner: "x" });
      for (const owner of ["x", "x[]", "x[a]", "x[00]", "x[0][0]", "y[0]", "x[0"]) new MacAddress(owner, { owner });
      new MacAddress("nic", { owner: "x[0]" }, { provider: new Provider("lab") });
    });
    expect(faults).toEqual([]);
  });
});
