import { describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { UNKNOWN } from "../../provider/resource/schema";
import { createRegister, systemContext } from "../../provider/store/open";
import { codeOf, useLab } from "./lab";
import { foretold, sequential } from "./pools";
import { checked, create, declared, grant, shown, up } from "./stack";

const lab = useLab();

describe("check of a resource that has an address shows that address", () => {
  it.each([
    ["nothing changes", {}],
    ["its owner is renamed", { owner: "acme/net/prod/renamed" }],
    ["its owner is not known yet", { owner: UNKNOWN }],
    ["the installation changes", { installation: "stack-2" }],
    ["the installation is not known yet", { installation: UNKNOWN }],
    ["owner and installation change at once", { owner: "acme/net/prod/renamed", installation: "stack-2" }],
    ["its description changes", { description: "NIC" }],
    ["its tags change", { tags: { rack: "7" } }],
    ["its tags are not known yet", { tags: { rack: UNKNOWN } }],
    ["adopt is set", { adopt: true }],
  ])("when %s, in a derived and in a sequential pool", async (_, change) => {
    await lab.register(sequential);
    for (const pool of ["default", "sequential"]) {
      const provider = await lab.provider();
      const { inputs, id } = await create(provider, declared({ pool }));
      expect(await shown(provider, inputs, declared({ pool, ...change }))).toBe(id);
      expect(await shown(await lab.provider(), inputs, declared({ pool, ...change }))).toBe(id);
    }
  });

  it("when it is renamed to what another NIC was called that is gone", async () => {
    await lab.register();
    const provider = await lab.provider();
    const gone = await create(provider, declared({ owner: "gone" }));
    await provider.delete(gone.id, gone.outputs);
    const nic = await create(provider, declared());
    const renamed = await up(provider, nic, declared({ owner: "gone" }));
    expect(renamed).toMatchObject({ op: "update", id: nic.id, inputs: { address: nic.id } });
    expect(await shown(provider, renamed.inputs, declared({ owner: "gone" }))).toBe(nic.id);
  });

  it("when two of them swap their names", async () => {
    await lab.register();
    const provider = await lab.provider();
    const [a, b] = [declared({ owner: "a" }), declared({ owner: "b" })];
    const [one, other] = [await create(provider, a), await create(provider, b)];
    const swapped = [await up(provider, one, b), await up(provider, other, a)];
    expect(swapped.map(({ op, inputs }) => [op, inputs["address"]])).toEqual([
      ["update", one.id],
      ["update", other.id],
    ]);
    const again = await lab.provider();
    expect(await shown(again, swapped[0]?.inputs ?? {}, b)).toBe(one.id);
    expect(await shown(again, swapped[1]?.inputs ?? {}, a)).toBe(other.id);
  });
});

describe("check of a resource against a register where its address cannot be", () => {
  it("leaves it to diff to say that it is the wrong register", async () => {
    await lab.register();
    const { id, inputs, outputs } = await create(await lab.provider(), declared());
    const store = lab.beside("elsewhere.db");
    await createRegister(store, systemContext(console.warn), "02");
    const elsewhere = await lab.provider({ "macpool:store": store });
    const kept = await checked(elsewhere, inputs, declared());
    expect(kept).toMatchObject({ address: id });
    expect(await codeOf(elsewhere.diff(id, outputs, kept))).toBe("REGISTER_MISMATCH");
    expect(await codeOf(elsewhere.create(declared({ owner: "another" })))).toBe("REGISTER_MISMATCH");
  });
});

describe("check of a resource whose pool the register does not have", () => {
  it("leaves it to diff to say that it is the wrong register", async () => {
    await lab.register(sequential);
    await (await lab.open()).close();
    const news = declared({ pool: "sequential" });
    const { id, inputs, outputs } = await create(await lab.provider(), news);
    const elsewhere = await lab.provider({ "macpool:store": lab.beside("elsewhere.db") });
    await create(elsewhere, declared());
    const again = await lab.provider({ "macpool:store": lab.beside("elsewhere.db") });
    const kept = await checked(again, { ...inputs, address: id }, news);
    expect(kept).toMatchObject({ address: id });
    expect(await codeOf(again.diff(id, outputs, kept))).toBe("REGISTER_MISMATCH");
  });
});

describe("check of a resource that has an address still shows it", () => {
  it("when the register has lost its lease, because the update will assert it again", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const { inputs, outputs, id } = await create(provider, declared());
    await register.release([{ address: parseMac(id), token: String(outputs["token"]) }]);
    await create(await lab.provider(), declared({ keepers: { image: "1" } }));
    expect(await shown(provider, inputs, declared({ owner: "renamed" }))).toBe(id);
  });

  it("when its requested address is given no longer", async () => {
    await lab.register();
    const provider = await lab.provider();
    const { inputs } = await create(provider, declared({ requestedAddress: "42:ab:00:00:00:01" }));
    expect(await shown(provider, inputs, declared())).toBe("42:ab:00:00:00:01");
  });

  it("when its own address is requested now", async () => {
    await lab.register();
    const provider = await lab.provider();
    const { inputs, id } = await create(provider, declared());
    expect(await shown(provider, inputs, declared({ requestedAddress: id, owner: "renamed" }))).toBe(id);
  });
});

describe("check after a crash", () => {
  it("between a rename in the register and in the state shows the held address, requested or not", async () => {
    await lab.register();
    for (const requestedAddress of [undefined, "42:ab:00:00:00:01"]) {
      const provider = await lab.provider();
      const old = await create(provider, declared({ requestedAddress }));
      const news = declared({ requestedAddress, owner: `renamed-${requestedAddress}` });
      await up(provider, old, news);
      const retried = await up(await lab.provider(), old, news);
      expect(retried).toMatchObject({ op: "update", id: old.id, inputs: { address: old.id } });
    }
  });

  it("between a rename in the register and in the state lets the program go back, or on to a third name", async () => {
    await lab.register();
    for (const then of ["first", "third"]) {
      const old = await create(await lab.provider(), declared({ owner: `first-${then}` }));
      await up(await lab.provider(), old, declared({ owner: `second-${then}` }));
      const again = await up(await lab.provider(), old, declared({ owner: `${then}-${then}` }));
      expect(again).toMatchObject({ id: old.id, inputs: { address: old.id } });
    }
  });

  it("between a grant and the state shows what was granted", async () => {
    await lab.register();
    const { id } = await create(await lab.provider(), declared());
    expect(await shown(await lab.provider(), {}, declared())).toBe(id);
  });
});

describe("check of a resource that is about to be replaced", () => {
  it("does not show the old address in the first pass of a rotation, and both passes show the same", async () => {
    await lab.register();
    const provider = await lab.provider();
    const { inputs, id } = await create(provider, declared());
    const news = declared({ keepers: { image: "2" } });
    const first = await shown(provider, inputs, news);
    expect(first).not.toBe(id);
    const second = await checked(provider, {}, news);
    expect(second["address"]).toBe(first);
    expect((await grant(provider, second)).id).toBe(first);
  });

  it("shows an address of the new pool", async () => {
    await lab.register(foretold);
    const provider = await lab.provider();
    const { inputs } = await create(provider, declared());
    expect(await shown(provider, inputs, declared({ pool: "foretold" }))).toMatch(/^52:54:00:/);
  });

  it("shows the address of the earlier rotation when the keepers are changed back", async () => {
    await lab.register();
    const provider = await lab.provider();
    const first = await create(provider, declared());
    const second = await up(provider, first, declared({ keepers: { image: "2" } }));
    const third = await up(provider, second, declared());
    expect([second.op, third.op]).toEqual(["replace", "replace"]);
    expect(third.inputs["address"]).toBe(first.id);
    expect(third.id).toBe(first.id);
  });

  it("shows the address it keeps when nothing but the engine asks for the replacement", async () => {
    await lab.register();
    const provider = await lab.provider();
    const { id } = await create(provider, declared());
    const inputs = await checked(provider, {}, declared());
    expect(inputs["address"]).toBe(id);
    expect((await grant(provider, inputs)).id).toBe(id);
  });

  it.each(["pool", "keepers", "requestedAddress"])("shows nothing while its new %s is not known", async (key) => {
    await lab.register();
    const provider = await lab.provider();
    const { inputs } = await create(provider, declared());
    expect(await checked(provider, inputs, declared({ [key]: UNKNOWN }))).not.toHaveProperty("address");
  });

  it("shows the address that is requested now though its owner is not known", async () => {
    await lab.register();
    const provider = await lab.provider();
    const { inputs } = await create(provider, declared());
    const requestedAddress = "42:ab:00:00:00:01";
    expect(await shown(provider, inputs, declared({ owner: UNKNOWN, requestedAddress }))).toBe(requestedAddress);
  });
});

describe("check with old inputs of any shape", () => {
  it.each<[string, Record<string, unknown>]>([
    ["an address that is none", { address: "garbage" }],
    ["an address that is no text", { address: 7 }],
    ["an owner that is no text", { owner: { a: 1 } }],
    ["no owner", { owner: undefined, installation: undefined }],
    ["another package's inputs", { bytes: [1, 2, 3] }],
    ["a value that is not known", { address: UNKNOWN }],
  ])("such as %s answers as for a new resource, or with the address that is held", async (_, garbage) => {
    await lab.register();
    const provider = await lab.provider();
    const { inputs, id } = await create(provider, declared());
    expect(await shown(provider, { ...inputs, ...garbage }, declared())).toBe(id);
    const olds = { ...inputs, ...garbage };
    const copy = structuredClone(olds);
    await checked(provider, olds, declared());
    expect(olds).toEqual(copy);
  });

  it("does not change the new ones either", async () => {
    await lab.register();
    const news = Object.freeze(declared({ tags: Object.freeze({ rack: "7" }), requestedAddress: "42-AB-00-00-00-01" }));
    const copy = structuredClone(news);
    await checked(await lab.provider(), Object.freeze({}), news);
    expect(news).toEqual(copy);
  });
});
