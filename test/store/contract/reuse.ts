import { describe, expect, it } from "vitest";
import type { Lease } from "../../../provider/lease/lease";
import { parseMac } from "../../../provider/mac/mac";
import { HOUR, type Open, only, type Register, start } from "../support";

const FIRST = parseMac("42:10:00:00:00:00");

/** Design.md, section 4: quarantine, reuse and the end of a pool of five addresses. */
export function reuseContract(open: Open): void {
  describe("a pool of five", () => exhausts(open));
  describe("a pool without a free address", () => reports(open));
  describe("a pool that is used up", () => reuses(open));
  describe("a clock that jumps", () => standsJumps(open));
}

/** Takes all five addresses of pool `tiny` for the owners o-0 to o-4. */
async function fill(register: Register): Promise<readonly Lease[]> {
  const leases: Lease[] = [];
  for (let index = 0; index < 5; index += 1) {
    const { lease } = await register.grant({ pool: "tiny", owner: `o-${index}` });
    leases.push(lease);
  }
  return leases;
}

/** Releases the leases at `order`, one after the other. */
async function releaseAll(register: Register, leases: readonly Lease[], order: readonly number[]): Promise<void> {
  for (const index of order) {
    const lease = leases[index];
    if (lease !== undefined) await register.release(lease);
  }
}

/** Returns the last octets of the addresses that `count` new owners get. */
async function newcomers(register: Register, count: number): Promise<readonly number[]> {
  const offsets: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { lease } = await register.grant({ pool: "tiny", owner: `new-${index}` });
    offsets.push(lease.address - FIRST);
  }
  return offsets;
}

function exhausts(open: Open): void {
  it("yields exactly five addresses, each once", async () => {
    const register = await start(open);
    const leases = await fill(register);
    expect(leases.map(({ address }) => address - FIRST)).toEqual([0, 1, 2, 3, 4]);
    expect((await register.refusal({ pool: "tiny" })).code).toBe("POOL_EXHAUSTED");
    expect(await register.store.stats("tiny")).toMatchObject({ live: 5, neverIssued: 0 });
  });

  it("yields exactly five however they are asked for", async () => {
    const register = await start(open, {
      pools: [{ name: "tiny", ranges: [{ start: FIRST, end: FIRST + 4 }], strategy: "derived" }],
    });
    await register.grant({ pool: "tiny", owner: "a", requestedAddress: FIRST + 2 });
    await register.grant({ pool: "tiny", owner: "" });
    await register.grant({ pool: "tiny", owner: "b", sequential: true });
    for (const owner of ["c", "d"]) await register.grant({ pool: "tiny", owner });
    expect((await register.refusal({ pool: "tiny" })).code).toBe("POOL_EXHAUSTED");
    expect(await register.leases({ state: "live" })).toHaveLength(5);
  });

  it("still keeps what it gave: a holder that asks again gets its own", async () => {
    const register = await start(open);
    const [, , lease] = await fill(register);
    expect(await register.grant({ pool: "tiny", owner: "o-2" })).toMatchObject({
      rule: "keep",
      lease: { address: lease?.address },
    });
  });
}

function reports(open: Open): void {
  it("says pool, size, live, quarantined, reserved and when the next becomes free", async () => {
    const register = await start(open);
    await register.store.reserve({ ...only(FIRST + 4), reason: "gateway" });
    const leases: Lease[] = [];
    for (let index = 0; index < 4; index += 1) {
      leases.push((await register.grant({ pool: "tiny", owner: `o-${index}` })).lease);
    }
    await releaseAll(register, leases, [1]);
    register.clock.advance(60_000);
    await releaseAll(register, leases, [3]);
    const refusal = await register.refusal({ pool: "tiny" });
    expect(refusal.code).toBe("POOL_EXHAUSTED");
    const nextFreeAt = "2026-01-01T13:00:00Z";
    expect(refusal.details).toEqual({ pool: "tiny", size: 5, live: 2, quarantined: 2, reserved: 1, nextFreeAt });
    for (const text of ['"tiny"', "5 in all", "2 live", "2 in quarantine", "1 reserved", nextFreeAt]) {
      expect(refusal.message).toContain(text);
    }
  });

  it("says that none becomes free by itself when all are live", async () => {
    const register = await start(open);
    await fill(register);
    const refusal = await register.refusal({ pool: "tiny" });
    expect(refusal.details).toEqual({ pool: "tiny", size: 5, live: 5, quarantined: 0, reserved: 0 });
    expect(refusal.message).toContain("No address becomes free by itself");
  });

  it("refuses everybody but the former holder during quarantine", async () => {
    const register = await start(open);
    const leases = await fill(register);
    await releaseAll(register, leases, [2]);
    expect((await register.refusal({ pool: "tiny", owner: "new" })).code).toBe("POOL_EXHAUSTED");
    expect((await register.refusal({ pool: "tiny", owner: "" })).code).toBe("POOL_EXHAUSTED");
    expect(await register.grant({ pool: "tiny", owner: "o-2" })).toMatchObject({ rule: "reclaim" });
  });

  it("is refused until the last millisecond of the oldest quarantine", async () => {
    const register = await start(open);
    const leases = await fill(register);
    await releaseAll(register, leases, [2]);
    register.clock.advance(HOUR - 1);
    expect((await register.refusal({ pool: "tiny", owner: "new" })).code).toBe("POOL_EXHAUSTED");
    register.clock.advance(1);
    expect(await register.grant({ pool: "tiny", owner: "new" })).toMatchObject({ rule: "reuse" });
  });
}

function reuses(open: Open): void {
  it("gives the longest-released address first, whatever its number", async () => {
    const register = await start(open);
    await releaseAll(register, await fill(register), [3, 0, 4, 1]);
    register.clock.advance(HOUR);
    expect(await newcomers(register, 4)).toEqual([3, 0, 4, 1]);
  });

  it("counts the last release of an address, not an earlier one", async () => {
    const register = await start(open);
    const leases = await fill(register);
    await releaseAll(register, leases, [0, 1]);
    const { lease } = await register.grant({ pool: "tiny", owner: "o-0" });
    await register.release(lease);
    register.clock.advance(HOUR);
    expect(await newcomers(register, 2)).toEqual([1, 0]);
  });

  it("gives no address that was reserved since it was released", async () => {
    const register = await start(open);
    await releaseAll(register, await fill(register), [0, 1]);
    await register.store.reserve({ ...only(FIRST), reason: "gateway" });
    register.clock.advance(HOUR);
    expect(await newcomers(register, 1)).toEqual([1]);
    expect((await register.refusal({ pool: "tiny", owner: "new" })).code).toBe("POOL_EXHAUSTED");
  });

  it("gives an address at once when the pool has no quarantine", async () => {
    const register = await start(open);
    await register.store.updatePool("tiny", { quarantineSeconds: 0 });
    await releaseAll(register, await fill(register), [2]);
    expect(await newcomers(register, 1)).toEqual([2]);
  });
}

function standsJumps(open: Open): void {
  it("does not change the order of reuse when it goes back between releases", async () => {
    const register = await start(open);
    const leases = await fill(register);
    await releaseAll(register, leases, [3]);
    register.clock.advance(-10 * HOUR);
    await releaseAll(register, leases, [0]);
    register.clock.advance(12 * HOUR);
    await releaseAll(register, leases, [1]);
    register.clock.advance(2 * HOUR);
    expect(await newcomers(register, 3)).toEqual([3, 0, 1]);
  });

  it("does not shorten a quarantine when it goes back, nor give a date before the newest event", async () => {
    const register = await start(open);
    const leases = await fill(register);
    const then = register.clock.now;
    register.clock.advance(-10 * HOUR);
    await releaseAll(register, leases, [0]);
    expect(await register.store.find(FIRST)).toMatchObject({ releasedAt: then });
    register.clock.advance(11 * HOUR - 1);
    expect((await register.refusal({ pool: "tiny", owner: "new" })).code).toBe("POOL_EXHAUSTED");
    register.clock.advance(1);
    expect(await newcomers(register, 1)).toEqual([0]);
  });

  it("ends quarantines when it goes forward, oldest release first", async () => {
    const register = await start(open);
    const leases = await fill(register);
    await releaseAll(register, leases, [4, 2]);
    register.clock.advance(1000 * HOUR);
    await releaseAll(register, leases, [0]);
    expect(await newcomers(register, 2)).toEqual([4, 2]);
    expect((await register.refusal({ pool: "tiny", owner: "new" })).code).toBe("POOL_EXHAUSTED");
  });
}
