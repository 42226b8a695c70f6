import { describe, expect, it } from "vitest";
import type { AcquireRequest } from "../../../provider/lease/lease";
import { formatMac, type Mac, parseMac } from "../../../provider/mac/mac";
import { parsePrefix } from "../../../provider/mac/range";
import { HOUR, type Open, type Register, start } from "../support";

const WANTED = "42:20:00:00:00:07";
const wanted = parseMac(WANTED);

/** A requested address: the one that will do. */
export function claimsContract(open: Open): void {
  describe("a requested address", () => {
    grantsFree(open);
    refusesUnsuitable(open);
  });
  describe("a requested address that somebody holds", () => refusesTaken(open));
  describe("a requested address of the same owner", () => takesOwn(open));
  describe("a requested address in quarantine", () => respectsQuarantine(open));
  describe("a second live lease of one declaration", () => replaces(open));
}

function grantsFree(open: Open): void {
  it.each([{ owner: "acme/web" }, { owner: "" }])("is granted when it is free, to %j", async (change) => {
    const register = await start(open);
    const { rule, lease } = await register.grant({ ...change, requestedAddress: wanted });
    expect(rule).toBe("claim");
    expect(formatMac(lease.address)).toBe(WANTED);
    expect(await register.leases()).toEqual([lease]);
  });

  it("is granted whatever strategy the pool has, and the sequence does not jump there", async () => {
    const register = await start(open);
    await register.grant({ pool: "tiny", owner: "a", requestedAddress: parseMac("42:10:00:00:00:03") });
    expect(await register.address({ pool: "tiny", owner: "b" })).toBe("42:10:00:00:00:00");
  });
}

function refusesUnsuitable(open: Open): void {
  it("is refused when it is reserved, with the range and the reason", async () => {
    const register = await start(open, { reservations: [{ ...parsePrefix("42:20:00:00"), reason: "printers" }] });
    const refusal = await register.refusal({ requestedAddress: wanted });
    expect(refusal.code).toBe("ADDRESS_RESERVED");
    expect(refusal.message).toContain(WANTED);
    expect(refusal.message).toContain("42:20:00:00:00:00-42:20:00:00:ff:ff (printers");
  });

  it("is refused when it belongs to another pool, which is named", async () => {
    const register = await start(open);
    const refusal = await register.refusal({ requestedAddress: parseMac("42:10:00:00:00:01") });
    expect(refusal.code).toBe("ADDRESS_OUTSIDE_POOL");
    expect(refusal.message).toContain('pool "big"');
    expect(refusal.message).toContain('belongs to pool "tiny"');
  });

  it("is refused when it belongs to no pool, and the pool's ranges are named", async () => {
    const register = await start(open);
    const refusal = await register.refusal({ pool: "tiny", requestedAddress: parseMac("52:54:00:00:00:01") });
    expect(refusal.code).toBe("ADDRESS_OUTSIDE_POOL");
    expect(refusal.message).toContain("42:10:00:00:00:00-42:10:00:00:00:04");
    expect(refusal.message).toContain("No pool");
  });

  it.each(["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:5e:00:01:01", "02:bf:00:00:00:01"])(
    "is refused when no NIC can have it: %s",
    async (text) => {
      const register = await start(open);
      const refusal = await register.refusal({ requestedAddress: parseMac(text) });
      expect(refusal.code).toBe("INVALID_MAC");
      expect(refusal.message).toContain(text);
    },
  );

  it("is refused in a pool that does not exist, with the pools there are", async () => {
    const register = await start(open);
    const refusal = await register.refusal({ pool: "prod", requestedAddress: wanted });
    expect(refusal.code).toBe("POOL_NOT_FOUND");
    expect(refusal.message).toContain('"prod"');
    expect(refusal.message).toContain("big, tiny");
  });
}

function refusesTaken(open: Open): void {
  it("is refused with the holder, the installation and the day", async () => {
    const register = await start(open);
    await register.grant({ owner: "acme/db", installation: "i-77", requestedAddress: wanted });
    const refusal = await register.refusal({ requestedAddress: wanted });
    expect(refusal.code).toBe("ADDRESS_TAKEN");
    expect(refusal.details).toEqual({ address: WANTED, holder: "acme/db", installation: "i-77" });
    for (const text of [WANTED, '"acme/db"', "i-77", "2026-01-01"]) expect(refusal.message).toContain(text);
  });

  it.each([{ adopt: true }, { owner: "" }, { owner: "", adopt: true }])("is refused to %j as well", async (change) => {
    const register = await start(open);
    await register.grant({ owner: "", requestedAddress: wanted });
    const refusal = await register.refusal({ ...change, requestedAddress: wanted });
    expect(refusal.code).toBe("ADDRESS_TAKEN");
    expect(refusal.message).toContain("anonymous");
  });

  it("is refused for the same owner in another installation, and the message offers to adopt", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ installation: "lost", requestedAddress: wanted });
    const refusal = await register.refusal({ installation: "new", requestedAddress: wanted });
    expect(refusal.code).toBe("ADDRESS_TAKEN");
    expect(refusal.message).toContain("adopt");
    expect(await register.store.find(wanted)).toEqual(lease);
  });

  it("writes nothing when it is refused", async () => {
    const register = await start(open);
    await register.grant({ owner: "acme/db", requestedAddress: wanted });
    const before = [await register.seq(), await register.leases()];
    await register.refusal({ requestedAddress: wanted });
    expect([await register.seq(), await register.leases()]).toEqual(before);
  });
}

function takesOwn(open: Open): void {
  it("is taken over from another installation with adopt", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ installation: "lost", requestedAddress: wanted });
    const adopted = await register.grant({ installation: "new", requestedAddress: wanted, adopt: true });
    expect(adopted).toMatchObject({ rule: "adopt", lease: { address: wanted, installation: "new" } });
    expect(await register.release(lease)).toBeUndefined();
  });

  it("is kept under a new token when the declaration holds it already", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const again = await register.grant({ requestedAddress: lease.address });
    expect(again).toMatchObject({ rule: "keep", lease: { address: lease.address } });
    expect(again.lease.token).not.toBe(lease.token);
    expect(await register.leases()).toHaveLength(1);
  });

  it("is kept when the declaration holds it under other keepers, which are replaced", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ rotation: "r1" });
    const again = await register.grant({ rotation: "r2", requestedAddress: lease.address });
    expect(again).toMatchObject({ rule: "keep", lease: { address: lease.address, rotation: "r2" } });
    expect(await register.leases()).toEqual([again.lease]);
  });

  it("is given back at once when the owner released it, also under other keepers", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ rotation: "r1" });
    await register.release(lease);
    const again = await register.grant({ rotation: "r2", installation: "two", requestedAddress: lease.address });
    expect(again).toMatchObject({ rule: "reclaim", lease: { address: lease.address, rotation: "r2" } });
  });
}

async function quarantine(register: Register, owner: string): Promise<Mac> {
  const { lease } = await register.grant({ owner, requestedAddress: wanted });
  await register.release(lease);
  return lease.address;
}

function respectsQuarantine(open: Open): void {
  it.each<Partial<AcquireRequest>>([{}, { adopt: true }, { owner: "" }])(
    "is refused to %j with the former holder and the date",
    async (change) => {
      const register = await start(open);
      await quarantine(register, "acme/db");
      const refusal = await register.refusal({ ...change, requestedAddress: wanted });
      expect(refusal.code).toBe("ADDRESS_QUARANTINED");
      expect(refusal.details).toEqual({ address: WANTED, holder: "acme/db", until: "2026-01-01T13:00:00Z" });
      for (const text of [WANTED, '"acme/db"', "2026-01-01T13:00:00Z"]) expect(refusal.message).toContain(text);
    },
  );

  it("is refused until the last millisecond and granted then", async () => {
    const register = await start(open);
    await quarantine(register, "acme/db");
    register.clock.advance(HOUR - 1);
    expect((await register.refusal({ requestedAddress: wanted })).code).toBe("ADDRESS_QUARANTINED");
    register.clock.advance(1);
    expect(await register.grant({ requestedAddress: wanted })).toMatchObject({ rule: "claim" });
  });

  it("is refused to the next anonymous asker too: nobody in particular had it", async () => {
    const register = await start(open);
    await quarantine(register, "");
    const refusal = await register.refusal({ owner: "", requestedAddress: wanted });
    expect(refusal.code).toBe("ADDRESS_QUARANTINED");
    register.clock.advance(HOUR);
    expect(await register.grant({ owner: "", requestedAddress: wanted })).toMatchObject({ rule: "claim" });
  });
}

function replaces(open: Open): void {
  const other = parseMac("42:20:00:00:00:08");

  it("is possible through a requested address, as a replacement needs it", async () => {
    const register = await start(open);
    const { lease: old } = await register.grant({ requestedAddress: wanted });
    const { lease: next } = await register.grant({ requestedAddress: other });
    expect(old.slot).toBe(0);
    expect(next).toMatchObject({ address: other, slot: other });
    expect(await register.leases({ state: "live" })).toEqual([old, next]);
  });

  it("becomes the only one when the first is released, and is found again without being named", async () => {
    const register = await start(open);
    const { lease: old } = await register.grant({ requestedAddress: wanted });
    await register.grant({ requestedAddress: other });
    await register.release(old);
    const again = await register.grant();
    expect(again).toMatchObject({ rule: "keep", lease: { address: other, slot: 0 } });
  });

  it("does not decide for the declaration while the first lives", async () => {
    const register = await start(open);
    await register.grant({ requestedAddress: wanted });
    await register.grant({ requestedAddress: other });
    expect(await register.grant()).toMatchObject({ rule: "keep", lease: { address: wanted, slot: 0 } });
  });

  it("may be followed by a third, and each is released by its own token alone", async () => {
    const register = await start(open);
    const third = parseMac("42:20:00:00:00:09");
    for (const requestedAddress of [wanted, other, third]) await register.grant({ requestedAddress });
    const [first, second] = await register.leases();
    expect(await register.release({ address: third, token: second?.token ?? "" })).toBeUndefined();
    expect(await register.release(first ?? { address: 0, token: "" })).toMatchObject({ address: wanted });
    expect(await register.leases({ state: "live" })).toHaveLength(2);
  });
}
