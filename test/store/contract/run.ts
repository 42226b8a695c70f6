import { describe, expect, it } from "vitest";
import type { BlockRequest } from "../../../provider/lease/block";
import { ATTEMPTS, derive } from "../../../provider/lease/derive";
import { definePool } from "../../../provider/lease/pool";
import { formatMac, type Mac } from "../../../provider/mac/mac";
import { BIG, HOUR, type Open, only, type Register, rejection, start } from "../support";
import { addressesOf, block, everything, heldBy, owned, row, startRow } from "./block-support";

const big = definePool(BIG);

/** Consecutive addresses in one step, and what is foretold of blocks. */
export function runContract(open: Open): void {
  describe("a contiguous block", () => {
    runs(open);
    growsInPlace(open);
    comesBack(open);
  });
  describe("a prediction of a block", () => predicts(open));
}

const contiguous = (change: Partial<BlockRequest> = {}) => block({ contiguous: true, ...change });

function consecutive(first: Mac, count: number): readonly Mac[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function runs(open: Open): void {
  it("begins at the first derived candidate of its own owner", async () => {
    const register = await start(open);
    const granted = await register.store.acquireBlock(contiguous());
    expect(addressesOf(granted)).toEqual(consecutive(derive(big, "vm", 0), 3));
    expect(granted.map(({ rule }) => rule)).toEqual(["derive", "derive", "derive"]);
  });

  it("passes over a candidate whose run holds a leased, a quarantined or a reserved address", async () => {
    const register = await start(open);
    const candidates = Array.from({ length: ATTEMPTS }, (_, attempt) => derive(big, "vm", attempt));
    const [first = 0, second = 0, third = 0, fourth = 0] = candidates;
    await register.grant({ owner: "a", requestedAddress: first + 2 });
    const { lease } = await register.grant({ owner: "b", requestedAddress: second + 1 });
    await register.release(lease);
    await register.store.reserve({ ...only(third), reason: "a printer" });
    expect(addressesOf(await register.store.acquireBlock(contiguous()))).toEqual(consecutive(fourth, 3));
    register.clock.advance(HOUR);
    expect((await register.store.predictBlock(contiguous({ installation: "two" })))[0]?.address).toBe(second);
  });

  it("begins where a preview showed it, if that is one of its candidates and free", async () => {
    const register = await start(open);
    const shown = derive(big, "vm", 4);
    const preferred = consecutive(shown, 3);
    expect(addressesOf(await register.store.acquireBlock(contiguous({ preferred })))).toEqual(preferred);
    const other = contiguous({ owner: "other", preferred: [shown + 3] });
    expect(addressesOf(await register.store.acquireBlock(other))[0]).toBe(derive(big, "other", 0));
  });

  it("is the first run of the sequence that is long enough, and loses no address before it", async () => {
    const register = await startRow(open);
    await register.grant({ pool: "row", owner: "a", requestedAddress: row(2) });
    await register.store.reserve({ ...only(row(5)), reason: "a printer" });
    expect(addressesOf(await register.store.acquireBlock(contiguous({ pool: "row" })))).toEqual(consecutive(row(6), 3));
    const rest = [];
    for (let index = 0; index < 5; index += 1) rest.push(await register.address({ pool: "row", owner: `o-${index}` }));
    expect(rest).toEqual([0, 1, 3, 4, 9].map((index) => formatMac(row(index))));
  });

  it("lies within one range", async () => {
    const ranges = [
      { start: row(0), end: row(1) },
      { start: row(4), end: row(7) },
    ];
    const register = await startRow(open, { ranges });
    expect(addressesOf(await register.store.acquireBlock(contiguous({ pool: "row" })))).toEqual(consecutive(row(4), 3));
    const derived = await startRow(open, { ranges, strategy: "derived" });
    expect(addressesOf(await derived.store.acquireBlock(contiguous({ pool: "row", count: 4 })))).toEqual(
      consecutive(row(4), 4),
    );
  });

  it("is a run that others released when nothing else is left, and fails when there is none", async () => {
    const register = await startRow(open);
    const all = await register.store.acquireBlock(block({ pool: "row", owner: "other", count: 20 }));
    await register.store.release(all.slice(3, 5).map(({ lease }) => lease));
    await register.store.release(all.slice(10, 13).map(({ lease }) => lease));
    expect((await rejection(register.store.acquireBlock(contiguous({ pool: "row" })))).code).toBe("POOL_EXHAUSTED");
    register.clock.advance(HOUR);
    const granted = await register.store.acquireBlock(contiguous({ pool: "row" }));
    expect(addressesOf(granted)).toEqual(consecutive(row(10), 3));
    expect(granted.map(({ rule }) => rule)).toEqual(["reuse", "reuse", "reuse"]);
    const before = await everything(register);
    expect((await rejection(register.store.acquireBlock(contiguous({ pool: "row", owner: "b" })))).code).toBe(
      "POOL_EXHAUSTED",
    );
    expect(await everything(register)).toEqual(before);
  });
}

function growsInPlace(open: Open): void {
  it("gets the addresses after the ones it has", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    const grown = await register.store.acquireBlock(contiguous({ count: 5, held: heldBy(first) }));
    expect(addressesOf(grown)).toEqual(consecutive(first[0]?.lease.address ?? 0, 5));
    expect(grown.slice(0, 3).map(({ lease }) => lease.token)).toEqual(first.map(({ lease }) => lease.token));
  });

  it("gets the same when that is repeated because nobody heard of it, as was foreseen", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    const growth = contiguous({ count: 5, held: heldBy(first) });
    const unheard = addressesOf(await register.store.acquireBlock(growth));
    const foreseen = await register.store.predictBlock(growth);
    expect(foreseen.map((chosen) => chosen?.address)).toEqual(unheard);
    expect(addressesOf(await register.store.acquireBlock(growth))).toEqual(unheard);
    expect(Object.values(await owned(register))).toEqual(unheard.map(formatMac));
  });

  const obstacles: readonly [string, string, (register: Register, address: Mac) => Promise<unknown>][] = [
    ["leased", "ADDRESS_TAKEN", (register, requestedAddress) => register.grant({ owner: "a", requestedAddress })],
    [
      "in quarantine",
      "ADDRESS_QUARANTINED",
      async (register, requestedAddress) => {
        const { lease } = await register.grant({ owner: "a", requestedAddress });
        await register.release(lease);
      },
    ],
    ["reserved", "ADDRESS_RESERVED", (register, address) => register.store.reserve({ ...only(address), reason: "a" })],
  ];

  it.each(obstacles)("fails whole when the next address is %s, and changes nothing", async (_, code, obstruct) => {
    const register = await startRow(open);
    const first = await register.store.acquireBlock(contiguous());
    await obstruct(register, (first[0]?.lease.address ?? 0) + 4);
    const before = await everything(register);
    const change = contiguous({ owner: "renamed", count: 5, held: heldBy(first) });
    const refusal = await rejection(register.store.acquireBlock(change));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain("change a keeper");
    expect((await rejection(register.store.predictBlock(change))).code).toBe(code);
    expect(await everything(register)).toEqual(before);
  });

  it("fails whole when it would leave its range", async () => {
    const register = await startRow(open);
    const first = await register.store.acquireBlock(contiguous({ pool: "row", count: 18 }));
    const change = contiguous({ pool: "row", count: 21, held: heldBy(first) });
    expect((await rejection(register.store.acquireBlock(change))).code).toBe("ADDRESS_OUTSIDE_POOL");
  });

  it("grows on when the one before it was repeated after a crash with a higher count", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    const again = await register.store.acquireBlock(contiguous({ count: 5 }));
    expect(addressesOf(again)).toEqual(consecutive(first[0]?.lease.address ?? 0, 5));
  });

  it("takes back what it released, whoever could have it by now", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    const shrunk = await register.store.acquireBlock(contiguous({ count: 1, held: heldBy(first) }));
    const grown = await register.store.acquireBlock(contiguous({ held: heldBy(shrunk) }));
    expect(addressesOf(grown)).toEqual(addressesOf(first));
  });
}

function comesBack(open: Open): void {
  it("is the same run when it asks again, and after it was released", async () => {
    const register = await startRow(open);
    await register.grant({ pool: "row", owner: "a" });
    const first = await register.store.acquireBlock(contiguous({ pool: "row" }));
    const again = await register.store.acquireBlock(contiguous({ pool: "row" }));
    expect(addressesOf(again)).toEqual(addressesOf(first));
    await register.store.release(again.map(({ lease }) => lease));
    const back = await register.store.acquireBlock(contiguous({ pool: "row", installation: "two" }));
    expect(addressesOf(back)).toEqual(addressesOf(first));
    expect(back.map(({ rule }) => rule)).toEqual(["reclaim", "reclaim", "reclaim"]);
  });

  it("is adopted as a whole", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    const left = await register.store.acquireBlock(contiguous({ installation: "two" }));
    expect(addressesOf(left).filter((address) => addressesOf(first).includes(address))).toEqual([]);
    const adopted = await register.store.acquireBlock(contiguous({ installation: "three", adopt: true }));
    expect([addressesOf(first), addressesOf(left)]).toContainEqual(addressesOf(adopted));
  });

  it("gets a new run when its first address cannot be followed by the others, which lie elsewhere", async () => {
    const register = await start(open);
    const scattered = await register.store.acquireBlock(block());
    await register.grant({ owner: "a", requestedAddress: (scattered[0]?.lease.address ?? 0) + 1 });
    const run = await register.store.acquireBlock(contiguous());
    expect(addressesOf(run)).toEqual(consecutive(derive(big, "vm", 0), 3));
  });

  it("gets another run under other keepers, also when nobody else has the old one", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    await register.store.release(first.map(({ lease }) => lease));
    register.clock.advance(HOUR);
    const other = await register.store.acquireBlock(contiguous({ rotation: "r1" }));
    expect(addressesOf(other)).toEqual(consecutive(derive(big, "vm", 1), 3));
  });

  it("gets a new run when it was not contiguous before, again when that is repeated, and lets the old one go", async () => {
    const register = await start(open);
    const scattered = await register.store.acquireBlock(block());
    const run = await register.store.acquireBlock(contiguous());
    const start0 = run[0]?.lease.address ?? 0;
    expect(addressesOf(run)).toEqual(consecutive(start0, 3));
    const again = await register.store.acquireBlock(contiguous());
    expect(addressesOf(again)).toEqual(addressesOf(run));
    await register.store.release(scattered.map(({ lease }) => lease));
    expect(Object.values(await owned(register))).toEqual(addressesOf(run).map(formatMac));
  });
}

function predicts(open: Open): void {
  const shapes = [false, true].map((isContiguous) => block({ contiguous: isContiguous }));

  it.each(shapes)("is what is granted then: contiguous $contiguous", async (asked) => {
    const register = await start(open);
    const before = await register.seq();
    const predicted = await register.store.predictBlock(asked);
    expect(await register.seq()).toBe(before);
    const granted = await register.store.acquireBlock(asked);
    expect(predicted.map((chosen) => chosen?.address)).toEqual(addressesOf(granted));
    const grown = { ...asked, count: 6, held: heldBy(granted) };
    const foreseen = await register.store.predictBlock(grown);
    expect(foreseen.map((chosen) => chosen?.address)).toEqual(addressesOf(await register.store.acquireBlock(grown)));
  });

  it.each(shapes)("avoids what others were shown: contiguous $contiguous", async (asked) => {
    const register = await start(open);
    const [, second] = await register.store.predictBlock(asked);
    const isPromised = (address: Mac, owner: string) => address === second?.address && owner !== "vm[1]";
    expect((await register.store.predictBlock(asked, isPromised))[1]).toEqual(second);
    const other = await register.store.predictBlock(asked, (address) => address === second?.address);
    expect(other.map((chosen) => chosen?.address)).not.toContain(second?.address);
    expect(other.every((chosen) => chosen !== undefined)).toBe(true);
    const preferred = other.map((chosen) => chosen?.address);
    expect(addressesOf(await register.store.acquireBlock({ ...asked, preferred }))).toEqual(preferred);
  });

  it("is left out for an address to grow into that somebody else was shown", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(contiguous());
    const next = (first[0]?.lease.address ?? 0) + 3;
    const grown = contiguous({ count: 5, held: heldBy(first) });
    const foreseen = await register.store.predictBlock(grown, (address) => address <= next);
    expect(foreseen.map((chosen) => chosen?.address)).toEqual([...addressesOf(first), undefined, next + 1]);
  });

  it("is left out where others may come first, but for what the block has", async () => {
    const register = await startRow(open);
    for (const isContiguous of [false, true]) {
      const asked = block({ pool: "row", owner: `vm-${isContiguous}`, contiguous: isContiguous });
      expect(await register.store.predictBlock(asked)).toEqual([undefined, undefined, undefined]);
      const granted = await register.store.acquireBlock(asked);
      const again = await register.store.predictBlock(asked);
      expect(again.map((chosen) => chosen?.address)).toEqual(addressesOf(granted));
    }
    const scattered = heldBy(await register.store.acquireBlock(block({ pool: "row" })));
    const grown = await register.store.predictBlock(block({ pool: "row", count: 4, held: scattered }));
    expect(grown.map((chosen) => chosen?.rule)).toEqual(["keep", "keep", "keep", undefined]);
  });
}
