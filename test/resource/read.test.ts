import { beforeEach, describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { rotationText } from "../../provider/resource/rotation";
import type { LeaseStore } from "../../provider/store/store";
import { LOADER } from "../../sdk/loader";
import { codeOf, type Provider, useLab } from "./lab";
import { hasty } from "./pools";
import { create, declared, type Saved, up } from "./stack";

const lab = useLab();
const keepers = { image: "1" };
const given = { keepers, rotation: rotationText(keepers), description: "NIC", tags: { rack: "7" }, adopt: false };
let register: LeaseStore;
let provider: Provider;
let nic: Saved;

beforeEach(async () => {
  register = await lab.register(hasty);
  provider = await lab.provider();
  nic = await create(provider, declared(given));
});

const gone = { id: "", props: {} };

describe("read of a resource", () => {
  it("returns state and inputs as they are, with nothing to change after it", async () => {
    const { id, props, inputs } = await provider.read(nic.id, nic.outputs);
    expect(id).toBe(nic.id);
    expect({ ...props, __provider: LOADER }).toEqual(nic.outputs);
    expect({ ...inputs, __provider: LOADER }).toEqual(nic.inputs);
    for (const bag of [props, inputs]) expect(bag).toStrictEqual(JSON.parse(JSON.stringify(bag)));
  });

  it("returns a requested address among the inputs", async () => {
    const saved = await create(provider, declared({ owner: "b", requestedAddress: "42:ab:00:00:00:01" }));
    const { inputs } = await provider.read(saved.id, saved.outputs);
    expect({ ...inputs, __provider: LOADER }).toEqual(saved.inputs);
  });

  it("shows what was changed behind the stack's back, which the next update changes back", async () => {
    const ref = { address: parseMac(nic.id), token: String(nic.outputs["token"]) };
    await register.update({ ...ref, owner: "x", installation: "stack-1", description: "", tags: { rack: "8" } });
    const { props, inputs } = await provider.read(nic.id, nic.outputs);
    expect(inputs).toMatchObject({ owner: "x", tags: { rack: "8" } });
    expect(inputs).not.toHaveProperty("description");
    expect(props["seq"]).toBeGreaterThan(Number(nic.outputs["seq"]));
    const refreshed = { id: nic.id, inputs: inputs ?? {}, outputs: { ...props, __provider: LOADER } };
    const healed = await up(provider, refreshed, declared(given));
    expect(healed).toMatchObject({ op: "update", outputs: { owner: "acme/net/prod/nic", description: "NIC" } });
  });

  it("writes nothing", async () => {
    const before = await register.identity();
    await provider.read(nic.id, nic.outputs);
    await provider.read(nic.id, {});
    expect(await register.identity()).toEqual(before);
  });
});

describe("read of a lease that is not there says that the resource is gone", () => {
  it("when it was released", async () => {
    await provider.delete(nic.id, nic.outputs);
    expect(await provider.read(nic.id, nic.outputs)).toEqual(gone);
  });

  it("when its token was superseded", async () => {
    await create(provider, declared(given));
    expect(await provider.read(nic.id, nic.outputs)).toEqual(gone);
  });

  it("when somebody else has the address", async () => {
    const old = await create(provider, declared({ pool: "hasty" }));
    await provider.delete(old.id, old.outputs);
    await create(provider, declared({ owner: "b", pool: "hasty", requestedAddress: old.id }));
    expect(await provider.read(old.id, old.outputs)).toEqual(gone);
  });

  it("but not when the register's history does not know it: then it is an older copy", async () => {
    const stranger = { ...nic.outputs, address: "42:ab:00:00:00:01" };
    expect(await codeOf(provider.read(nic.id, stranger))).toBe("REGISTER_ROLLED_BACK");
  });
});

describe("read by the address alone, as MacAddress.get does", () => {
  it.each<[string, (id: string) => string]>([
    ["as the id", (id) => id],
    ["in capitals", (id) => id.toUpperCase()],
    ["with hyphens", (id) => id.replaceAll(":", "-")],
    ["with dots", (id) => id.replaceAll(":", "").replace(/....(?!$)/g, "$&.")],
    ["without any separator", (id) => id.replaceAll(":", "")],
  ])("finds the lease, spelled %s, without the token that could change it", async (_, spell) => {
    const { storeId } = await register.identity();
    const { adopt: _adopt, keepers: _keepers, __provider, ...rest } = declared(given);
    expect(await provider.read(spell(nic.id), { __provider })).toEqual({
      id: nic.id,
      props: { ...rest, pool: "default", address: nic.id, storeId },
    });
  });

  it("finds the lease again in a refresh", async () => {
    const { id, props } = await provider.read(nic.id, {});
    expect(await provider.read(id, props)).toEqual({ id, props });
  });

  it("fails for an address that nobody has, because the engine would pass an empty answer on", async () => {
    expect(await codeOf(provider.read("42:ab:00:00:00:01", {}))).toBe("LEASE_NOT_FOUND");
    await provider.delete(nic.id, nic.outputs);
    expect(await codeOf(provider.read(nic.id, {}))).toBe("LEASE_NOT_FOUND");
  });

  it("says in a refresh that nobody has the address any more", async () => {
    const { props } = await provider.read(nic.id, {});
    await provider.delete(nic.id, nic.outputs);
    expect(await provider.read(nic.id, props)).toEqual(gone);
  });

  it("refuses what is no address", async () => {
    expect(await codeOf(provider.read("web-1-nic", {}))).toBe("INVALID_MAC");
  });
});

describe("read throws, so that a refresh does not empty the stack,", () => {
  const lookups: readonly [string, () => Record<string, unknown>][] = [
    ["a resource", () => nic.outputs],
    ["a lookup", () => ({ address: nic.id, storeId: nic.outputs["storeId"] })],
  ];

  it.each(lookups)("when the register of %s is another one", async (_, outputs) => {
    const other = lab.beside("other.db");
    const elsewhere = await lab.provider({ "macpool:store": other });
    await create(elsewhere, declared());
    expect(await codeOf(elsewhere.read(nic.id, outputs()))).toBe("REGISTER_MISMATCH");
  });

  it.each(lookups)("when the register of %s is missing", async (_, outputs) => {
    const elsewhere = await lab.provider({ "macpool:store": lab.beside("other.db") });
    expect(await codeOf(elsewhere.read(nic.id, outputs()))).toBe("REGISTER_MISSING");
  });

  it.each(lookups)("when the register of %s has another id than the configured one", async (_, outputs) => {
    const elsewhere = await lab.provider({ "macpool:storeId": "another" });
    expect(await codeOf(elsewhere.read(nic.id, outputs()))).toBe("REGISTER_MISMATCH");
  });

  it("when the register is older than the state", async () => {
    const outputs = { ...nic.outputs, seq: 1000 };
    expect(await codeOf(provider.read(nic.id, outputs))).toBe("REGISTER_ROLLED_BACK");
  });

  it("when the state cannot be read", async () => {
    expect(await codeOf(provider.read(nic.id, { ...nic.outputs, seq: "many" }))).toBe("INTERNAL");
  });
});
