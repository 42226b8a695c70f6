import { describe, expect, it } from "vitest";
import { definePool, type PoolSpec } from "../../../provider/lease/pool";
import { formatMac, parseMac } from "../../../provider/mac/mac";
import { parsePrefix, parseRange } from "../../../provider/mac/range";
import { type Open, type Register, rejection, request, start } from "../support";
import { addressesOf, block } from "./block-support";

const LAB: PoolSpec = { name: "lab", ranges: [parsePrefix("52:54:00")] };
const NEXT = parsePrefix("52:54:01");
const mine = { owner: "acme/network/prod/lab", installation: "one" };
const theirs = { owner: "acme/network/prod/other", installation: "two" };
const printers = { ...parsePrefix("42:20:0a"), reason: "printers" };

/** What is foretold of pools and reservations that a program declares. */
export function plannedContract(open: Open): void {
  describe("a pool that is planned", () => foretells(open));
  describe("a prediction of a pool", () => predictsPools(open));
  describe("a prediction of a reservation", () => predictsReservations(open));
}

function foretells(open: Open): void {
  it("grants in predictions what it grants when it was created", async () => {
    const register = await start(open);
    const planned = [definePool(LAB)];
    const foretold = await register.store.predict(request({ pool: "lab" }), undefined, planned);
    const nics = block({ pool: "lab", contiguous: true });
    const run = await register.store.predictBlock(nics, undefined, planned);
    expect((await rejection(register.store.predict(request({ pool: "lab" })))).code).toBe("POOL_NOT_FOUND");
    await register.store.createPool(LAB);
    expect((await register.grant({ pool: "lab" })).lease.address).toBe(foretold?.address);
    expect(addressesOf(await register.store.acquireBlock(nics))).toEqual(run.map((chosen) => chosen?.address));
  });

  it("gives owners back what they released in it before it was deleted", async () => {
    const register = await start(open);
    await register.store.createPool(LAB);
    const requestedAddress = parseMac("52:54:00:00:00:07");
    const { lease } = await register.grant({ pool: "lab", requestedAddress });
    await register.release(lease);
    await register.store.deletePool("lab");
    const foretold = await register.store.predict(request({ pool: "lab" }), undefined, [definePool(LAB)]);
    expect(foretold).toEqual({ rule: "reclaim", address: requestedAddress });
  });

  it.each([
    ["deleted", async ({ store }: Register) => void (await store.deletePool("lab"))],
    ["made smaller", async ({ store }: Register) => void (await store.updatePool("lab", { ranges: [NEXT] }))],
  ])("gives owners back what they released in another that was %s since", async (_, change) => {
    const register = await start(open);
    await register.store.createPool({ ...LAB, ranges: [...LAB.ranges, NEXT] });
    for (const index of [7, 8, 9]) {
      const requestedAddress = parseMac("52:54:00:00:00:00") + index;
      await register.release((await register.grant({ pool: "lab", rotation: `${index}`, requestedAddress })).lease);
    }
    await change(register);
    const planned = [definePool({ ...LAB, name: "yard" })];
    const asks = ["8", "7", "other"].map((rotation) => request({ pool: "yard", rotation }));
    const foretold = await Promise.all(asks.map((one) => register.store.predict(one, undefined, planned)));
    await register.store.createPool({ ...LAB, name: "yard" });
    const granted = await register.store.acquire(asks);
    const found = granted.map((one) => one.ok && { rule: one.value.rule, address: one.value.lease.address });
    expect(foretold).toEqual(found);
    expect(foretold.map((one) => one?.rule)).toEqual(["reclaim", "reclaim", "derive"]);
  });

  it("stands in place of the one there is", async () => {
    const register = await start(open);
    await register.store.createPool(LAB);
    const planned = [definePool({ ...LAB, ranges: [parsePrefix("52:54:02")] })];
    const foretold = await register.store.predict(request({ pool: "lab" }), undefined, planned);
    expect(formatMac(foretold?.address ?? 0)).toMatch(/^52:54:02:/);
  });
}

function predictsPools(open: Open): void {
  it("says what two that plan one pool come to, and takes none of it for damage", async () => {
    const register = await start(open);
    const planned = [definePool(LAB, mine)];
    expect((await rejection(register.store.predictPool(LAB, theirs, false, planned))).code).toBe("POOL_CONFLICT");
    await register.store.predictPool(LAB, theirs, true, planned);
    expect((await register.grant()).rule).toBe("derive");
  });

  it("is the pool that is created then, and writes nothing", async () => {
    const register = await start(open);
    const before = [await register.seq(), await register.store.pools()];
    const predicted = await register.store.predictPool(LAB, mine);
    expect([await register.seq(), await register.store.pools()]).toEqual(before);
    expect(await register.store.createPool(LAB, mine)).toEqual(predicted);
    expect(await register.store.predictPool(LAB, mine)).toEqual(predicted);
  });

  it("fails as the creation would", async () => {
    const register = await start(open);
    await register.store.createPool(LAB, mine);
    await register.grant({ pool: "lab" });
    const cases = [
      { spec: LAB, by: theirs },
      { spec: { ...LAB, ranges: [parsePrefix("52:54:02")] }, by: mine },
      { spec: { ...LAB, name: "other" }, by: theirs },
      { spec: { ...LAB, ranges: [parseRange("01:00:5e:00:00:00")] }, by: mine },
    ];
    for (const { spec, by } of cases) {
      const predicted = await rejection(register.store.predictPool(spec, by));
      const refused = await rejection(register.store.createPool(spec, by));
      expect([predicted.code, predicted.message]).toEqual([refused.code, refused.message]);
    }
    expect((await register.store.predictPool(LAB, theirs, true)).managedBy).toEqual(theirs);
  });

  it("counts other planned pools, and takes a pool of its manager under another name for deleted", async () => {
    const register = await start(open);
    await register.store.createPool(LAB, mine);
    const renamed = { ...LAB, name: "yard" };
    expect((await register.store.predictPool(renamed, mine)).name).toBe("yard");
    expect((await rejection(register.store.predictPool(renamed, theirs))).code).toBe("POOL_CONFLICT");
    const moved = definePool({ ...LAB, ranges: [parsePrefix("52:54:02")] }, mine);
    expect((await register.store.predictPool(renamed, theirs, false, [moved])).name).toBe("yard");
    const clash = { ...renamed, ranges: [parsePrefix("52:54:02")] };
    expect((await rejection(register.store.predictPool(clash, theirs, false, [moved]))).code).toBe("POOL_CONFLICT");
  });
}

function predictsReservations(open: Open): void {
  it("is the number of live leases in the range, and writes nothing", async () => {
    const register = await start(open);
    const addresses = ["42:20:0a:00:00:01", "42:20:0a:ff:ff:ff", "42:20:0b:00:00:00", "42:20:0a:00:00:02"].map(
      parseMac,
    );
    for (const requestedAddress of addresses) {
      const { lease } = await register.grant({ owner: `o-${requestedAddress}`, requestedAddress });
      if (requestedAddress === addresses[3]) await register.release(lease);
    }
    const before = [await register.seq(), await register.store.reserved()];
    expect(await register.store.predictReservation(printers, mine)).toBe(2);
    expect([await register.seq(), await register.store.reserved()]).toEqual(before);
  });

  it("fails as the reservation would", async () => {
    const register = await start(open);
    await register.store.reserve(printers, mine);
    const predicted = await rejection(register.store.predictReservation(printers, theirs));
    const refused = await rejection(register.store.reserve(printers, theirs));
    expect([predicted.code, predicted.message]).toEqual([refused.code, refused.message]);
    expect(await register.store.predictReservation(printers, theirs, true)).toBe(0);
    expect(await register.store.predictReservation(printers, mine)).toBe(0);
  });
}
