import { describe, expect, it } from "vitest";
import { derive } from "../../../provider/lease/derive";
import { definePool } from "../../../provider/lease/pool";
import { formatMac } from "../../../provider/mac/mac";
import { BIG, HOUR, type Open, rejection, start } from "../support";
import { addressesOf, block, everything, heldBy, owned, row, startRow } from "./block-support";

const big = definePool(BIG);

/** Several addresses in one step. */
export function blockContract(open: Open): void {
  describe("a block", () => {
    grants(open);
    staysItself(open);
    isAllOrNothing(open);
  });
  describe("a block that exists", () => {
    changes(open);
    renamedByToken(open);
  });
}

function grants(open: Open): void {
  it("gives index i to the owner <owner>[i], each its own derived address and token", async () => {
    const register = await start(open);
    const granted = await register.store.acquireBlock(block());
    expect(addressesOf(granted)).toEqual([0, 1, 2].map((index) => derive(big, `vm[${index}]`, 0)));
    expect(granted.map(({ lease }) => lease.owner)).toEqual(["vm[0]", "vm[1]", "vm[2]"]);
    expect(new Set(granted.map(({ lease }) => lease.token)).size).toBe(3);
    expect(granted.map(({ rule }) => rule)).toEqual(["derive", "derive", "derive"]);
    const stored = await Promise.all(granted.map(({ lease }) => register.store.find(lease.address)));
    expect(stored).toEqual(granted.map(({ lease }) => lease));
  });

  it("takes the next addresses of the sequence, and the sequence goes on after them", async () => {
    const register = await startRow(open);
    await register.grant({ pool: "row", owner: "a", requestedAddress: row(1) });
    const granted = await register.store.acquireBlock(block({ pool: "row" }));
    expect(addressesOf(granted)).toEqual([row(0), row(2), row(3)]);
    expect(await register.address({ pool: "row", owner: "b" })).toBe(formatMac(row(4)));
  });

  it("never gives one address twice, when candidates of its indexes meet and when released ones are handed on", async () => {
    const register = await startRow(open, { strategy: "derived" });
    expect(new Set(addressesOf(await register.store.acquireBlock(block({ pool: "row", count: 20 })))).size).toBe(20);
    await register.store.release(await register.leases());
    register.clock.advance(HOUR);
    const others = await register.store.acquireBlock(block({ pool: "row", owner: "other", count: 20 }));
    expect(new Set(addressesOf(others)).size).toBe(20);
    expect((await register.leases({ state: "live" })).map(({ owner }) => owner.slice(0, 5))).toEqual(
      Array.from({ length: 20 }, () => "other"),
    );
  });

  it("never gives one address twice when derived and sequential ones meet", async () => {
    const ranges = [{ start: row(0), end: row(199) }];
    const register = await startRow(open, { strategy: "derived", ranges });
    const granted = await register.store.acquireBlock(block({ pool: "row", count: 200 }));
    expect(new Set(granted.map(({ rule }) => rule))).toEqual(new Set(["derive", "sequence"]));
    expect(new Set(addressesOf(granted)).size).toBe(200);
  });

  it("leaves to an index what it had, when one before it has to take what was released", async () => {
    const register = await startRow(open);
    const [first, second] = await register.store.acquireBlock(block({ pool: "row", count: 2 }));
    const others = await register.store.acquireBlock(block({ pool: "row", owner: "other", count: 18 }));
    for (const grant of [second, first, others[17]]) if (grant !== undefined) await register.release(grant.lease);
    register.clock.advance(HOUR);
    await register.grant({ pool: "row", owner: "thief", requestedAddress: row(0) });
    const again = await register.store.acquireBlock(block({ pool: "row", count: 2 }));
    expect(addressesOf(again)).toEqual([row(19), row(1)]);
  });

  it("does not give one index what another one of the same block had", async () => {
    const register = await startRow(open);
    const first = await register.store.acquireBlock(block({ pool: "row" }));
    await register.release(first[2]?.lease ?? { address: 0, token: "" });
    await register.release(first[0]?.lease ?? { address: 0, token: "" });
    const held = row(1);
    for (let index = 3; index < 20; index += 1) await register.grant({ pool: "row", owner: `o-${index}` });
    register.clock.advance(HOUR);
    const again = await register.store.acquireBlock(block({ pool: "row" }));
    expect(addressesOf(again)).toEqual([row(0), held, row(2)]);
  });
}

function staysItself(open: Open): void {
  it("gets the same addresses under new tokens when it asks again, and has one lease an index", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    const again = await register.store.acquireBlock(block());
    expect(addressesOf(again)).toEqual(addressesOf(first));
    expect(again.map(({ rule }) => rule)).toEqual(["keep", "keep", "keep"]);
    expect(await register.leases()).toHaveLength(3);
    expect(await register.store.release(first.map(({ lease }) => lease))).toEqual([undefined, undefined, undefined]);
    expect(await register.leases({ state: "live" })).toHaveLength(3);
  });

  it("gets the same addresses after all were released, also when it is shorter or longer then", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    await register.store.release(first.map(({ lease }) => lease));
    const longer = await register.store.acquireBlock(block({ count: 4, installation: "two" }));
    expect(addressesOf(longer).slice(0, 3)).toEqual(addressesOf(first));
    await register.store.release(longer.map(({ lease }) => lease));
    const shorter = await register.store.acquireBlock(block({ count: 2 }));
    expect(addressesOf(shorter)).toEqual(addressesOf(first).slice(0, 2));
  });

  it("takes over what another installation holds of it when told to adopt", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    const adopted = await register.store.acquireBlock(block({ installation: "two", adopt: true }));
    expect(addressesOf(adopted)).toEqual(addressesOf(first));
    expect(adopted.map(({ rule }) => rule)).toEqual(["adopt", "adopt", "adopt"]);
  });

  it("gets other addresses under other keepers, while it has the old ones and after", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    const other = await register.store.acquireBlock(block({ rotation: "r1" }));
    expect(addressesOf(other).filter((address) => addressesOf(first).includes(address))).toEqual([]);
    await register.store.release(first.map(({ lease }) => lease));
    expect(addressesOf(await register.store.acquireBlock(block({ rotation: "r1" })))).toEqual(addressesOf(other));
  });
}

function isAllOrNothing(open: Open): void {
  it("gets under other keepers what it had before when there is nothing else, and nobody before its quarantine is over", async () => {
    const register = await startRow(open, { ranges: [{ start: row(0), end: row(3) }] });
    const nics = { pool: "row", count: 4, contiguous: true };
    const before = await register.store.acquireBlock(block(nics));
    await register.store.release(before.map(({ lease }) => lease));
    expect((await rejection(register.store.acquireBlock(block({ ...nics, rotation: "2" })))).code).toBe(
      "POOL_EXHAUSTED",
    );
    register.clock.advance(HOUR);
    const again = await register.store.acquireBlock(block({ ...nics, rotation: "2" }));
    expect(addressesOf(again)).toEqual(addressesOf(before));
    expect(new Set(again.map(({ rule }) => rule))).toEqual(new Set(["reuse"]));
  });

  it("fails whole when the pool has too few, and writes nothing", async () => {
    const register = await startRow(open);
    for (let index = 0; index < 18; index += 1) await register.grant({ pool: "row", owner: `o-${index}` });
    const before = await everything(register);
    const refusal = await rejection(register.store.acquireBlock(block({ pool: "row" })));
    expect(refusal.code).toBe("POOL_EXHAUSTED");
    expect(refusal.message).toContain("not 3 addresses");
    expect(await everything(register)).toEqual(before);
    expect(addressesOf(await register.store.acquireBlock(block({ pool: "row", count: 2 })))).toEqual([
      row(18),
      row(19),
    ]);
  });

  it("does not disturb what is asked for at the same moment when it fails", async () => {
    const register = await startRow(open);
    const [one, refused, other] = await Promise.allSettled([
      register.address({ pool: "row", owner: "a" }),
      register.store.acquireBlock(block({ pool: "row", count: 20 })),
      register.address({ pool: "row", owner: "b" }),
    ]);
    expect([one, other].map((outcome) => outcome.status === "fulfilled" && outcome.value)).toEqual([
      formatMac(row(0)),
      formatMac(row(1)),
    ]);
    expect(refused.status).toBe("rejected");
    expect(Object.keys(await owned(register))).toEqual(["a", "b"]);
  });

  it("is refused in a pool that does not exist", async () => {
    const register = await start(open);
    expect((await rejection(register.store.acquireBlock(block({ pool: "nowhere" })))).code).toBe("POOL_NOT_FOUND");
  });
}

function changes(open: Open): void {
  it("keeps its addresses and tokens and gets more at its end", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    const grown = await register.store.acquireBlock(block({ count: 5, held: heldBy(first) }));
    expect(grown.slice(0, 3).map(({ lease }) => lease)).toEqual(first.map(({ lease }) => lease));
    expect(Object.keys(await owned(register)).sort()).toEqual([0, 1, 2, 3, 4].map((index) => `vm[${index}]`));
    expect((await register.events()).filter(({ kind }) => kind === "update")).toEqual([]);
  });

  it("releases its last addresses when it shrinks, by their tokens only", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block({ count: 4 }));
    const held = heldBy(first);
    const stale = { ...held, refs: held.refs.map((ref, index) => (index === 3 ? { ...ref, token: "stale" } : ref)) };
    const left = await register.store.acquireBlock(block({ count: 2, held: stale }));
    expect(addressesOf(left)).toEqual(addressesOf(first).slice(0, 2));
    expect(Object.keys(await owned(register)).sort()).toEqual(["vm[0]", "vm[1]", "vm[3]"]);
  });

  it("grows back to the addresses it had", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    const shrunk = await register.store.acquireBlock(block({ count: 1, held: heldBy(first) }));
    const grown = await register.store.acquireBlock(block({ held: heldBy(shrunk) }));
    expect(addressesOf(grown)).toEqual(addressesOf(first));
  });

  it("takes on a new name and labels, under its tokens", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    const change = { owner: "renamed", installation: "two", description: "NICs", tags: { rack: "7" } };
    const renamed = await register.store.acquireBlock(block({ ...change, held: heldBy(first) }));
    expect(renamed.map(({ lease }) => lease.token)).toEqual(first.map(({ lease }) => lease.token));
    for (const [index, { lease }] of renamed.entries()) {
      expect(await register.store.find(lease.address)).toMatchObject({ ...change, owner: `renamed[${index}]` });
    }
  });

  it("asserts a lost address again, and repeats it after a crash in spite of the old token and name", async () => {
    const register = await start(open);
    const first = await register.store.acquireBlock(block());
    await register.store.release(first.slice(1, 2).map(({ lease }) => lease));
    const change = block({ owner: "renamed", held: heldBy(first) });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const again = await register.store.acquireBlock(change);
      expect(addressesOf(again)).toEqual(addressesOf(first));
      expect(await owned(register)).toEqual(
        Object.fromEntries(addressesOf(first).map((address, index) => [`renamed[${index}]`, formatMac(address)])),
      );
    }
  });

  it("fails whole when a lost address is somebody else's by now", async () => {
    const register = await startRow(open, { quarantineSeconds: 0 });
    const first = await register.store.acquireBlock(block({ pool: "row" }));
    await register.store.release(first.slice(1, 2).map(({ lease }) => lease));
    await register.grant({ pool: "row", owner: "thief", requestedAddress: row(1) });
    const before = await everything(register);
    const change = block({ pool: "row", owner: "renamed", count: 5, held: heldBy(first) });
    const refusal = await rejection(register.store.acquireBlock(change));
    expect(refusal.code).toBe("ADDRESS_TAKEN");
    expect(refusal.message).toContain("thief");
    expect(await everything(register)).toEqual(before);
  });
}

/** A lease has, by its token, the name of another index than the one that holds it. */
function renamedByToken(open: Open): void {
  it.each([
    ["sequential", false],
    ["derived", false],
    ["sequential", true],
    ["derived", true],
  ] as const)(
    "of %s addresses (contiguous: %s) never has one for two indexes, and a preview neither",
    async (strategy, contiguous) => {
      const register = await startRow(open, { strategy });
      const asked = { pool: "row", count: 2, contiguous };
      const [first] = await register.store.acquireBlock(block({ ...asked, count: 1 }));
      if (first === undefined) throw new Error("nothing was granted");
      await register.store.update({ ...first.lease, owner: "vm[1]" });
      const grown = block({ ...asked, held: heldBy([first]) });
      const foreseen = (await register.store.predictBlock(grown)).map((one) => one?.address);
      const granted = addressesOf(await register.store.acquireBlock(grown));
      expect(granted[0]).toBe(first.lease.address);
      expect(new Set(granted).size).toBe(2);
      for (const [index, address] of foreseen.entries()) expect([undefined, granted[index]]).toContain(address);
      const names = ["vm[0]", "vm[1]"].map((name, index) => [name, formatMac(granted[index] ?? 0)]);
      expect(await owned(register)).toEqual(Object.fromEntries(names));
    },
  );

  it("does not give an index what another one asserts again, though the index had it last", async () => {
    const register = await startRow(open, { quarantineSeconds: 0 });
    const [first] = await register.store.acquireBlock(block({ pool: "row", count: 1 }));
    if (first === undefined) throw new Error("nothing was granted");
    await register.store.update({ ...first.lease, owner: "vm[1]" });
    await register.release(first.lease);
    const granted = await register.store.acquireBlock(block({ pool: "row", count: 2, held: heldBy([first]) }));
    expect(addressesOf(granted)).toEqual([row(0), row(1)]);
  });
}
