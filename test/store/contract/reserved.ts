import { describe, expect, it } from "vitest";
import { formatMac, type Mac, parseMac } from "../../../provider/mac/mac";
import { formatRange, parsePrefix } from "../../../provider/mac/range";
import { HOUR, type Open, only, rejection, start } from "../support";

const FIRST = parseMac("42:10:00:00:00:00");
const span = (from: number, to: number) => ({ start: FIRST + from, end: FIRST + to });

/** `reserve`, `unreserve` and `reserved`. */
export function reservedContract(open: Open): void {
  describe("reserving", () => reserves(open));
  describe("ending a reservation", () => unreserves(open));
  describe("the list of reservations", () => lists(open));
}

function reserves(open: Open): void {
  it("keeps the whole range from being handed out in any way", async () => {
    const register = await start(open);
    await register.store.reserve({ ...span(1, 4), reason: "gateway" });
    expect(await register.address({ pool: "tiny" })).toBe(formatMac(FIRST));
    expect((await register.refusal({ pool: "tiny", owner: "a" })).code).toBe("POOL_EXHAUSTED");
    for (const requestedAddress of [FIRST + 1, FIRST + 4]) {
      const refusal = await register.refusal({ pool: "tiny", owner: "a", requestedAddress });
      expect(refusal.code).toBe("ADDRESS_RESERVED");
    }
  });

  it("leaves live leases in the range alone; once released they are handed out no more", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.store.reserve({ ...span(0, 4), reason: "gateway" });
    expect(await register.store.find(lease.address)).toEqual(lease);
    await register.release(lease);
    register.clock.advance(HOUR);
    expect((await register.refusal({ pool: "tiny" })).code).toBe("POOL_EXHAUSTED");
  });

  it("twice changes nothing", async () => {
    const register = await start(open);
    await register.store.reserve({ ...span(1, 2), reason: "gateway" });
    const before = [await register.seq(), await register.store.reserved()];
    await register.store.reserve({ ...span(1, 2), reason: "another" });
    expect([await register.seq(), await register.store.reserved()]).toEqual(before);
  });

  it.each([
    ["whose start is after its end", { start: FIRST + 1, end: FIRST }],
    ["beyond 48 bits", { start: FIRST, end: 2 ** 48 }],
    ["below zero", { start: -1, end: FIRST }],
    ["of fractions", { start: FIRST + 0.5, end: FIRST + 1 }],
    ["without numbers", { start: Number.NaN, end: Number.NaN }],
  ])("is refused for a range %s, and nothing is written", async (_, range) => {
    const register = await start(open);
    const before = await register.seq();
    expect((await rejection(register.store.reserve({ ...range, reason: "x" }))).code).toBe("INVALID_RANGE");
    expect(await register.seq()).toBe(before);
  });

  it("needs no pool: addresses may be reserved before a pool has them", async () => {
    const register = await start(open, { pools: [] });
    await register.store.reserve({ ...span(0, 0), reason: "gateway" });
    await register.store.createPool({ name: "late", ranges: [span(0, 1)], strategy: "sequential" });
    expect(await register.address({ pool: "late" })).toBe("42:10:00:00:00:01");
  });
}

function unreserves(open: Open): void {
  it("gives its addresses back, also those that the sequence had passed over", async () => {
    const register = await start(open, { reservations: [{ ...span(0, 1), reason: "gateway" }] });
    const next = async (): Promise<Mac> => (await register.grant({ pool: "tiny", owner: "" })).lease.address - FIRST;
    expect([await next(), await next()]).toEqual([2, 3]);
    expect(await register.store.unreserve(span(0, 1))).toBe(true);
    expect([await next(), await next(), await next()]).toEqual([0, 1, 4]);
  });

  it("lets a former holder have its address back", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.release(lease);
    await register.store.reserve({ ...only(lease.address), reason: "gateway" });
    await register.store.unreserve(only(lease.address));
    expect(await register.grant({ pool: "tiny" })).toMatchObject({
      rule: "reclaim",
      lease: { address: lease.address },
    });
  });

  it("keeps what another reservation still covers", async () => {
    const register = await start(open, {
      reservations: [
        { ...span(0, 2), reason: "wide" },
        { ...span(0, 1), reason: "narrow" },
      ],
    });
    expect(await register.store.unreserve(span(0, 2))).toBe(true);
    expect(await register.address({ pool: "tiny" })).toBe("42:10:00:00:00:02");
  });

  it.each([span(0, 1), span(1, 2), span(0, 3), span(1, 1)])(
    "needs exactly the same ends; for others there was none: %j",
    async (range) => {
      const register = await start(open, { reservations: [{ ...span(0, 2), reason: "gateway" }] });
      const before = await register.seq();
      expect(await register.store.unreserve(range)).toBe(false);
      expect(await register.seq()).toBe(before);
      expect(await register.address({ pool: "tiny" })).toBe("42:10:00:00:00:03");
    },
  );

  it("never frees the protocol blocks that no register hands out", async () => {
    const register = await start(open, {
      pools: [{ name: "low", ranges: [parsePrefix("02:bf:00:00:00")], strategy: "sequential" }],
    });
    const blocks = (await register.store.reserved()).filter(({ reason }) => reason === "protocol addresses");
    expect(blocks.length).toBeGreaterThan(0);
    const seq = await register.seq();
    for (const block of blocks) expect(await register.store.unreserve(block)).toBe(false);
    expect(await register.seq()).toBe(seq);
    expect((await register.refusal({ pool: "low" })).code).toBe("POOL_EXHAUSTED");
  });
}

function lists(open: Open): void {
  it("is ascending and gives the reasons, whatever the order of reserving", async () => {
    const reservations = [
      { ...span(4, 9), reason: "third" },
      { ...span(0, 9), reason: "second" },
      { ...span(0, 1), reason: "first" },
    ];
    const register = await start(open, { reservations });
    const listed = (await register.store.reserved()).filter(({ start }) => start >= FIRST && start < FIRST + 10);
    expect(listed).toEqual(reservations.toReversed());
  });

  it("has the protocol blocks in it, and a reservation of one with other ends beside it", async () => {
    const register = await start(open, {
      reservations: [
        { ...parsePrefix("02:bf:00"), reason: "narrow" },
        { ...parsePrefix("02:bf"), reason: "the same" },
      ],
    });
    expect((await register.store.reserved()).map(formatRange)).toEqual([
      "00:00:0c:07:ac:00-00:00:0c:07:ac:ff",
      "00:00:5e:00:00:00-00:00:5e:ff:ff:ff",
      "02:bf:00:00:00:00-02:bf:00:ff:ff:ff",
      "02:bf:00:00:00:00-02:bf:ff:ff:ff:ff",
    ]);
  });
}
