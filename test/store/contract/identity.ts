import { describe, expect, it } from "vitest";
import { formatMac, type Mac } from "../../../provider/mac/mac";
import { HOUR, type Open, only, Register, start, TINY } from "../support";

/** Keeping, adopting and reclaiming: who gets which address again. */
export function identityContract(open: Open): void {
  describe("a declaration that has a live lease", () => keeps(open));
  describe("the token of an earlier grant", () => fences(open));
  describe("two installations with one owner", () => separates(open));
  describe("adopting", () => adopts(open));
  describe("a declaration that had an address before", () => reclaims(open));
  describe("a released address that cannot be had any more", () => letsGo(open));
  describe("changed keepers", () => rotates(open));
}

function keeps(open: Open): void {
  it("gets the same address under a new token, and there is still one lease", async () => {
    const register = await start(open);
    const first = await register.grant();
    const second = await register.grant();
    expect(second.rule).toBe("keep");
    expect(second.lease.address).toBe(first.lease.address);
    expect(second.lease.token).not.toBe(first.lease.token);
    expect(await register.leases()).toEqual([second.lease]);
  });

  it("keeps the time it got the address, and takes the new labels", async () => {
    const register = await start(open);
    const first = await register.grant({ description: "old", tags: { rack: "1" } });
    register.clock.advance(HOUR);
    const second = await register.grant({ description: "new", tags: { rack: "2" } });
    expect(second.lease).toMatchObject({
      acquiredAt: first.lease.acquiredAt,
      description: "new",
      tags: { rack: "2" },
    });
    expect(second.lease.seq).toBeGreaterThan(first.lease.seq);
  });

  it.each([
    ["owner", { owner: "acme/network/prod/db" }],
    ["installation", { installation: "two" }],
    ["pool", { pool: "tiny" }],
    ["keepers", { rotation: "r1" }],
  ])("is not one with another %s", async (_, change) => {
    const register = await start(open);
    const first = await register.grant();
    const other = await register.grant(change);
    expect(other.rule).not.toBe("keep");
    expect(other.lease.address).not.toBe(first.lease.address);
    expect(await register.store.find(first.lease.address)).toEqual(first.lease);
  });

  it("keeps an address that was reserved meanwhile", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.store.reserve({ ...only(lease.address), reason: "printer" });
    expect(await register.grant()).toMatchObject({ rule: "keep", lease: { address: lease.address } });
  });
}

function fences(open: Open): void {
  it("neither releases nor changes the lease once it was granted anew", async () => {
    const register = await start(open);
    const { lease: old } = await register.grant();
    const { lease: current } = await register.grant();
    const seq = await register.seq();
    expect(await register.release(old)).toBeUndefined();
    expect(await register.store.update({ ...old, owner: "thief" })).toBeUndefined();
    expect(await register.store.find(current.address)).toEqual(current);
    expect(await register.seq()).toBe(seq);
  });

  it("does not touch the lease of somebody who got the address later", async () => {
    const register = await start(open, { pools: [{ ...TINY, ranges: [TINY.ranges[0] ?? only(0)] }] });
    const { lease: old } = await register.grant({ pool: "tiny" });
    await register.release(old);
    register.clock.advance(HOUR);
    const other = await register.grant({ pool: "tiny", owner: "other", requestedAddress: old.address });
    expect(await register.release(old)).toBeUndefined();
    expect(await register.store.update({ ...old, owner: "thief" })).toBeUndefined();
    expect(await register.store.find(old.address)).toEqual(other.lease);
  });

  it("does nothing at another address", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const { lease: other } = await register.grant({ owner: "other" });
    expect(await register.release({ address: other.address, token: lease.token })).toBeUndefined();
    expect(await register.leases({ state: "live" })).toHaveLength(2);
  });
}

function separates(open: Open): void {
  it("never share an address, and the second is told of the first", async () => {
    const register = await start(open);
    const { lease, warning } = await register.grant({ installation: "one" });
    const second = await register.grant({ installation: "two" });
    expect(warning).toBeUndefined();
    expect(second.lease.address).not.toBe(lease.address);
    expect(second.warning).toContain(formatMac(lease.address));
    expect(second.warning).toContain("installation one");
    expect(await register.store.find(lease.address)).toEqual(lease);
  });

  it("each keep their own address and token from then on", async () => {
    const register = await start(open);
    const { lease: one } = await register.grant({ installation: "one" });
    const { lease: two } = await register.grant({ installation: "two" });
    expect(await register.address({ installation: "one" })).toBe(formatMac(one.address));
    expect(await register.release(two)).toMatchObject({ address: two.address });
    expect(await register.store.find(one.address)).toMatchObject({ releasedAt: undefined });
  });

  it("are not mentioned to each other after one of them let go, nor when their pools differ", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ installation: "one" });
    expect((await register.grant({ installation: "two", pool: "tiny" })).warning).toBeUndefined();
    await register.release(lease);
    expect((await register.grant({ installation: "three", rotation: "r1" })).warning).toBeUndefined();
  });

  it("do not exist for the anonymous owner", async () => {
    const register = await start(open);
    await register.grant({ owner: "", installation: "one" });
    expect((await register.grant({ owner: "", installation: "two" })).warning).toBeUndefined();
  });
}

function adopts(open: Open): void {
  it("takes over the lease of the other installation under a new token", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ installation: "lost" });
    const adopted = await register.grant({ installation: "new", adopt: true });
    expect(adopted).toMatchObject({ rule: "adopt", warning: undefined });
    expect(adopted.lease).toMatchObject({ address: lease.address, installation: "new" });
    expect(await register.release(lease)).toBeUndefined();
    expect(await register.leases()).toEqual([adopted.lease]);
  });

  it("also takes over a lease that was granted for other keepers", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ installation: "lost", rotation: "r1" });
    const adopted = await register.grant({ installation: "new", rotation: "r2", adopt: true });
    expect(adopted.lease).toMatchObject({ address: lease.address, rotation: "r2" });
  });

  it("prefers the installation's own lease", async () => {
    const register = await start(open);
    await register.grant({ installation: "lost" });
    const { lease } = await register.grant({ installation: "new" });
    expect(await register.grant({ installation: "new", adopt: true })).toMatchObject({
      rule: "keep",
      lease: { address: lease.address },
    });
  });

  it("gives a new address when there is nothing to take over", async () => {
    const register = await start(open);
    await register.grant({ owner: "other", installation: "lost" });
    await register.grant({ pool: "tiny", installation: "lost" });
    expect(await register.grant({ installation: "new", adopt: true })).toMatchObject({ rule: "derive" });
  });
}

function reclaims(open: Open): void {
  it("gets it back at once, under a new token", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.release(lease);
    const again = await register.grant();
    expect(again.rule).toBe("reclaim");
    expect(again.lease.address).toBe(lease.address);
    expect(again.lease.token).not.toBe(lease.token);
    expect(again.lease.releasedAt).toBeUndefined();
    expect(await register.leases()).toEqual([again.lease]);
  });

  it("gets it back under another installation, and after any time", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ installation: "one" });
    await register.release(lease);
    register.clock.advance(1000 * HOUR);
    const again = await register.grant({ installation: "two" });
    expect(again).toMatchObject({ rule: "reclaim", lease: { address: lease.address, installation: "two" } });
    expect(again.lease.acquiredAt).toBe(register.clock.now);
  });

  it("gets the one it let go last when there are several", async () => {
    const register = await start(open);
    const { lease: one } = await register.grant({ installation: "one" });
    const { lease: two } = await register.grant({ installation: "two" });
    await register.release(two);
    await register.release(one);
    expect(await register.address({ installation: "three" })).toBe(formatMac(one.address));
    expect(await register.address({ installation: "four" })).toBe(formatMac(two.address));
  });

  it("gets it back when the pool has nothing else left", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.release(lease);
    for (let index = 0; index < 4; index += 1) await register.grant({ pool: "tiny", owner: `other-${index}` });
    expect(await register.grant({ pool: "tiny" })).toMatchObject({ lease: { address: lease.address } });
  });
}

async function released(open: Open): Promise<{ readonly register: Register; readonly address: Mac }> {
  const register = await start(open);
  const { lease } = await register.grant();
  await register.release(lease);
  return { register, address: lease.address };
}

function letsGo(open: Open): void {
  it("is not given back when somebody else got it since, not even after that one released it", async () => {
    const { register, address } = await released(open);
    register.clock.advance(HOUR);
    const { lease } = await register.grant({ owner: "other", requestedAddress: address });
    expect(await register.grant()).not.toMatchObject({ lease: { address } });
    await register.release(lease);
    expect(await register.grant({ installation: "two" })).not.toMatchObject({ lease: { address } });
  });

  it("is not given back when it is reserved now", async () => {
    const { register, address } = await released(open);
    await register.store.reserve({ ...only(address), reason: "printer" });
    expect(await register.grant()).not.toMatchObject({ lease: { address } });
  });

  it("is not given back when it lies outside the pool now", async () => {
    const { register, address } = await released(open);
    const { end = 0 } = (await register.store.pools()).find(({ name }) => name === "big")?.ranges[0] ?? {};
    await register.store.updatePool("big", { ranges: [{ start: address + 1, end }] });
    expect(await register.grant()).not.toMatchObject({ lease: { address } });
  });

  it("is not given back in another pool", async () => {
    const { register, address } = await released(open);
    expect(await register.grant({ pool: "tiny" })).not.toMatchObject({ lease: { address } });
  });
}

function rotates(open: Open): void {
  it.each(["big", "tiny"])("give a different address while the old one lives (pool %s)", async (pool) => {
    const register = await start(open);
    const { lease } = await register.grant({ pool, rotation: "r1" });
    const next = await register.grant({ pool, rotation: "r2" });
    expect(next.lease.address).not.toBe(lease.address);
    expect(await register.store.find(lease.address)).toEqual(lease);
  });

  it.each(["big", "tiny"])("give a different address when the old one was deleted before (pool %s)", async (pool) => {
    const register = await start(open);
    const { lease } = await register.grant({ pool, rotation: "r1" });
    await register.release(lease);
    expect(await register.grant({ pool, rotation: "r2" })).not.toMatchObject({ lease: { address: lease.address } });
  });

  it("give a different address however long ago the old one was deleted", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ rotation: "r1" });
    await register.release(lease);
    register.clock.advance(1000 * HOUR);
    expect(await register.grant({ rotation: "r2" })).not.toMatchObject({ lease: { address: lease.address } });
  });

  it("give a different address every time, a hundred times over", async () => {
    const register = await start(open);
    const seen = new Set<Mac>();
    for (let turn = 0; turn < 100; turn += 1) {
      const { lease } = await register.grant({ rotation: `r${turn}` });
      await register.release(lease);
      seen.add(lease.address);
    }
    expect(seen.size).toBe(100);
  });

  it("give the first address back when they are changed back", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ rotation: "r1" });
    await register.release(lease);
    await register.release((await register.grant({ rotation: "r2" })).lease);
    expect(await register.grant({ rotation: "r1" })).toMatchObject({
      rule: "reclaim",
      lease: { address: lease.address },
    });
  });
}
