import { existsSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { rotationText } from "../../provider/resource/rotation";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, faultOf, type Provider, useLab } from "./lab";
import { declaredBlock } from "./managed";
import { foretold, sequential } from "./pools";
import { checked, create, declared, grant, sent } from "./stack";

const lab = useLab();
let register: LeaseStore;
let provider: Provider;

beforeEach(async () => {
  register = await lab.register(foretold, sequential);
  provider = await lab.provider();
});

async function live(): Promise<string[]> {
  const owners: string[] = [];
  for await (const lease of register.list({ state: "live" })) owners.push(lease.owner);
  return owners;
}

const full = {
  pool: "foretold",
  requestedAddress: "52-54-00-00-00-01",
  adopt: false,
  keepers: { image: "1" },
  rotation: rotationText({ image: "1" }),
  description: "NIC",
  tags: { rack: "7" },
};

describe("create", () => {
  it("grants one address, whose text is the id", async () => {
    const { id, outputs } = await create(provider, declared());
    expect(id).toMatch(/^42(:[0-9a-f]{2}){5}$/);
    expect(outputs["address"]).toBe(id);
    expect(await live()).toEqual(["acme/net/prod/nic"]);
  });

  it("returns the inputs, and what is needed to find the lease again, and nothing else", async () => {
    const { id, outputs } = await create(provider, declared(full));
    const { storeId, seq } = await register.identity();
    const { token, ...rest } = outputs;
    expect(rest).toEqual({ ...declared(full), requestedAddress: id, address: id, storeId, seq, schemaVersion: 1 });
    expect(token).toMatch(/^[\w-]{22}$/);
  });

  it("returns only what JSON can carry", async () => {
    for (const more of [{}, full]) {
      const { outs } = await provider.create(declared(more));
      expect(outs).toStrictEqual(JSON.parse(JSON.stringify(outs)));
    }
  });

  it("says nothing when all is well", async () => {
    await create(provider, declared());
    expect(lab.printed).toEqual([]);
  });

  it("keeps description and tags in the register, to the letter", async () => {
    const labels = { description: 'a "NIC"\0\n🖧', tags: { "": "", a: "x".repeat(2 ** 20), constructor: "b" } };
    await create(provider, declared(labels));
    for await (const lease of register.list()) expect(lease).toMatchObject(labels);
  });

  it("gives different owners different addresses, also at once", async () => {
    const bags = Array.from({ length: 50 }, (_, index) => declared({ owner: `nic-${index}` }));
    const saved = await Promise.all(bags.map((bag) => create(provider, bag)));
    expect(new Set(saved.map(({ id }) => id)).size).toBe(50);
  });

  it("gives the address that was shown, or another one if somebody else got it meanwhile", async () => {
    const { inputs } = await provider.check({}, declared({ pool: "foretold" }));
    const other = await create(
      await lab.provider(),
      declared({ owner: "b", requestedAddress: inputs["address"], pool: "foretold" }),
    );
    const { id, outputs } = await grant(provider, inputs);
    expect(id).not.toBe(other.id);
    expect(outputs["address"]).toBe(id);
  });
});

describe("create after a create whose answer was lost", () => {
  it.each<[string, Bag]>([
    ["a derived address", {}],
    ["a requested address", { requestedAddress: "42:ab:00:00:00:01" }],
    ["the next address of a sequence", { pool: "sequential" }],
  ])("gives %s again, with a new token and still one lease", async (_, more) => {
    const first = await create(provider, declared(more));
    const second = await create(await lab.provider(), declared(more));
    expect(second.id).toBe(first.id);
    expect(second.outputs["token"]).not.toBe(first.outputs["token"]);
    expect(await live()).toEqual(["acme/net/prod/nic"]);
  });

  it("does the same when both are under way at once", async () => {
    const [one, other] = await Promise.all([create(provider, declared()), create(provider, declared())]);
    expect(one.id).toBe(other.id);
    expect(await live()).toHaveLength(1);
  });
});

describe("create refuses", () => {
  it.each<[string, Bag, string]>([
    ["a pool that is not there", { pool: "lab" }, "POOL_NOT_FOUND"],
    ["an address outside the pool", { requestedAddress: "52:54:00:00:00:01" }, "ADDRESS_OUTSIDE_POOL"],
    ["a reserved address", { requestedAddress: "42:01:00:00:00:01" }, "ADDRESS_RESERVED"],
    ["an address of somebody else", { requestedAddress: "42:ab:00:00:00:01" }, "ADDRESS_TAKEN"],
    ["inputs that check would refuse", { owner: "" }, "INVALID_CONFIG"],
    ["inputs without an owner", { owner: undefined }, "INVALID_CONFIG"],
    ["inputs that are not known", { tags: { rack: UNKNOWN } }, "INTERNAL"],
    ["an owner that is not known", { owner: UNKNOWN }, "INTERNAL"],
  ])("%s, and writes nothing", async (_, more, code) => {
    await create(provider, declared({ owner: "other", requestedAddress: "42:ab:00:00:00:01" }));
    const before = await register.identity();
    expect(await codeOf(provider.create(declared(more)))).toBe(code);
    expect(await register.identity()).toEqual(before);
  });

  it("an address that was free when it was checked, and names the holder", async () => {
    const requestedAddress = "42:ab:00:00:00:01";
    const { inputs } = await provider.check({}, declared({ requestedAddress }));
    await create(await lab.provider(), declared({ owner: "acme/net/prod/faster", requestedAddress }));
    const fault = await faultOf(provider.create(inputs));
    expect(fault.code).toBe("ADDRESS_TAKEN");
    expect(fault.message).toContain('"acme/net/prod/faster"');
  });

  it("in an error that the host does not take for a half-made resource", async () => {
    const fault = await faultOf(provider.create(declared({ pool: "lab" })));
    for (const key of ["id", "properties", "reasons"]) expect(fault).not.toHaveProperty(key);
  });
});

describe("create of a resource that was shown what another one keeps", () => {
  it("waits for the other one to come, and then grants nothing", async () => {
    const a = await create(provider, declared());
    const run = await lab.provider();
    const granted = codeOf(grant(run, await checked(run, {}, declared())));
    expect((await run.check(a.inputs, sent(declared({ owner: "renamed" })))).failures).toHaveLength(1);
    expect(await granted).toBe("INVALID_OWNER");
    expect(await register.find(parseMac(a.id))).toMatchObject({ token: a.outputs["token"] });
  });

  it("of a block alike", async () => {
    const a = await create(provider.block, declaredBlock());
    const run = await lab.provider();
    const inputs = await checked(run.block, {}, declaredBlock());
    const granted = codeOf(grant(run.block, inputs));
    expect((await run.block.check(a.inputs, sent(declaredBlock({ owner: "renamed" })))).failures).toHaveLength(1);
    expect(await granted).toBe("INVALID_OWNER");
    const [token] = a.outputs["tokens"] as string[];
    expect(await register.find(parseMac(a.id))).toMatchObject({ token });
  });

  it.each(["NIC", "block"])("waits for a %s that is refused because it has the same owner", async (kind) => {
    const start = async () => (kind === "NIC" ? lab.provider() : (await lab.provider()).block);
    const news = kind === "NIC" ? declared() : declaredBlock();
    const renamed = await create(await start(), news);
    const run = await start();
    const granted = codeOf(grant(run, await checked(run, {}, sent(news))));
    const { failures } = await run.check(renamed.inputs, { ...news, defaultOwner: "p/renamed" });
    expect(failures).toMatchObject([{ property: "owner" }]);
    expect(await granted).toBe("INVALID_OWNER");
    const [token = renamed.outputs["token"]] = (renamed.outputs["tokens"] ?? []) as string[];
    expect(await register.find(parseMac(renamed.id))).toMatchObject({ token });
  });
});

describe("create where there is no register", () => {
  it("makes none beside the log of one that was moved away, and says so", async () => {
    const elsewhere = lab.beside("elsewhere.db");
    writeFileSync(`${elsewhere}-wal`, "the newest changes");
    const fault = await faultOf(create(await lab.provider({ "macpool:store": elsewhere }), declared()));
    expect(fault.code).toBe("REGISTER_EXISTS");
    expect(fault.message).toContain(`${elsewhere}-wal`);
    expect(existsSync(elsewhere)).toBe(false);
  });
});

describe("create of an owner that is also live in another installation", () => {
  it("leaves that lease alone, and warns", async () => {
    const other = await create(provider, declared({ installation: "stack-2" }));
    const { id } = await create(provider, declared());
    expect(id).not.toBe(other.id);
    expect(lab.printed.join()).toContain(other.id);
    expect((await provider.read(other.id, other.outputs)).id).toBe(other.id);
  });

  it("takes it over when told to adopt, after which the old token is worth nothing", async () => {
    const other = await create(provider, declared({ installation: "stack-2" }));
    const { id, outputs } = await create(provider, declared({ adopt: true }));
    expect(id).toBe(other.id);
    await provider.delete(other.id, other.outputs);
    expect((await provider.read(id, outputs)).id).toBe(id);
  });
});
