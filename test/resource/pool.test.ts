import { describe, expect, it } from "vitest";
import type { Pool } from "../../provider/lease/pool";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, type Provider, useLab } from "./lab";
import { declaredPool } from "./managed";
import { checked, create, declared, shown, up } from "./stack";

const lab = useLab();

async function failures(provider: Provider, news: Bag, olds: Bag = {}): Promise<Record<string, string>> {
  const { failures: found = [] } = await provider.pool.check(olds, declaredPool(news));
  return Object.fromEntries(found.map(({ property, reason }) => [property, reason]));
}

async function poolOf(register: LeaseStore, name = "lab"): Promise<Pool | undefined> {
  return (await register.pools()).find((pool) => pool.name === name);
}

describe("what check says of a pool", () => {
  it("is its ranges in canonical form and its size, and nothing is written", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const before = await register.identity();
    const ranges = ["52-54-01", "52:54:00:00:00:00..52:54:00:ff:ff:ff"];
    const inputs = await checked(provider.pool, {}, declaredPool({ ranges }));
    expect(inputs).toEqual({
      ...declaredPool(),
      ranges: ["52:54:00:00:00:00-52:54:01:ff:ff:ff"],
      size: 2 ** 25,
    });
    expect(await register.identity()).toEqual(before);
  });

  it.each<[string, Bag, string]>([
    ["a bad range", { ranges: ["52:54:0"] }, "ranges"],
    ["no range", { ranges: [] }, "ranges"],
    ["a range instead of a list", { ranges: "52:54:00" }, "ranges"],
    ["a number in the list", { ranges: [52] }, "ranges"],
    ["ranges that overlap each other", { ranges: ["52:54:00", "52:54"] }, "ranges"],
    ["ranges that overlap another pool", { ranges: ["42:00"] }, "ranges"],
    ["multicast ranges", { ranges: ["01:00:5e"] }, "ranges"],
    ["a foreign OUI", { ranges: ["00:16:3e"] }, "ranges"],
    ["a name that is none", { name: "lab/pool" }, "poolName"],
    ["__proto__ as a name", { name: "__proto__" }, "poolName"],
    ["the name of a pool that there is", { name: "default", ranges: ["52:54:00"] }, "poolName"],
    ["a strategy that there is not", { strategy: "random" }, "strategy"],
    ["a negative quarantine", { quarantineSeconds: -1 }, "quarantineSeconds"],
    ["a fraction of a second", { quarantineSeconds: 0.5 }, "quarantineSeconds"],
    ["a quarantine in words", { quarantineSeconds: "1 day" }, "quarantineSeconds"],
    ["a text for a truth", { universal: "yes", adopt: 1 }, "universal"],
    ["a description that is none", { description: {} }, "description"],
  ])("is a failure of the right property for %s", async (_, news, property) => {
    await lab.register();
    expect(Object.keys(await failures(await lab.provider(), news))).toContain(property);
  });

  it("takes universal ranges when told that they are owned", async () => {
    await lab.register();
    expect(await failures(await lab.provider(), { ranges: ["00:16:3e"], universal: true })).toEqual({});
  });

  it("is a failure when a lease would lie outside, and nothing when none would", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const old = await create(provider.pool, declaredPool({ ranges: ["52:54:00", "52:54:01"], strategy: "sequential" }));
    await create(provider, declared({ pool: "lab" }));
    expect(await failures(provider, { ranges: ["52:54:01"] }, old.inputs)).toEqual({
      ranges: expect.stringContaining("cannot shrink"),
    });
    expect(await failures(provider, { ranges: ["52:54:00"] }, old.inputs)).toEqual({});
    expect((await poolOf(register))?.size).toBe(2 ** 25);
  });

  it.each(["owner", "installation", "name", "ranges", "strategy", "universal", "description", "quarantineSeconds"])(
    "leaves %s open while it is not known",
    async (key) => {
      await lab.register();
      const value = key === "ranges" ? ["52:54:00", UNKNOWN] : UNKNOWN;
      const inputs = await checked((await lab.provider()).pool, {}, declaredPool({ [key]: value }));
      expect(inputs[key]).toEqual(value);
    },
  );

  it("is the same where the register cannot be used, as far as it is known", async () => {
    const provider = await lab.provider({ "macpool:store": lab.litter("no register") });
    expect((await checked(provider.pool, {}, declaredPool()))["size"]).toBe(2 ** 24);
  });
});

describe("an address of a pool that the same program declares", () => {
  it.each(["with a register", "without one"])("is foretold before the pool exists, %s", async (where) => {
    if (where === "with a register") await lab.register();
    const preview = await lab.provider();
    await checked(preview.pool, {}, declaredPool());
    const foretold = await shown(preview, {}, declared({ pool: "lab", installation: UNKNOWN }));
    expect(foretold).toMatch(/^52:54:00:/);
    const update = await lab.provider();
    await create(update.pool, declaredPool());
    expect((await create(update, declared({ pool: "lab" }))).id).toBe(foretold);
  });

  it("is the one that its owner released in the pool before that was deleted", async () => {
    await lab.register();
    const provider = await lab.provider();
    const pool = await create(provider.pool, declaredPool());
    const nic = await create(provider, declared({ pool: "lab", requestedAddress: "52:54:00:00:00:07" }));
    await provider.delete(nic.id, nic.outputs);
    await provider.pool.delete(pool.id, pool.outputs);
    const preview = await lab.provider();
    await checked(preview.pool, {}, declaredPool());
    expect(await shown(preview, {}, declared({ pool: "lab" }))).toBe(nic.id);
  });

  it("is left open while the pool's ranges are not known", async () => {
    await lab.register();
    const provider = await lab.provider();
    await checked(provider.pool, {}, declaredPool({ ranges: [UNKNOWN] }));
    expect(await shown(provider, {}, declared({ pool: "lab" }))).toBeUndefined();
    expect(await shown(provider, {}, declared())).toMatch(/^42:/);
  });

  it("is foretold by the ranges that the pool will have", async () => {
    await lab.register();
    const provider = await lab.provider();
    const old = await create(provider.pool, declaredPool());
    const preview = await lab.provider();
    await checked(preview.pool, old.inputs, declaredPool({ ranges: ["52:54:02"] }));
    expect(await shown(preview, {}, declared({ pool: "lab" }))).toMatch(/^52:54:02:/);
  });

  it("is refused in a pool that nobody declares", async () => {
    await lab.register();
    const { failures: found } = await (await lab.provider()).check({}, declared({ pool: "lab" }));
    expect(found).toMatchObject([{ property: "pool" }]);
  });
});

describe("a pool", () => {
  it("lives its whole life", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const saved = await create(provider.pool, declaredPool({ description: "lab" }));
    expect(saved.id).toBe("lab");
    const { storeId } = await register.identity();
    expect(saved.outputs).toMatchObject({ ...saved.inputs, size: 2 ** 24, storeId, schemaVersion: 1 });
    expect(await provider.pool.read(saved.id, saved.outputs)).toMatchObject({
      id: "lab",
      inputs: { description: "lab" },
    });
    expect((await up(provider.pool, saved, declaredPool({ description: "lab" }))).op).toBe("same");

    const news = { strategy: "sequential", quarantineSeconds: 60, ranges: ["52:54:00", "52:54:02"] };
    const changed = await up(provider.pool, saved, declaredPool(news));
    expect(changed.op).toBe("update");
    expect(await poolOf(register)).toMatchObject({ strategy: "sequential", quarantineSeconds: 60, description: "" });
    const back = await up(provider.pool, changed, declaredPool());
    expect(await poolOf(register)).toMatchObject({ strategy: "derived", quarantineSeconds: 86_400, size: 2 ** 24 });

    await provider.pool.delete(back.id, back.outputs);
    expect(await poolOf(register)).toBeUndefined();
    expect((await provider.pool.read(back.id, back.outputs)).id).toBe("");
    await provider.pool.delete(back.id, back.outputs);
  });

  it("is found again by a retry after a crash, and refused to any other declaration", async () => {
    await lab.register();
    const provider = await lab.provider();
    const first = await create(provider.pool, declaredPool());
    const again = await create(provider.pool, declaredPool());
    expect(again.outputs).toEqual({ ...first.outputs, token: again.outputs["token"] });
    expect(again.outputs["token"]).not.toBe(first.outputs["token"]);
    for (const other of [{ owner: "acme/net/prod/other" }, { installation: "stack-2" }]) {
      expect(await failures(provider, other)).toEqual({ poolName: expect.stringContaining("adopt") });
      expect(await codeOf(provider.pool.create(declaredPool(other)))).toBe("POOL_CONFLICT");
    }
  });

  it("is taken over with adopt, and then neither deleted nor changed by the one who had it", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const first = await create(provider.pool, declaredPool());
    const second = await create(provider.pool, declaredPool({ owner: "acme/net/prod/other", adopt: true }));
    await provider.pool.delete(first.id, first.outputs);
    expect((await poolOf(register))?.managedBy?.owner).toBe("acme/net/prod/other");
    expect((await provider.pool.read(first.id, first.outputs)).id).toBe("");
    const news = declaredPool({ description: "mine" });
    expect((await provider.pool.diff(first.id, first.outputs, first.inputs)).changes).toBe(true);
    expect(await codeOf(provider.pool.update(first.id, first.outputs, news))).toBe("POOL_CONFLICT");
    await provider.pool.delete(second.id, second.outputs);
    expect(await poolOf(register)).toBeUndefined();
  });

  it("keeps its register entry through a rename of its stack, also when that is repeated after a crash", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const saved = await create(provider.pool, declaredPool());
    const renamed = declaredPool({ owner: "acme/net/next/lab", installation: "stack-2" });
    expect((await up(provider.pool, saved, renamed)).op).toBe("update");
    const again = await up(provider.pool, saved, renamed);
    const { token } = saved.outputs;
    expect((await poolOf(register))?.managedBy).toEqual({ owner: "acme/net/next/lab", installation: "stack-2", token });
    await provider.pool.delete(again.id, again.outputs);
    expect(await poolOf(register)).toBeUndefined();
  });

  it("is replaced under another name, deleted first, and may keep its ranges", async () => {
    await lab.register();
    const provider = await lab.provider();
    const saved = await create(provider.pool, declaredPool());
    const inputs = await checked(provider.pool, saved.inputs, declaredPool({ name: "yard" }));
    const diff = await provider.pool.diff(saved.id, saved.outputs, inputs);
    expect(diff).toEqual({ changes: true, replaces: ["name"], deleteBeforeReplace: true });
    await checked(provider.pool, {}, declaredPool({ name: "yard" }));
    await provider.pool.delete(saved.id, saved.outputs);
    expect((await create(provider.pool, declaredPool({ name: "yard" }))).id).toBe("yard");
  });

  it("is not deleted while a lease lives, and says how many there are", async () => {
    await lab.register();
    const provider = await lab.provider();
    const saved = await create(provider.pool, declaredPool());
    const nic = await create(provider, declared({ pool: "lab" }));
    const refused = provider.pool.delete(saved.id, saved.outputs);
    await expect(refused).rejects.toMatchObject({ code: "POOL_CONFLICT", message: expect.stringContaining("1 live") });
    await provider.delete(nic.id, nic.outputs);
    await provider.pool.delete(saved.id, saved.outputs);
  });

  it("is created again by an update when somebody deleted it", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const saved = await create(provider.pool, declaredPool());
    await register.deletePool("lab");
    const again = await up(provider.pool, saved, declaredPool());
    expect(again).toMatchObject({ op: "update", outputs: { token: saved.outputs["token"] } });
    expect((await poolOf(register))?.managedBy?.owner).toBe("acme/net/prod/lab");
    expect((await up(provider.pool, again, declaredPool())).op).toBe("same");
    await provider.pool.delete(again.id, again.outputs);
    expect(await poolOf(register)).toBeUndefined();
  });

  it("is refused against another register, for every operation", async () => {
    await lab.register();
    const provider = await lab.provider();
    const { id, inputs, outputs } = await create(provider.pool, declaredPool());
    for (const act of ["read", "delete", "update", "diff"] as const) {
      const other = { ...outputs, storeId: "another" };
      const { pool } = await lab.provider();
      const work = act === "read" || act === "delete" ? pool[act](id, other) : pool[act](id, other, inputs);
      expect(await codeOf(work)).toBe("REGISTER_MISMATCH");
    }
  });
});
