import { existsSync, renameSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { LOADER } from "../../sdk/loader";
import { codeOf, type Provider, useLab } from "./lab";
import { foretold, hasty } from "./pools";
import { checked, create, declared, type Saved } from "./stack";

const lab = useLab();
const given = { keepers: { image: "1" }, description: "NIC", tags: { rack: "7" } };
let register: LeaseStore;
let provider: Provider;
let nic: Saved;

beforeEach(async () => {
  register = await lab.register(foretold, hasty);
  provider = await lab.provider();
  nic = await create(provider, declared(given));
});

/** Asks `diff` about new inputs as the engine does, after a check. */
async function diffTo(more: Bag, saved: Saved = nic) {
  return provider.diff(saved.id, saved.outputs, await checked(provider, saved.inputs, declared({ ...given, ...more })));
}

const nothing = { changes: false, replaces: [] };
const inPlace = { changes: true, replaces: [] };

describe("diff finds a replacement when", () => {
  it.each<[string, Bag, string]>([
    ["the pool changes", { pool: "foretold" }, "pool"],
    ["the pool is not known yet", { pool: UNKNOWN }, "pool"],
    ["the keepers change", { keepers: { image: "2" } }, "rotation"],
    ["the keepers go", { keepers: undefined }, "rotation"],
    ["a keeper is not known yet", { keepers: { image: UNKNOWN } }, "rotation"],
    ["another address is requested", { requestedAddress: "42:ab:00:00:00:01" }, "requestedAddress"],
    ["the requested address is not known yet", { requestedAddress: UNKNOWN }, "requestedAddress"],
  ])("%s", async (_, more, property) => {
    expect(await diffTo(more)).toEqual({ changes: true, replaces: [property] });
  });

  it("several do, and names all of them", async () => {
    const all = { pool: "foretold", keepers: { image: "2" }, requestedAddress: "52:54:00:00:00:01" };
    expect((await diffTo(all)).replaces).toEqual(["pool", "rotation", "requestedAddress"]);
  });
});

describe("diff finds an update in place when", () => {
  it.each<[string, Bag]>([
    ["the owner is renamed", { owner: "renamed" }],
    ["the owner is not known yet", { owner: UNKNOWN }],
    ["the installation changes", { installation: "stack-2" }],
    ["the installation is not known yet", { installation: UNKNOWN }],
    ["the description changes", { description: "the NIC" }],
    ["the description goes", { description: undefined }],
    ["a tag changes", { tags: { rack: "8" } }],
    ["a tag comes", { tags: { rack: "7", row: "1" } }],
    ["the tags go", { tags: undefined }],
    ["a tag is not known yet", { tags: { rack: UNKNOWN } }],
    ["adopt comes", { adopt: true }],
  ])("%s", async (_, more) => {
    expect(await diffTo(more)).toEqual(inPlace);
  });

  it("the address that is held is requested, in any spelling", async () => {
    expect(await diffTo({ requestedAddress: nic.id.toUpperCase().replaceAll(":", "-") })).toEqual(inPlace);
  });

  it("the requested address is given no longer", async () => {
    const saved = await create(provider, declared({ ...given, owner: "b", requestedAddress: "42:ab:00:00:00:01" }));
    expect(await diffTo({ owner: "b" }, saved)).toEqual(inPlace);
  });

  it("the loader is another text, which only an update carries into the outputs", async () => {
    const inputs = await checked(provider, nic.inputs, declared({ ...given, __provider: `${LOADER}//2` }));
    expect(await provider.diff(nic.id, nic.outputs, inputs)).toEqual(inPlace);
  });
});

describe("diff finds nothing when", () => {
  it.each<[string, Bag]>([
    ["nothing changes", {}],
    ["the configured pool is named", { pool: "default" }],
    ["an input is spelled as absent", { requestedAddress: null }],
  ])("%s", async (_, more) => {
    expect(await diffTo(more)).toEqual(nothing);
  });

  it("empty texts and maps take the place of absent ones, or the other way round", async () => {
    const bare = await create(provider, declared({ owner: "b" }));
    const empty = { owner: "b", keepers: {}, description: "", tags: {} };
    expect(await provider.diff(bare.id, bare.outputs, await checked(provider, bare.inputs, declared(empty)))).toEqual(
      nothing,
    );
    const spelled = await create(provider, declared({ ...empty, owner: "c" }));
    const inputs = await checked(provider, spelled.inputs, declared({ owner: "c" }));
    expect(await provider.diff(spelled.id, spelled.outputs, inputs)).toEqual(nothing);
  });

  it("the members of a map come in another order", async () => {
    const tags = { rack: "7", row: "1" };
    const saved = await create(provider, declared({ ...given, owner: "b", tags }));
    expect(await diffTo({ owner: "b", tags: { row: "1", rack: "7" } }, saved)).toEqual(nothing);
  });

  it("only the address in the inputs is another: what was shown before is not what is held", async () => {
    for (const address of ["42:ab:00:00:00:01", UNKNOWN, undefined, null, "garbage"]) {
      expect(await provider.diff(nic.id, nic.outputs, { ...nic.inputs, address })).toEqual(nothing);
      expect(await provider.diff("another id", nic.outputs, { ...nic.inputs, address })).toEqual(nothing);
    }
  });

  it("a refresh asks the other way round: what was read, against the old inputs", async () => {
    const { props } = await provider.read(nic.id, nic.outputs);
    expect(await provider.diff(nic.id, { ...props, __provider: LOADER }, nic.inputs)).toEqual(nothing);
  });
});

describe("diff finds an update in place when the lease", () => {
  it("was released behind the stack's back", async () => {
    await register.release([{ address: parseMac(nic.id), token: String(nic.outputs["token"]) }]);
    expect(await diffTo({})).toEqual(inPlace);
  });

  it("was granted again since, so that the token is another", async () => {
    await create(provider, declared(given));
    expect(await diffTo({})).toEqual(inPlace);
  });
});

describe("diff refuses", () => {
  it("a lease that is somebody else's by now, and can only be had elsewhere", async () => {
    const saved = await create(provider, declared({ owner: "b", pool: "hasty" }));
    await provider.delete(saved.id, saved.outputs);
    await create(provider, declared({ owner: "c", pool: "hasty", requestedAddress: saved.id }));
    expect(await codeOf(provider.diff(saved.id, saved.outputs, saved.inputs))).toBe("ADDRESS_TAKEN");
    const elsewhere = { ...saved.inputs, rotation: "1" };
    expect(await provider.diff(saved.id, saved.outputs, elsewhere)).toMatchObject({ replaces: ["rotation"] });
  });
});

describe("diff and a register that is not the one", () => {
  it("refuses an older copy that was written to since, by an address that its history does not know", async () => {
    const outputs = { ...nic.outputs, address: "42:ab:00:00:00:01" };
    expect(await codeOf(provider.diff(nic.id, outputs, nic.inputs))).toBe("REGISTER_ROLLED_BACK");
  });

  it("refuses a register with another id than the state's", async () => {
    const outputs = { ...nic.outputs, storeId: "another" };
    expect(await codeOf(provider.diff(nic.id, outputs, nic.inputs))).toBe("REGISTER_MISMATCH");
  });

  it("refuses a register that is older than the state", async () => {
    const outputs = { ...nic.outputs, seq: Number(nic.outputs["seq"]) + 1 };
    expect(await codeOf(provider.diff(nic.id, outputs, nic.inputs))).toBe("REGISTER_ROLLED_BACK");
  });

  it("refuses a register with another id than the configured one", async () => {
    provider = await lab.provider({ "macpool:storeId": "another" });
    expect(await codeOf(provider.diff(nic.id, nic.outputs, nic.inputs))).toBe("REGISTER_MISMATCH");
  });

  it("answers by the inputs alone when there is none, says so, and makes none", async () => {
    for (const [change, result] of [
      [{}, nothing],
      [{ owner: "renamed" }, inPlace],
    ] as const) {
      provider = await lab.provider({ "macpool:store": lab.beside("elsewhere.db") });
      expect(await diffTo(change)).toEqual(result);
      expect(await diffTo(change)).toEqual(result);
    }
    expect(lab.printed).toHaveLength(2);
    for (const word of ["what this stack has is not compared", "elsewhere.db", "There is no register"]) {
      expect(lab.printed[1]).toContain(word);
    }
    expect(existsSync(lab.beside("elsewhere.db"))).toBe(false);
  });

  it.each(["", "no database at all ".repeat(100)])(
    "answers by the inputs alone when it cannot be used",
    async (text) => {
      provider = await lab.provider({ "macpool:store": lab.litter(text) });
      expect(await diffTo({})).toEqual(nothing);
      expect(await diffTo({ pool: "foretold" })).toEqual({ changes: true, replaces: ["pool"] });
    },
  );

  it("answers by the inputs alone when it is moved away before it was ever opened", async () => {
    await register.close();
    renameSync(lab.path, lab.beside("moved.db"));
    provider = await lab.provider();
    expect(await diffTo({})).toEqual(nothing);
  });
});

describe("diff of a state that this package did not write", () => {
  it("says which property is not usable", async () => {
    const { token: _, ...outputs } = nic.outputs;
    expect(await codeOf(provider.diff(nic.id, outputs, nic.inputs))).toBe("INTERNAL");
    expect(await codeOf(provider.diff(nic.id, {}, nic.inputs))).toBe("INTERNAL");
  });
});
