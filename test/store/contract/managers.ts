import { describe, expect, it } from "vitest";
import { definePool, type Manager } from "../../../provider/lease/pool";
import { parseMac } from "../../../provider/mac/mac";
import { parsePrefix, parseRange } from "../../../provider/mac/range";
import { type Open, rejection, start, TINY } from "../support";

const ME: Manager = { owner: "acme/net/prod/edge", installation: "one" };
const SAME_NAME: Manager = { owner: "acme/net/prod/edge", installation: "two" };
const OTHER: Manager = { owner: "acme/net/prod/core", installation: "one" };
const EDGE = { name: "edge", ranges: [parsePrefix("42:30")] };
const SPAN = parseRange("42:40:00:00:00:00-42:40:00:00:00:0f");
const PRINTERS = { ...SPAN, reason: "printers" };

/** Which declaration may change a pool or a reservation. */
export function managersContract(open: Open): void {
  describe("the manager of a pool", () => managesPools(open));
  describe("creating a pool that exists", () => createsAgain(open));
  describe("the manager of a reservation", () => managesReservations(open));
  describe("reserving what is reserved", () => reservesAgain(open));
}

function managesPools(open: Open): void {
  it("is who created it, and nobody for a pool made otherwise", async () => {
    const register = await start(open);
    expect((await register.store.createPool(EDGE, ME)).managedBy).toEqual(ME);
    const managers = (await register.store.pools()).map(({ name, managedBy }) => [name, managedBy]);
    expect(managers).toEqual([
      ["big", undefined],
      ["edge", ME],
      ["tiny", undefined],
    ]);
  });

  it("stays through a change by hand, and is who changes it by name of a declaration", async () => {
    const register = await start(open);
    await register.store.createPool(EDGE, ME);
    expect((await register.store.updatePool("edge", { description: "x" })).managedBy).toEqual(ME);
    expect((await register.store.updatePool("edge", {}, OTHER)).managedBy).toEqual(OTHER);
    expect((await register.store.pools()).find(({ name }) => name === "edge")).toMatchObject({
      managedBy: OTHER,
      description: "x",
    });
  });

  it("is the only declaration that deletes it; by hand it can be deleted too", async () => {
    const register = await start(open);
    await register.store.createPool(EDGE, ME);
    const before = await register.seq();
    for (const by of [SAME_NAME, OTHER]) expect(await register.store.deletePool("edge", by)).toBe(false);
    expect(await register.store.deletePool("tiny", ME)).toBe(false);
    expect(await register.seq()).toBe(before);
    expect(await register.store.deletePool("edge", ME)).toBe(true);
    expect(await register.store.deletePool("tiny")).toBe(true);
    expect((await register.store.pools()).map(({ name }) => name)).toEqual(["big"]);
  });

  it("is in the history with what it did, and nobody is for what was done by hand", async () => {
    const register = await start(open);
    await register.store.createPool(EDGE, ME);
    await register.store.updatePool("edge", { description: "x" });
    await register.store.reserve(PRINTERS, ME);
    await register.store.unreserve(SPAN, ME);
    await register.store.deletePool("edge", ME);
    const lines = (await register.events())
      .slice(-5)
      .map(({ kind, pool, owner, installation }) => [kind, pool, owner, installation].join(" "));
    const me = `${ME.owner} ${ME.installation}`;
    expect(lines).toEqual([
      `create-pool edge ${me}`,
      "update-pool edge  ",
      `reserve  ${me}`,
      `unreserve  ${me}`,
      `delete-pool edge ${me}`,
    ]);
  });
}

function createsAgain(open: Open): void {
  const wider = { ...EDGE, ranges: [parsePrefix("42:30"), parsePrefix("42:31")], quarantineSeconds: 5 };

  it("by the same declaration is a retry: the pool becomes what it says, defaults included", async () => {
    const register = await start(open);
    await register.store.createPool({ ...EDGE, strategy: "sequential", description: "old" }, ME);
    const { lease } = await register.grant({ pool: "edge" });
    expect(await register.store.createPool(wider, ME)).toEqual(definePool(wider, ME));
    expect((await register.store.pools()).find(({ name }) => name === "edge")).toEqual(definePool(wider, ME));
    expect(await register.leases()).toEqual([lease]);
  });

  it.each([
    ["by hand", undefined],
    ["by another declaration", OTHER],
    ["under another installation", SAME_NAME],
  ])("%s is refused, and names the manager", async (_, by) => {
    const register = await start(open);
    await register.store.createPool(EDGE, ME);
    const before = await register.seq();
    const refusal = await rejection(register.store.createPool(wider, by));
    expect(refusal.code).toBe("POOL_CONFLICT");
    expect(refusal.details).toEqual({ pool: "edge", ...ME });
    const remedy = by === undefined ? "another name" : "adopt";
    for (const text of ['"edge"', ME.owner, remedy]) expect(refusal.message).toContain(text);
    expect(await register.seq()).toBe(before);
  });

  it.each(["tiny", "edge"])("with adopt makes the asker its manager, and the pool what it says: %s", async (name) => {
    const register = await start(open);
    await register.store.createPool(EDGE, ME);
    const spec = { ...TINY, name, quarantineSeconds: 7, ...(name === "edge" ? EDGE : {}) };
    expect(await register.store.createPool(spec, OTHER, true)).toEqual(definePool(spec, OTHER));
    expect((await register.store.pools()).find((pool) => pool.name === name)).toEqual(definePool(spec, OTHER));
    expect(await register.store.deletePool(name, ME)).toBe(false);
  });

  it("never shrinks it while a lease would lie outside, and nothing changes then", async () => {
    const register = await start(open);
    await register.grant({ pool: "tiny", requestedAddress: parseMac("42:10:00:00:00:04") });
    const before = [await register.seq(), await register.store.pools()];
    const spec = { ...TINY, ranges: [parseRange("42:10:00:00:00:00")] };
    expect((await rejection(register.store.createPool(spec, ME, true))).code).toBe("POOL_CONFLICT");
    expect([await register.seq(), await register.store.pools()]).toEqual(before);
  });

  it("with adopt creates it when there is none", async () => {
    const register = await start(open);
    expect(await register.store.createPool(EDGE, ME, true)).toEqual(definePool(EDGE, ME));
  });
}

const ours = (all: readonly { readonly start: number }[]) => all.filter((one) => one.start === SPAN.start);

function managesReservations(open: Open): void {
  it("is who reserved it, and nobody for one made by hand", async () => {
    const register = await start(open);
    const byHand = { start: SPAN.start, end: SPAN.start, reason: "gateway" };
    await register.store.reserve(byHand);
    await register.store.reserve(PRINTERS, ME);
    expect(ours(await register.store.reserved())).toEqual([byHand, { ...PRINTERS, managedBy: ME }]);
  });

  it("is the only declaration that ends it; by hand it can be ended too", async () => {
    const register = await start(open);
    await register.store.reserve(PRINTERS, ME);
    const before = await register.seq();
    for (const by of [SAME_NAME, OTHER]) expect(await register.store.unreserve(SPAN, by)).toBe(false);
    expect([await register.seq(), ours(await register.store.reserved()).length]).toEqual([before, 1]);
    expect(await register.store.unreserve(SPAN, ME)).toBe(true);
    expect(await register.store.unreserve(SPAN, ME)).toBe(false);
    await register.store.reserve(PRINTERS, ME);
    expect(await register.store.unreserve(SPAN)).toBe(true);
    await register.store.reserve(PRINTERS);
    expect(await register.store.unreserve(SPAN, ME)).toBe(false);
  });
}

function reservesAgain(open: Open): void {
  it("by its manager changes the reason, and nothing when the reason is the same", async () => {
    const register = await start(open);
    await register.store.reserve(PRINTERS, ME);
    const before = await register.seq();
    await register.store.reserve(PRINTERS, ME);
    expect(await register.seq()).toBe(before);
    await register.store.reserve({ ...SPAN, reason: "plotters" }, ME);
    expect(ours(await register.store.reserved())).toEqual([{ ...SPAN, reason: "plotters", managedBy: ME }]);
  });

  it.each([
    ["nobody", undefined],
    ["another declaration", OTHER],
    ["another installation", SAME_NAME],
  ])("by a declaration is refused when it was %s, and names range and reason", async (_, first) => {
    const register = await start(open);
    await register.store.reserve(PRINTERS, first);
    const before = [await register.seq(), await register.store.reserved()];
    const refusal = await rejection(register.store.reserve({ ...SPAN, reason: "mine" }, ME));
    expect(refusal.code).toBe("RESERVATION_CONFLICT");
    for (const text of ["42:40:00:00:00:00-42:40:00:00:00:0f", "printers", "adopt"]) {
      expect(refusal.message).toContain(text);
    }
    expect([await register.seq(), await register.store.reserved()]).toEqual(before);
  });

  it("does not repeat the whole of a name of a mebibyte", async () => {
    const register = await start(open);
    const endless = { owner: "x".repeat(2 ** 20), installation: "y".repeat(2 ** 20) };
    await register.store.reserve(PRINTERS, endless);
    await register.store.createPool(EDGE, endless);
    const refusals = [register.store.reserve(PRINTERS, ME), register.store.createPool(EDGE, ME)].map(rejection);
    for (const { message } of await Promise.all(refusals)) {
      expect(message).toContain("xxx");
      expect(message.length).toBeLessThan(5000);
    }
  });

  it("by hand changes nothing, whoever manages it", async () => {
    const register = await start(open);
    await register.store.reserve(PRINTERS, ME);
    const before = [await register.seq(), await register.store.reserved()];
    await register.store.reserve({ ...SPAN, reason: "by hand" });
    expect([await register.seq(), await register.store.reserved()]).toEqual(before);
  });

  it("with adopt makes the asker its manager", async () => {
    const register = await start(open);
    await register.store.reserve(PRINTERS);
    await register.store.reserve(PRINTERS, ME, true);
    await register.store.reserve({ ...SPAN, reason: "theirs" }, OTHER, true);
    expect(ours(await register.store.reserved())).toEqual([{ ...SPAN, reason: "theirs", managedBy: OTHER }]);
  });

  it("is refused to a declaration for a block that every register keeps, also with adopt", async () => {
    const register = await start(open);
    const [block] = (await register.store.reserved()).filter(({ reason }) => reason === "protocol addresses");
    if (block === undefined) throw new Error("no block");
    for (const adopt of [false, true]) {
      expect((await rejection(register.store.reserve(block, ME, adopt))).code).toBe("RESERVATION_CONFLICT");
    }
  });

  it("with other ends is another reservation, which may overlap whatever others reserved", async () => {
    const register = await start(open);
    await register.store.reserve(PRINTERS, OTHER);
    const half = { start: SPAN.start, end: SPAN.start + 3, reason: "half" };
    await register.store.reserve(half, ME);
    expect(ours(await register.store.reserved())).toEqual([
      { ...half, managedBy: ME },
      { ...PRINTERS, managedBy: OTHER },
    ]);
  });
}
