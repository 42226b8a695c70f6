import { describe, expect, it } from "vitest";
import { definePool } from "../../../provider/lease/pool";
import { parseMac } from "../../../provider/mac/mac";
import { parsePrefix, parseRange } from "../../../provider/mac/range";
import { BIG, HOUR, type Open, type Register, rejection, start, TINY } from "../support";

/** `createPool`, `updatePool` and `pools`. */
export function poolsContract(open: Open): void {
  describe("pools", () => lists(open));
  describe("creating a pool", () => creates(open));
  describe("changing a pool", () => changes(open));
  describe("shrinking a pool", () => shrinks(open));
  describe("a pool over addresses that another pool gave up", () => inherits(open));
}

const EDGE = { name: "edge", ranges: [parsePrefix("42:30")] };

function lists(open: Open): void {
  it("are listed by name, as they were defined", async () => {
    const register = await start(open, { pools: [TINY, { ...EDGE, description: "racks 1-9" }, BIG] });
    const expected = [BIG, { ...EDGE, description: "racks 1-9" }, TINY].map((spec) => definePool(spec));
    expect(await register.store.pools()).toEqual(expected);
  });

  it("may be none; then a request says so", async () => {
    const register = await start(open, { pools: [] });
    expect(await register.store.pools()).toEqual([]);
    const refusal = await register.refusal();
    expect(refusal.code).toBe("POOL_NOT_FOUND");
    expect(refusal.message).toContain("none");
  });
}

function creates(open: Open): void {
  it("adds it with every field, at once usable", async () => {
    const register = await start(open);
    const spec = {
      name: "oui",
      ranges: [parsePrefix("00:16:3e"), parseRange("42:50:00:00:00:00/40")],
      strategy: "sequential" as const,
      quarantineSeconds: 12,
      universal: true,
      description: "ours",
    };
    expect(await register.store.createPool(spec)).toEqual(definePool(spec));
    expect((await register.store.pools()).find(({ name }) => name === "oui")).toEqual(definePool(spec));
    expect(await register.address({ pool: "oui" })).toBe("00:16:3e:00:00:00");
  });

  it("refuses a name that exists, and names it", async () => {
    const register = await start(open);
    const refusal = await rejection(register.store.createPool({ ...EDGE, name: "big" }));
    expect(refusal.code).toBe("POOL_CONFLICT");
    expect(refusal.message).toContain('"big"');
  });

  it.each(["42:20:00:00:00:00", "42:20:ff:ff:ff:ff", "42", "42:1f:ff:ff:ff:ff-42:20:00:00:00:00"])(
    "refuses ranges that overlap another pool, and names it: %s",
    async (text) => {
      const register = await start(open, { pools: [BIG] });
      const refusal = await rejection(register.store.createPool({ ...EDGE, ranges: [parseRange(text)] }));
      expect(refusal.code).toBe("POOL_CONFLICT");
      expect(refusal.details).toEqual({ pool: "edge", other: "big" });
      for (const part of ['"edge"', '"big"', "42:20:00:00:00:00-42:20:ff:ff:ff:ff"]) {
        expect(refusal.message).toContain(part);
      }
    },
  );

  it("refuses what no pool can be, and writes nothing whatever it refuses", async () => {
    const register = await start(open);
    const before = await register.seq();
    const code = async (change: object) => (await rejection(register.store.createPool({ ...EDGE, ...change }))).code;
    expect(await code({ name: "a b" })).toBe("INVALID_POOL");
    expect(await code({ quarantineSeconds: -1 })).toBe("INVALID_POOL");
    expect(await code({ ranges: [] })).toBe("INVALID_RANGE");
    expect(await code({ ranges: BIG.ranges })).toBe("POOL_CONFLICT");
    expect(await register.seq()).toBe(before);
    expect(await register.store.pools()).toHaveLength(2);
  });
}

function changes(open: Open): void {
  it("changes the fields given and leaves the others", async () => {
    const register = await start(open, { pools: [{ ...TINY, description: "racks" }] });
    const changed = await register.store.updatePool("tiny", { quarantineSeconds: 5 });
    expect(changed).toEqual({ ...definePool(TINY), description: "racks", quarantineSeconds: 5 });
    expect(await register.store.pools()).toEqual([changed]);
  });

  it("takes a field that is undefined for one left out", async () => {
    const register = await start(open, { pools: [{ ...TINY, description: "racks" }] });
    const change = { strategy: undefined, quarantineSeconds: undefined, universal: undefined, description: undefined };
    expect(await register.store.updatePool("tiny", change)).toEqual({ ...definePool(TINY), description: "racks" });
  });

  it("adds ranges to those it has by then, whoever else adds some", async () => {
    const register = await start(open);
    const added = ["42:40", "42:41", "42:42"].map((prefix) => parsePrefix(prefix));
    await Promise.all(added.map((range) => register.store.updatePool("tiny", { addRanges: [range] })));
    const [pool] = (await register.store.pools()).filter(({ name }) => name === "tiny");
    expect(pool?.ranges).toEqual(definePool({ ...TINY, ranges: [...TINY.ranges, ...added] }).ranges);
  });

  it("moves no lease: its own stay what they are", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    const ranges = [...TINY.ranges, parsePrefix("42:40")];
    await register.store.updatePool("tiny", { ranges, strategy: "derived", quarantineSeconds: 0, description: "x" });
    expect(await register.leases()).toEqual([lease]);
  });

  it("makes a new quarantine count for addresses that were released before", async () => {
    const register = await start(open);
    const requestedAddress = parseMac("42:10:00:00:00:02");
    await register.release((await register.grant({ pool: "tiny", requestedAddress })).lease);
    await register.store.updatePool("tiny", { quarantineSeconds: 10 });
    register.clock.advance(10_000);
    const grant = await register.grant({ pool: "tiny", owner: "other", requestedAddress });
    expect(grant.rule).toBe("claim");
  });

  it("hands out ranges that were added, also below the place where the sequence was", async () => {
    const register = await start(open);
    for (let index = 0; index < 5; index += 1) await register.grant({ pool: "tiny", owner: `o-${index}` });
    const ranges = [...TINY.ranges, parseRange("42:00:00:00:00:00"), parseRange("42:30:00:00:00:00")];
    await register.store.updatePool("tiny", { ranges });
    expect(await register.address({ pool: "tiny", owner: "a" })).toBe("42:00:00:00:00:00");
    expect(await register.address({ pool: "tiny", owner: "b" })).toBe("42:30:00:00:00:00");
  });

  it("refuses ranges of another pool, a pool that is not there, and what no pool can be", async () => {
    const register = await start(open);
    const before = [await register.seq(), await register.store.pools()];
    const code = async (name: string, change: object) =>
      (await rejection(register.store.updatePool(name, change))).code;
    expect(await code("tiny", { ranges: BIG.ranges })).toBe("POOL_CONFLICT");
    expect(await code("nowhere", { description: "x" })).toBe("POOL_NOT_FOUND");
    expect(await code("tiny", { quarantineSeconds: 0.5 })).toBe("INVALID_POOL");
    expect(await code("tiny", { ranges: [parsePrefix("43")] })).toBe("INVALID_RANGE");
    expect([await register.seq(), await register.store.pools()]).toEqual(before);
  });
}

function shrinks(open: Open): void {
  it.each([
    ["before the new ranges", "42:10:00:00:00:00", "42:10:00:00:00:01-42:10:00:00:00:04"],
    ["after the new ranges", "42:10:00:00:00:04", "42:10:00:00:00:00-42:10:00:00:00:03"],
  ])("is refused while a live lease lies %s, and names lease and holder", async (_, address, range) => {
    const register = await start(open);
    await register.grant({ pool: "tiny", owner: "acme/db", requestedAddress: parseMac(address) });
    const refusal = await rejection(register.store.updatePool("tiny", { ranges: [parseRange(range)] }));
    expect(refusal.code).toBe("POOL_CONFLICT");
    expect(refusal.details).toEqual({ pool: "tiny", address, holder: "acme/db" });
    for (const part of ['"tiny"', address, '"acme/db"']) expect(refusal.message).toContain(part);
  });

  it("is refused for a live lease in a gap between the new ranges, and names the lowest of several", async () => {
    const register = await start(open);
    for (const last of ["3", "1", "2"]) {
      const requestedAddress = parseMac(`42:10:00:00:00:0${last}`);
      await register.grant({ pool: "tiny", owner: `o-${last}`, requestedAddress });
    }
    const ranges = ["42:10:00:00:00:00", "42:10:00:00:00:04"].map(parseRange);
    const refusal = await rejection(register.store.updatePool("tiny", { ranges }));
    expect(refusal.details).toMatchObject({ address: "42:10:00:00:00:01", holder: "o-1" });
  });

  it("is possible once the leases outside are released, and those addresses are handed out no more", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.release(lease);
    await register.store.updatePool("tiny", { ranges: [parseRange("42:10:00:00:00:03-42:10:00:00:00:04")] });
    register.clock.advance(HOUR);
    for (const owner of ["a", "b"]) await register.grant({ pool: "tiny", owner });
    expect((await register.refusal({ pool: "tiny", owner: "c" })).code).toBe("POOL_EXHAUSTED");
    const outside = await register.refusal({ pool: "tiny", requestedAddress: lease.address });
    expect(outside.code).toBe("ADDRESS_OUTSIDE_POOL");
  });

  it("leaves counts of what is in the pool, not of what was", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.release(lease);
    await register.store.updatePool("tiny", { ranges: [parseRange("42:10:00:00:00:03")] });
    expect(await register.store.stats("tiny")).toEqual({
      size: 1,
      live: 0,
      quarantined: 0,
      reusable: 0,
      reserved: 0,
      neverIssued: 1,
      nextFreeAt: undefined,
    });
  });
}

async function givenUp(open: Open): Promise<Register> {
  const register = await start(open);
  const { lease } = await register.grant({ pool: "tiny", owner: "before" });
  await register.release(lease);
  await register.store.updatePool("tiny", { ranges: [parseRange("42:10:00:00:00:04")] });
  const ranges = [parseRange("42:10:00:00:00:00-42:10:00:00:00:01")];
  await register.store.createPool({ name: "heir", ranges, strategy: "sequential", quarantineSeconds: 3600 });
  return register;
}

function inherits(open: Open): void {
  it("respects the quarantine of what was released there", async () => {
    const register = await givenUp(open);
    expect(await register.address({ pool: "heir", owner: "a" })).toBe("42:10:00:00:00:01");
    expect((await register.refusal({ pool: "heir", owner: "b" })).code).toBe("POOL_EXHAUSTED");
    expect(await register.store.stats("heir")).toMatchObject({ live: 1, quarantined: 1, neverIssued: 0 });
  });

  it("yields every one of its addresses once that is over", async () => {
    const register = await givenUp(open);
    register.clock.advance(HOUR);
    const addresses = [
      await register.address({ pool: "heir", owner: "a" }),
      await register.address({ pool: "heir", owner: "b" }),
    ];
    expect(addresses.toSorted()).toEqual(["42:10:00:00:00:00", "42:10:00:00:00:01"]);
    expect(await register.store.stats("tiny")).toMatchObject({ size: 1, neverIssued: 1, reusable: 0 });
  });
}
