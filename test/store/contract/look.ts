import { describe, expect, it } from "vitest";
import { type Mac, parseMac } from "../../../provider/mac/mac";
import { HOUR, type Open, type Register, rejection, request, STORE_ID, start } from "../support";

/** `identity`, `find`, `list`, `stats`, `verify` and `close`. */
export function lookContract(open: Open): void {
  describe("identity", () => identifies(open));
  describe("find and list", () => finds(open));
  describe("list by name of owners", () => filtersOwners(open));
  describe("stats", () => counts(open));
  describe("verify and close", () => ends(open));
}

function identifies(open: Open): void {
  it("has the id that the register was created with, and counts every change", async () => {
    const register = await start(open);
    const before = await register.store.identity();
    const { lease } = await register.grant();
    expect(before.storeId).toBe(STORE_ID);
    expect(await register.store.identity()).toEqual({ storeId: STORE_ID, seq: before.seq + 1 });
    expect(lease.seq).toBe(before.seq + 1);
  });

  it("says where the register is", async () => {
    const register = await start(open);
    expect(register.store.location).not.toBe("");
  });
}

function finds(open: Open): void {
  it("find gives a lease that is live or released, and nothing for an address nobody ever had", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    expect(await register.store.find(lease.address)).toEqual(lease);
    const released = await register.release(lease);
    expect(await register.store.find(lease.address)).toEqual(released);
    expect(await register.store.find(lease.address + 1)).toBeUndefined();
    expect(await register.store.find(0)).toBeUndefined();
  });

  it("list gives all leases by address, whatever the order in which they were granted", async () => {
    const register = await start(open);
    for (const last of [9, 1, 5]) await register.grant({ owner: `o-${last}`, requestedAddress: BASE + last });
    await register.grant({ pool: "tiny", owner: "low" });
    expect(offsets(await register.leases())).toEqual([parseMac("42:10:00:00:00:00") - BASE, 1, 5, 9]);
  });

  it("list gives nothing from an empty register", async () => {
    const register = await start(open);
    expect(await register.leases()).toEqual([]);
  });

  it("list filters by pool and by state, alone and together", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ owner: "a", requestedAddress: BASE });
    await register.grant({ owner: "b", requestedAddress: BASE + 1 });
    const { lease: other } = await register.grant({ pool: "tiny", owner: "a" });
    await register.release(lease);
    const addresses = async (filter: object) => (await register.leases(filter)).map(({ address }) => address);
    expect(await addresses({ pool: "big" })).toEqual([BASE, BASE + 1]);
    expect(await addresses({ pool: "tiny" })).toEqual([other.address]);
    expect(await addresses({ pool: "nowhere" })).toEqual([]);
    expect(await addresses({ state: "live" })).toEqual([other.address, BASE + 1]);
    expect(await addresses({ state: "released" })).toEqual([BASE]);
    expect(await addresses({ pool: "big", state: "live", owner: "b" })).toEqual([BASE + 1]);
    expect(await addresses({ pool: "tiny", state: "released" })).toEqual([]);
    expect(await addresses({ pool: undefined, owner: undefined, state: undefined })).toHaveLength(3);
  });
}

const BASE = parseMac("42:20:00:00:00:00");
const offsets = (leases: readonly { readonly address: Mac }[]) => leases.map(({ address }) => address - BASE);

/** Names that a careless comparison takes for each other. */
const NAMES = [
  "a/b",
  "a/b/c",
  "a/B",
  "a/",
  "a0",
  "a",
  "a/%",
  "a/_",
  "á/b",
  "a/\u{10ffff}\u{10ffff}",
  "ノ/\u{1f600}",
  "",
];

async function named(open: Open): Promise<Register> {
  const register = await start(open);
  await register.store.acquire(NAMES.map((owner, index) => request({ owner, requestedAddress: BASE + index })));
  return register;
}

function filtersOwners(open: Open): void {
  it.each(NAMES)("finds exactly %j", async (owner) => {
    const register = await named(open);
    expect((await register.leases({ owner })).map((lease) => lease.owner)).toEqual([owner]);
  });

  it.each(["", "a", "a/", "a/b", "a/%", "a/_", "a/\u{10ffff}", "ノ", "b", "'"])(
    "finds all that begin with %j",
    async (prefix) => {
      const register = await named(open);
      const expected = NAMES.filter((name) => name.startsWith(prefix));
      const found = await register.leases({ ownerPrefix: prefix });
      expect(new Set(found.map(({ owner }) => owner))).toEqual(new Set(expected));
      expect(found).toHaveLength(expected.length);
    },
  );

  it("knows one owner's leases in several pools and installations", async () => {
    const register = await start(open);
    await register.grant({ installation: "one" });
    await register.grant({ installation: "two" });
    await register.grant({ pool: "tiny" });
    await register.grant({ owner: "other" });
    const { owner } = request();
    expect(await register.leases({ owner })).toHaveLength(3);
    expect(await register.leases({ owner, pool: "big" })).toHaveLength(2);
  });
}

function counts(open: Open): void {
  it("puts every address of a pool into one group, and says when the next quarantine ends", async () => {
    const register = await start(open);
    const first = parseMac("42:10:00:00:00:00");
    await register.store.reserve({ start: first + 3, end: first + 3, reason: "gateway" });
    const { lease: a } = await register.grant({ pool: "tiny", owner: "a" });
    const { lease: b } = await register.grant({ pool: "tiny", owner: "b" });
    await register.grant({ pool: "tiny", owner: "c" });
    await register.release(a);
    register.clock.advance(HOUR);
    await register.release(b);
    expect(await register.store.stats("tiny")).toEqual({
      size: 5,
      live: 1,
      quarantined: 1,
      reusable: 1,
      reserved: 1,
      neverIssued: 1,
      nextFreeAt: register.clock.now + HOUR,
    });
  });

  it("counts a pool that reservations cut into more than a hundred pieces", async () => {
    const register = await start(open);
    const first = parseMac("42:20:00:00:00:00");
    const reserved = Array.from({ length: 120 }, (_, index) => first + 2 * index);
    for (const address of reserved) await register.store.reserve({ start: address, end: address, reason: "odd" });
    await register.grant({ requestedAddress: first + 1 });
    expect(await register.store.stats("big")).toMatchObject({ live: 1, reserved: 120, neverIssued: 2 ** 32 - 121 });
  });

  it("counts an address that is both live and reserved as live", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.store.reserve({ start: lease.address, end: lease.address + 1, reason: "gateway" });
    expect(await register.store.stats("tiny")).toMatchObject({ live: 1, reserved: 1, neverIssued: 3 });
  });

  it("counts a released address that is reserved as reserved: it becomes free by no passing of time", async () => {
    const register = await start(open);
    const { lease: a } = await register.grant({ pool: "tiny", owner: "a" });
    const { lease: b } = await register.grant({ pool: "tiny", owner: "b" });
    await register.release(a);
    register.clock.advance(HOUR / 2);
    await register.release(b);
    await register.store.reserve({ start: a.address, end: a.address, reason: "gateway" });
    const nextFreeAt = register.clock.now + HOUR;
    expect(await register.store.stats("tiny")).toMatchObject({
      quarantined: 1,
      reserved: 1,
      neverIssued: 3,
      nextFreeAt,
    });
    register.clock.advance(HOUR);
    expect(await register.store.stats("tiny")).toMatchObject({ reusable: 1, quarantined: 0, reserved: 1 });
    await register.store.unreserve({ start: a.address, end: a.address });
    expect(await register.store.stats("tiny")).toMatchObject({ reusable: 2, reserved: 0, nextFreeAt: undefined });
  });

  it("tells a used-up pool when its next address becomes free, leaving out what is reserved", async () => {
    const register = await start(open);
    const leases = [];
    for (let index = 0; index < 5; index += 1) {
      leases.push((await register.grant({ pool: "tiny", owner: `o-${index}` })).lease);
    }
    const [first, second] = leases;
    for (const lease of [first, second]) {
      if (lease !== undefined) await register.release(lease);
      register.clock.advance(HOUR / 4);
    }
    await register.store.reserve({ start: first?.address ?? 0, end: first?.address ?? 0, reason: "gateway" });
    const refusal = await register.refusal({ pool: "tiny", owner: "late" });
    expect(refusal.details).toMatchObject({ live: 3, quarantined: 1, reserved: 1, nextFreeAt: "2026-01-01T13:15:00Z" });
  });

  it("counts pools of several ranges with reserved parts at their ends and between", async () => {
    const first = parseMac("42:70:00:00:00:00");
    const span = (from: number, to: number) => ({ start: first + from, end: first + to });
    const register = await start(open, {
      pools: [{ name: "parts", ranges: [span(0, 9), span(20, 29)], strategy: "sequential" }],
    });
    for (const range of [span(0, 1), span(4, 4), span(9, 21), span(28, 40)]) {
      await register.store.reserve({ ...range, reason: "x" });
    }
    expect(await register.store.stats("parts")).toMatchObject({ size: 20, reserved: 8, neverIssued: 12 });
    for (let index = 0; index < 12; index += 1) await register.grant({ pool: "parts", owner: "" });
    expect(await register.store.stats("parts")).toMatchObject({ live: 12, reserved: 8, neverIssued: 0 });
    expect((await register.refusal({ pool: "parts", owner: "" })).code).toBe("POOL_EXHAUSTED");
  });

  it("counts reserved addresses once when reserved ranges overlap or reach beyond the pool", async () => {
    const register = await start(open);
    const first = parseMac("42:10:00:00:00:00");
    const reserve = (from: number, to: number) =>
      register.store.reserve({ start: first + from, end: first + to, reason: "x" });
    await reserve(3, 900);
    await reserve(2, 3);
    await reserve(3, 3);
    await reserve(-5, 0);
    expect(await register.store.stats("tiny")).toMatchObject({ reserved: 4, neverIssued: 1 });
  });

  it("counts pools of 2^40 addresses exactly", async () => {
    const register = await start(open, {
      pools: [
        { name: "default", ranges: [{ start: parseMac("42:00:00:00:00:00"), end: parseMac("42:ff:ff:ff:ff:ff") }] },
      ],
      reservations: [{ start: parseMac("42:01:00:00:00:00"), end: parseMac("42:01:ff:ff:ff:ff"), reason: "cloud" }],
    });
    await register.grant({ pool: "default" });
    expect(await register.store.stats("default")).toMatchObject({
      size: 2 ** 40,
      reserved: 2 ** 32,
      neverIssued: 2 ** 40 - 2 ** 32 - 1,
    });
  });

  it("is refused for a pool that is not there", async () => {
    const register = await start(open);
    expect((await rejection(register.store.stats("nowhere"))).code).toBe("POOL_NOT_FOUND");
  });
}

function ends(open: Open): void {
  it("verify finds nothing wrong with a register in use, counts its leases and changes nothing", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.store.update({ ...(await register.grant()).lease, owner: "renamed" });
    await register.grant({ owner: "other", adopt: true });
    await register.release((await register.grant({ owner: "other" })).lease);
    await register.store.reserve({ start: lease.address, end: lease.address, reason: "live lease in it" });
    await register.store.unreserve({ start: lease.address, end: lease.address });
    const seq = await register.seq();
    expect(await register.store.verify()).toEqual({ faults: [], leases: 2 });
    expect(await register.seq()).toBe(seq);
  });

  it("close waits for what is under way, and closing twice is no error", async () => {
    const register = await start(open);
    const grants = ["a", "b", "c"].map((owner) => register.grant({ owner }));
    await register.store.close();
    await register.store.close();
    expect(await Promise.all(grants)).toHaveLength(3);
  });
}
