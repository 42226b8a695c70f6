import { describe, expect, it } from "vitest";
import { type Bag, parseInputs, parseNews, parseState, UNKNOWN } from "../../provider/resource/schema";
import { codeOf as codeOfThrow, faultOf } from "../mac/support";
import { declared } from "./stack";

const megabyte = "x".repeat(2 ** 20);

/** Returns the properties that are refused, each with its reason. */
function refusals(more: Bag): Readonly<Record<string, string>> {
  const { failures } = parseNews(declared(more));
  return Object.fromEntries(failures.map(({ property, reason }) => [property, reason]));
}

describe("what is not known yet", () => {
  it.each([
    ["a text", UNKNOWN],
    ["a member", { role: "web", rack: UNKNOWN }],
    ["a member of a member", { role: { rack: UNKNOWN } }],
    ["an element of a list", ["web", [UNKNOWN]]],
    ["something inside a list inside a member", { racks: [{ a: [UNKNOWN] }] }],
  ])("is passed over as %s, with the value as it came", (_, value) => {
    for (const key of ["owner", "installation", "rotation", "pool", "requestedAddress", "adopt", "keepers", "tags"]) {
      const { inputs, unknowns, failures } = parseNews(declared({ [key]: value }));
      expect(failures).toEqual([]);
      expect(unknowns).toEqual({ [key]: value });
      expect(inputs).not.toHaveProperty(key);
    }
  });

  it("does not keep the other inputs from being looked at", () => {
    expect(Object.keys(refusals({ owner: UNKNOWN, tags: { a: UNKNOWN }, description: 1, adopt: "yes" }))).toEqual([
      "adopt",
      "description",
    ]);
  });

  it("is only the value that stands for it: a text that holds it is a text", () => {
    expect(parseNews(declared({ description: `not ${UNKNOWN}` })).unknowns).toEqual({});
  });
});

describe("inputs", () => {
  it("are returned as given, with the requested address in its canonical spelling", () => {
    const given = { pool: "lab", adopt: true, keepers: { image: "1" }, description: "NIC", tags: { rack: "7" } };
    const { inputs, failures } = parseNews(declared({ ...given, requestedAddress: "4259.EF80.958D" }));
    expect(failures).toEqual([]);
    const { __provider, ...sent } = declared(given);
    expect(inputs).toEqual({ ...sent, requestedAddress: "42:59:ef:80:95:8d" });
  });

  it("that nobody knows are left aside", () => {
    expect(parseNews(declared({ colour: "red", token: "forged" })).inputs).not.toHaveProperty("token");
  });

  it("that are null or undefined count as not given", () => {
    const { inputs, failures } = parseNews({ ...declared(), pool: null, tags: undefined, requestedAddress: null });
    expect(failures).toEqual([]);
    expect(Object.keys(inputs).sort()).toEqual(["installation", "owner", "rotation"]);
  });

  it.each(["owner", "installation", "rotation"])("without %s come from something else than our class", (key) => {
    expect(refusals({ [key]: undefined })[key]).toContain("pulumi-macpool");
  });

  it("keep texts of a megabyte and NUL characters where free text is free", () => {
    const { inputs, failures } = parseNews(declared({ tags: { note: megabyte }, description: "a\0b" }));
    expect(failures).toEqual([]);
    expect(inputs.tags).toEqual({ note: megabyte });
    expect(inputs.description).toBe("a\0b");
  });

  it("with members named like parts of JavaScript's objects change nothing but themselves", () => {
    const tags = JSON.parse('{ "__proto__": { "polluted": "yes" }, "constructor": "a", "toString": "b" }');
    const bag = JSON.parse('{ "__proto__": { "pool": "forged" } }');
    const { inputs, failures } = parseNews({ ...declared({ tags }), ...bag });
    expect(failures).toEqual([]);
    expect(Object.entries(inputs.tags ?? {})).toEqual([
      ["constructor", "a"],
      ["toString", "b"],
    ]);
    expect(inputs.pool).toBeUndefined();
    expect(Object.getPrototypeOf(inputs.tags)).toBe(Object.prototype);
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("a refused input is named as the user wrote it", () => {
  it.each<[string, Bag, string, RegExp]>([
    ["a pool that is no text", { pool: 7 }, "pool", /string/],
    ["an empty pool", { pool: "" }, "pool", /not empty/],
    ["an adopt that is no boolean", { adopt: "true" }, "adopt", /true or false/],
    ["keepers that are no map", { keepers: "image" }, "keepers", /object of strings/],
    ["tags in one text", { tags: "rack=a3" }, "tags", /object of strings/],
    ["keepers in a list", { keepers: ["image"] }, "keepers", /object of strings/],
    ["a keeper that is a number", { keepers: { image: "1", build: 2 } }, "keepers", /^build: .*string/],
    ["a keeper that is null", { keepers: { image: null } }, "keepers", /^image: .*string/],
    ["a tag that is a boolean", { tags: { spare: true } }, "tags", /^spare: .*string/],
    ["a tag that is a map", { tags: { rack: { row: "1" } } }, "tags", /^rack: .*string/],
    ["a description that is a list", { description: ["NIC"] }, "description", /string/],
    ["a description of a megabyte", { description: megabyte }, "description", /4096/],
    ["a description with half a character", { description: "a\ud800" }, "description", /Unicode/],
    ["an owner that is no text", { owner: 7 }, "owner", /string/],
    ["an empty owner", { owner: "" }, "owner", /empty/],
    ["an owner of a megabyte", { owner: megabyte }, "owner", /1048576 characters/],
    ["an owner with a NUL", { owner: "a\0b" }, "owner", /control character/],
    ["an owner with half a character", { owner: "a\ud800" }, "owner", /Unicode/],
    ["an installation that is no text", { installation: 7 }, "installation", /string/],
    ["a rotation that is no text", { rotation: {} }, "rotation", /string/],
    ["an address that is no text", { requestedAddress: 0x42 }, "address", /string/],
    ["a malformed address", { requestedAddress: "42:59" }, "address", /"42:59" is not a MAC address/],
    ["an address of a megabyte", { requestedAddress: megabyte }, "address", /not a MAC address/],
    ["an address with a NUL", { requestedAddress: "42:59:ef:80:95:8\0" }, "address", /not a MAC address/],
    ["a group address", { requestedAddress: "01:00:5e:00:00:01" }, "address", /cannot be given/],
    ["a local group address", { requestedAddress: "43:00:00:00:00:01" }, "address", /group/],
    ["the all-zero address", { requestedAddress: "00:00:00:00:00:00" }, "address", /none/],
    ["the broadcast address", { requestedAddress: "ff:ff:ff:ff:ff:ff" }, "address", /broadcast/],
    ["a router's virtual address", { requestedAddress: "00:00:5e:00:01:07" }, "address", /VRRP/],
    ["a cluster's address", { requestedAddress: "02:bf:00:00:00:01" }, "address", /Network Load Balancing/],
  ])("%s", (_, more, property, reason) => {
    const refused = refusals(more);
    expect(Object.keys(refused)).toEqual([property]);
    expect(refused[property]).toMatch(reason);
    expect(refused[property]?.length).toBeLessThan(400);
  });

  it("and every other one with it", () => {
    const refused = refusals({ pool: 1, requestedAddress: "x", tags: { a: 1, b: 2 }, owner: undefined });
    expect(Object.keys(refused).sort()).toEqual(["address", "owner", "pool", "tags"]);
  });
});

describe("an address that a NIC may have", () => {
  it.each(["52:54:00:00:00:01", "00:16:3e:00:00:01", "fe:00:00:00:00:01", "4a:00:00:00:00:01"])(
    "such as %s is left to the pool",
    (requestedAddress) => expect(refusals({ requestedAddress })).toEqual({}),
  );
});

describe("old inputs", () => {
  it("of any shape are no fault of the new ones: what cannot be read is not there", () => {
    for (const bag of [{ owner: 7 }, { tags: "x" }, { requestedAddress: "x" }, { address: "x" }, { pool: [] }, {}]) {
      expect(parseInputs(bag).inputs).toEqual({});
      expect(parseInputs({ ...bag, installation: "stack-1" }).inputs).toEqual({ installation: "stack-1" });
    }
  });
});

describe("outputs", () => {
  const outputs: Bag = {
    address: "42-59-EF-80-95-8D",
    token: "t",
    storeId: "s",
    seq: 3,
    owner: "o",
    installation: "i",
    rotation: "",
    pool: "default",
  };

  it("are read with more in them than is known, as a later version may write", () => {
    expect(parseState({ ...outputs, schemaVersion: 9, colour: "red" })).toEqual({
      ...outputs,
      address: 0x4259ef80958d,
    });
  });

  it.each(Object.keys(outputs))("without a usable %s name it and say how to restore the state", (key) => {
    for (const value of [undefined, null, {}, []]) {
      const fault = faultOf(() => parseState({ ...outputs, [key]: value }));
      expect(fault.code).toBe("INTERNAL");
      expect(fault.message).toContain(`"${key}"`);
      expect(fault.message).toContain("pulumi stack import");
    }
  });

  it("with an address that is none, or a change number that is none, were edited", () => {
    for (const more of [{ address: "x" }, { seq: "3" }, { seq: Number.NaN }]) {
      expect(codeOfThrow(() => parseState({ ...outputs, ...more }))).toBe("INTERNAL");
    }
  });
});
