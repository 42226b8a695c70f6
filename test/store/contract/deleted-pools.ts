import { describe, expect, it } from "vitest";
import type { PoolSpec } from "../../../provider/lease/pool";
import { formatMac, parseMac } from "../../../provider/mac/mac";
import { parseRange } from "../../../provider/mac/range";
import { BIG, HOUR, type Open, type Register, rejection, request, start, TINY } from "../support";

/** `deletePool`, and pools of a name that was deleted. */
export function deletedPoolsContract(open: Open): void {
  describe("deleting a pool", () => deletes(open));
  describe.each([BIG, TINY, { ...TINY, strategy: "derived" as const }])(
    "a $strategy pool that was deleted and created again ($name)",
    (spec) => returns(open, spec),
  );
  describe("the addresses of a deleted pool", () => passesOn(open));
}

function deletes(open: Open): void {
  it("takes it out of every listing, grants nothing from it, and is in the history", async () => {
    const register = await start(open);
    expect(await register.store.deletePool("tiny")).toBe(true);
    expect((await register.store.pools()).map(({ name }) => name)).toEqual(["big"]);
    for (const error of [
      await register.refusal({ pool: "tiny" }),
      await rejection(register.store.stats("tiny")),
      await rejection(register.store.updatePool("tiny", { description: "x" })),
      await rejection(register.store.predict(request({ pool: "tiny" }))),
    ]) {
      expect(error.code).toBe("POOL_NOT_FOUND");
      expect(error.message).toContain("has: big.");
    }
    expect((await register.events()).at(-1)).toMatchObject({ kind: "delete-pool", pool: "tiny", address: undefined });
  });

  it("returns false when there is none, also for the second time, and writes nothing", async () => {
    const register = await start(open);
    await register.store.deletePool("tiny");
    const before = await register.seq();
    for (const name of ["tiny", "nowhere"]) expect(await register.store.deletePool(name)).toBe(false);
    expect(await register.seq()).toBe(before);
  });

  it("is refused while it has live leases, and says how many and names one", async () => {
    const register = await start(open);
    for (const last of [3, 1]) {
      const requestedAddress = parseMac(`42:10:00:00:00:0${last}`);
      await register.grant({ pool: "tiny", owner: `o-${last}`, requestedAddress });
    }
    await register.release((await register.grant({ pool: "tiny", owner: "gone" })).lease);
    const before = [await register.seq(), await register.store.pools()];
    const refusal = await rejection(register.store.deletePool("tiny"));
    expect(refusal.code).toBe("POOL_CONFLICT");
    expect(refusal.details).toEqual({ pool: "tiny", live: 2, address: "42:10:00:00:00:01", holder: "o-1" });
    for (const text of ['"tiny"', "2 live", "42:10:00:00:00:01", '"o-1"']) expect(refusal.message).toContain(text);
    expect([await register.seq(), await register.store.pools()]).toEqual(before);
  });

  it("leaves its released leases and their history where they were", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    const released = await register.release(lease);
    await register.store.deletePool("tiny");
    expect(await register.store.find(lease.address)).toEqual(released);
    expect(await register.leases({ pool: "tiny" })).toEqual([released]);
    expect(await register.leases({ owner: lease.owner })).toEqual([released]);
    expect((await register.events({ address: lease.address })).map(({ kind }) => kind)).toHaveLength(2);
    expect((await register.store.verify()).faults).toEqual([]);
  });
}

async function deletedWith(open: Open, spec: PoolSpec, owners: readonly string[]) {
  const register = await start(open, { pools: [spec] });
  const leases = [];
  for (const owner of owners) leases.push((await register.grant({ pool: spec.name, owner })).lease);
  await register.store.release(leases);
  await register.store.deletePool(spec.name);
  return { register, leases };
}

function returns(open: Open, spec: PoolSpec): void {
  const { name: pool } = spec;

  it("gives every owner the address it had, whatever the order in which they ask", async () => {
    const { register, leases } = await deletedWith(open, spec, ["a", "b", "c"]);
    await register.store.createPool(spec);
    for (const { owner, address } of leases.toReversed()) {
      expect(await register.grant({ pool, owner })).toMatchObject({ rule: "reclaim", lease: { address } });
    }
    expect(await register.store.stats(pool)).toMatchObject({ live: 3, quarantined: 0 });
  });

  it("gives them to nobody else before quarantine is over, and may then", async () => {
    const { register, leases } = await deletedWith(open, spec, ["a"]);
    const [{ address } = { address: 0 }] = leases;
    register.clock.advance(HOUR / 2);
    await register.store.createPool(spec);
    const claim = { pool, owner: "thief", requestedAddress: address };
    expect((await register.refusal(claim)).code).toBe("ADDRESS_QUARANTINED");
    expect((await register.grant({ pool, owner: "other" })).lease.address).not.toBe(address);
    expect(await register.store.stats(pool)).toMatchObject({ quarantined: 1, live: 1 });
    register.clock.advance(HOUR / 2);
    expect(await register.grant(claim)).toMatchObject({ rule: "claim" });
  });

  it("keeps an address that lies outside by then for nobody, and hands out the others", async () => {
    const { register, leases } = await deletedWith(open, spec, ["a", "b"]);
    const [{ address } = { address: 0 }] = leases;
    const ranges = spec.ranges.flatMap(({ start: first, end }) =>
      [
        { start: first, end: address - 1 },
        { start: address + 1, end },
      ].filter((range) => range.start <= range.end),
    );
    await register.store.createPool({ ...spec, ranges });
    const again = await register.grant({ pool, owner: "a" });
    expect(again.lease.address).not.toBe(address);
    expect(await register.grant({ pool, owner: "b" })).toMatchObject({ rule: "reclaim" });
    expect(await register.store.find(address)).toMatchObject({ owner: "a", pool });
  });

  it("has the manager, strategy and quarantine of its new definition", async () => {
    const { register } = await deletedWith(open, spec, ["a"]);
    const by = { owner: "code", installation: "i" };
    const changed = { ...spec, strategy: "sequential" as const, quarantineSeconds: 60, description: "again" };
    await register.store.createPool(changed, by);
    expect(await register.store.pools()).toMatchObject([{ ...changed, managedBy: by }]);
  });
}

async function passedOn(open: Open): Promise<Register> {
  const { register } = await deletedWith(open, TINY, ["a"]);
  await register.store.createPool({ ...TINY, name: "heir" });
  return register;
}

function passesOn(open: Open): void {
  it("may go to another pool at once, which respects their quarantine", async () => {
    const register = await passedOn(open);
    expect(await register.address({ pool: "heir", owner: "b" })).toBe("42:10:00:00:00:01");
    register.clock.advance(HOUR);
    const all = ["c", "d", "e", "f"].map((owner) => register.address({ pool: "heir", owner }));
    expect((await Promise.all(all)).toSorted().at(0)).toBe("42:10:00:00:00:00");
  });

  it("go back to their owners under the other pool's name, where they are released leases of its own by then", async () => {
    const register = await passedOn(open);
    expect(await register.grant({ pool: "heir", owner: "a" })).toMatchObject({ rule: "reclaim" });
  });

  it("are no longer for the deleted pool's name while the other pool has them", async () => {
    const register = await passedOn(open);
    expect((await rejection(register.store.createPool(TINY))).code).toBe("POOL_CONFLICT");
    await register.store.createPool({ ...TINY, ranges: [parseRange("42:11:00:00:00:00-42:11:00:00:00:04")] });
    expect(formatMac((await register.grant({ pool: "tiny", owner: "a" })).lease.address)).toBe("42:11:00:00:00:00");
  });
}
