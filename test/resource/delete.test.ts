import { beforeEach, describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, type Provider, useLab } from "./lab";
import { hasty } from "./pools";
import { create, declared, up } from "./stack";

const lab = useLab();
let register: LeaseStore;
let provider: Provider;

beforeEach(async () => {
  register = await lab.register(hasty);
  provider = await lab.provider();
});

const isLive = async (id: string) => (await register.find(parseMac(id)))?.releasedAt === undefined;

describe("delete", () => {
  it("ends the lease", async () => {
    const { id, outputs } = await create(provider, declared());
    await provider.delete(id, outputs);
    expect(await isLive(id)).toBe(false);
  });

  it("goes by the token: the id does not matter", async () => {
    const [one, other] = [await create(provider, declared()), await create(provider, declared({ owner: "b" }))];
    await provider.delete(other.id, one.outputs);
    expect([await isLive(one.id), await isLive(other.id)]).toEqual([false, true]);
  });

  it("twice is success, and the second time changes nothing", async () => {
    const { id, outputs } = await create(provider, declared());
    await provider.delete(id, outputs);
    const before = await register.identity();
    await provider.delete(id, outputs);
    expect(await register.identity()).toEqual(before);
  });

  it("with a token that was superseded is success, and changes nothing", async () => {
    const old = await create(provider, declared());
    const { id } = await create(provider, declared());
    await provider.delete(old.id, old.outputs);
    expect(await isLive(id)).toBe(true);
  });

  it("of an address that somebody else has by now is success, and changes nothing", async () => {
    const old = await create(provider, declared({ pool: "hasty" }));
    await provider.delete(old.id, old.outputs);
    const next = await create(provider, declared({ owner: "b", pool: "hasty", requestedAddress: old.id }));
    await provider.delete(old.id, old.outputs);
    expect(await isLive(next.id)).toBe(true);
  });

  it("of an address that the register's history does not know is refused: it is an older copy", async () => {
    const { id, outputs } = await create(provider, declared());
    const stranger = { ...outputs, address: "42:ab:00:00:00:01" };
    expect(await codeOf(provider.delete(id, stranger))).toBe("REGISTER_ROLLED_BACK");
  });

  it("of the old half of a replacement with the same id leaves the new half alone", async () => {
    const old = await create(provider, declared());
    const replacement = await create(provider, declared());
    expect(replacement.id).toBe(old.id);
    await provider.delete(old.id, old.outputs);
    expect((await provider.read(replacement.id, replacement.outputs)).id).toBe(old.id);
  });

  it("of a state that cannot be read says so instead of forgetting the lease", async () => {
    const { id, outputs } = await create(provider, declared());
    const { storeId: _, ...rest } = outputs;
    expect(await codeOf(provider.delete(id, rest))).toBe("INTERNAL");
    expect(await isLive(id)).toBe(true);
  });

  it("without a register says so instead of forgetting the lease", async () => {
    const { id, outputs } = await create(provider, declared());
    const elsewhere = await lab.provider({ "macpool:store": lab.beside("elsewhere.db") });
    expect(await codeOf(elsewhere.delete(id, outputs))).toBe("REGISTER_MISSING");
  });
});

describe("after delete", () => {
  it("the same declaration gets the same address, also from another installation", async () => {
    const old = await create(provider, declared());
    await provider.delete(old.id, old.outputs);
    expect((await create(await lab.provider(), declared({ installation: "stack-2" }))).id).toBe(old.id);
  });

  it("nobody else gets it during its quarantine", async () => {
    const old = await create(provider, declared());
    await provider.delete(old.id, old.outputs);
    const request = provider.create(declared({ owner: "b", requestedAddress: old.id }));
    expect(await codeOf(request)).toBe("ADDRESS_QUARANTINED");
  });

  it("of a rotation the old address is released and the new one is held", async () => {
    const old = await create(provider, declared());
    const next = await up(provider, old, declared({ keepers: { image: "2" } }));
    expect([await isLive(old.id), await isLive(next.id)]).toEqual([false, true]);
  });
});
