import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MacAddress, MacAddressBlock, MacPool, MacReservation } from "../../sdk";
import { deploy, finish, type Registered } from "./harness";

let registered: Registered[];

beforeEach(async () => {
  registered = await deploy();
});
afterEach(finish);

const options = { import: "42:00:00:00:00:01" };

describe("the option import, which Pulumi cannot carry out here, is refused with what does the same", () => {
  it.each<[string, () => unknown, string]>([
    ["MacAddress", () => new MacAddress("x", {}, options), "`address` and `adopt: true`"],
    ["MacAddressBlock", () => new MacAddressBlock("x", { count: 1 }, options), "`owner` and `adopt: true`"],
    ["MacPool", () => new MacPool("x", { ranges: ["42:0a"] }, options), "`adopt: true`"],
    ["MacReservation", () => new MacReservation("x", { range: "42:0a" }, options), "`adopt: true`"],
  ])("of a %s", async (resource, make, instead) => {
    expect(make).toThrow(`${resource} "x" cannot have the option "import"`);
    expect(make).toThrow(`give ${instead} instead`);
    await finish();
    expect(registered.filter(({ name }) => name === "x")).toEqual([]);
  });

  it("but not where it is empty, which Pulumi takes for none", async () => {
    new MacAddress("x", {}, { import: "" });
    await finish();
    expect(registered.filter(({ name }) => name === "x")).toHaveLength(1);
  });
});
