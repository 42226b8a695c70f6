import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_POOL } from "../../provider/lease/pool";
import { readSettings } from "../../provider/resource/settings";
import { codeOf as codeOfThrow } from "../mac/support";
import { codeOf, faultOf, type Provider, useLab } from "./lab";
import { create, declared, type Saved } from "./stack";

const lab = useLab();

const settings = (config: Readonly<Record<string, string>>) => readSettings({ get: (key) => config[key] });

describe("settings", () => {
  it("without any configuration are a register of this user, pool default, and any id", () => {
    vi.stubEnv("XDG_DATA_HOME", lab.beside("data"));
    const { store, pool, storeId } = settings({});
    expect(store).toMatch(/pulumi-macpool.*register\.db$/);
    expect(dirname(dirname(store))).toBe(process.platform === "linux" ? lab.beside("data") : expect.any(String));
    expect([pool, storeId]).toEqual([DEFAULT_POOL, undefined]);
  });

  it("are read under their namespace only", () => {
    const bare = { store: "a", pool: "b", storeId: "c", "project:pool": "d" };
    expect(settings({ ...bare, "macpool:store": "x", "macpool:pool": "y", "macpool:storeId": "z" })).toEqual({
      store: "x",
      pool: "y",
      storeId: "z",
    });
  });

  it("take the environment's register before the configured one, even before a bad one", () => {
    vi.stubEnv("MACPOOL_STORE", "from-environment.db");
    expect(settings({ "macpool:store": "configured.db" }).store).toBe("from-environment.db");
    expect(settings({ "macpool:store": "" }).store).toBe("from-environment.db");
    vi.stubEnv("MACPOOL_STORE", "");
    expect(settings({ "macpool:store": "configured.db" }).store).toBe("configured.db");
  });

  it.each(["store", "pool", "storeId"])("refuse an empty %s", (key) => {
    expect(codeOfThrow(() => settings({ [`macpool:${key}`]: "" }))).toBe("INVALID_CONFIG");
  });
});

describe("MACPOOL_STORE", () => {
  it("wins over the configured register in every call", async () => {
    vi.stubEnv("MACPOOL_STORE", lab.beside("mine.db"));
    const provider = await lab.provider();
    const { id, outputs } = await create(provider, declared());
    expect((await provider.read(id, outputs)).id).toBe(id);
    expect(existsSync(lab.beside("mine.db"))).toBe(true);
    expect(existsSync(lab.path)).toBe(false);
  });

  it("is not recorded", async () => {
    vi.stubEnv("MACPOOL_STORE", lab.beside("mine.db"));
    const { inputs, outputs } = await create(await lab.provider(), declared());
    expect(JSON.stringify([inputs, outputs])).not.toContain("mine.db");
  });
});

describe("a bad configuration", () => {
  let nic: Saved;
  const calls: readonly [string, (provider: Provider) => Promise<unknown>][] = [
    ["check", (provider) => provider.check({}, declared())],
    ["diff", (provider) => provider.diff(nic.id, nic.outputs, nic.inputs)],
    ["create", (provider) => provider.create(nic.inputs)],
    ["update", (provider) => provider.update(nic.id, nic.outputs, nic.inputs)],
    ["read", (provider) => provider.read(nic.id, nic.outputs)],
    ["delete", (provider) => provider.delete(nic.id, nic.outputs)],
  ];

  beforeEach(async () => {
    nic = await create(await lab.provider(), declared());
  });

  it.each(calls)("fails %s every time, not only the first", async (_, call) => {
    const provider = await lab.provider({ "macpool:storeId": "" });
    for (const attempt of [1, 2, 3]) {
      const fault = await faultOf(call(provider));
      expect([attempt, fault.code]).toEqual([attempt, "INVALID_CONFIG"]);
      expect(fault.message).toContain("macpool:storeId");
    }
  });

  it.each(calls.filter(([name]) => name !== "check" && name !== "diff"))(
    "of a register that nobody can open fails %s, and does not repeat its password",
    async (_, call) => {
      const provider = await lab.provider({ "macpool:store": "postgresql+x://admin:hunter2@db/macpool" });
      const fault = await faultOf(call(provider));
      expect(fault.code).toBe("INVALID_CONFIG");
      expect(`${fault.message}${JSON.stringify(fault.details)}`).not.toContain("hunter2");
    },
  );
});

describe("a register that is not there is made by create", () => {
  it("once, at the configured place, and says so", async () => {
    const provider = await lab.provider({ "macpool:store": lab.beside("new/register.db") });
    const owners = Array.from({ length: 10 }, (_, index) => declared({ owner: `nic-${index}` }));
    const saved = await Promise.all(owners.map((news) => create(provider, news)));
    expect(new Set(saved.map(({ outputs }) => outputs["storeId"])).size).toBe(1);
    expect(lab.printed).toEqual([expect.stringContaining(lab.beside("new/register.db"))]);
  });

  it("with the very addresses that the preview showed", async () => {
    const { inputs } = await (await lab.provider()).check({}, declared());
    const { id } = await create(await lab.provider(), declared());
    expect(id).toBe(inputs["address"]);
  });

  it.each<[string, string | undefined, Record<string, string>, RegExp]>([
    ["in CI", "true", {}, /in CI none is created.*macpool init/s],
    ["when it is configured by its id", undefined, { "macpool:storeId": "the-one" }, /the-one/],
    ["in CI when it is configured by its id", "1", { "macpool:storeId": "the-one" }, /the-one/],
  ])("but not %s", async (_, ci, config, words) => {
    vi.stubEnv("CI", ci);
    const provider = await lab.provider(config);
    for (const attempt of [1, 2]) {
      const fault = await faultOf(provider.create(declared()));
      expect([attempt, fault.code]).toEqual([attempt, "REGISTER_MISSING"]);
      expect(fault.message).toMatch(words);
      expect(fault.message).toContain(lab.path);
    }
    expect(readdirSync(dirname(lab.path))).toEqual([]);
  });

  it.each(["false", "0", ""])("though CI is set to %j, which means no", async (ci) => {
    vi.stubEnv("CI", ci);
    expect((await create(await lab.provider(), declared())).id).toMatch(/^42:/);
  });

  it("but by nothing else", async () => {
    const { id, inputs, outputs } = await create(await lab.provider(), declared());
    const elsewhere = join(dirname(lab.path), "elsewhere.db");
    for (const call of [
      (provider: Provider) => provider.check(inputs, inputs),
      (provider: Provider) => provider.diff(id, outputs, inputs),
      (provider: Provider) => provider.update(id, outputs, inputs),
      (provider: Provider) => provider.read(id, outputs),
      (provider: Provider) => provider.read(id, {}),
      (provider: Provider) => provider.delete(id, outputs),
    ]) {
      await Promise.allSettled([call(await lab.provider({ "macpool:store": elsewhere }))]);
      expect(existsSync(elsewhere)).toBe(false);
    }
  });

  it("in CI, when somebody made it before", async () => {
    await lab.register();
    vi.stubEnv("CI", "true");
    expect((await create(await lab.provider(), declared())).id).toMatch(/^42:/);
  });
});

describe("a register with another id than the configured one", () => {
  it("grants nothing, and both ids are named", async () => {
    const register = await lab.register();
    const before = await register.identity();
    const provider = await lab.provider({ "macpool:storeId": "the-one" });
    const fault = await faultOf(provider.create(declared()));
    expect(fault.code).toBe("REGISTER_MISMATCH");
    for (const word of ["the-one", before.storeId, lab.path]) expect(fault.message).toContain(word);
    expect(await codeOf(provider.create(declared()))).toBe("REGISTER_MISMATCH");
    expect(await register.identity()).toEqual(before);
  });

  it("is accepted when it has that id", async () => {
    const { storeId } = await (await lab.register()).identity();
    const provider = await lab.provider({ "macpool:storeId": storeId });
    expect((await create(provider, declared())).outputs["storeId"]).toBe(storeId);
  });
});
