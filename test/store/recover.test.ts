import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Lease } from "../../provider/lease/lease";
import type { StatedLease } from "../../provider/lease/recover";
import { parseMac } from "../../provider/mac/mac";
import { faultOfRegister } from "../../provider/resource/provenance";
import { createMemoryStore } from "../../provider/store/memory-store";
import {
  initial,
  type Open,
  openMemory,
  openSqlite,
  Register,
  STORE_ID,
  start,
  TestClock,
  testContext,
} from "./support";

const BASE = parseMac("42:10:00:00:00:00");
const OWNERS = ["a", "b", "c"] as const;
const INSTALLATIONS = ["one", "two"] as const;

const index = fc.integer({ min: 0, max: 6 });

/** Grants and releases in a pool of five addresses; an index beyond it is refused. */
const step = fc.record({
  owner: fc.constantFrom(...OWNERS),
  installation: fc.constantFrom(...INSTALLATIONS),
  offset: fc.option(index, { nil: undefined }),
  isRelease: fc.boolean(),
});

/** Leases as states have them, with few enough tokens and numbers for them to meet what the register has. */
const made = fc.record({
  address: index.map((offset) => BASE + offset),
  owner: fc.constantFrom(...OWNERS),
  installation: fc.constantFrom(...INSTALLATIONS),
  pool: fc.constantFrom("tiny", "tiny", "tiny", "big", "gone"),
  rotation: fc.constantFrom("", "r"),
  token: fc.integer({ min: 1, max: 12 }).map((number) => `token-${number}`),
  seq: fc.integer({ min: 1, max: 40 }),
  stack: fc.constantFrom("dev", "prod"),
  description: fc.constant(""),
  tags: fc.constant({}),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function lived(register: Register, steps: readonly Step[]): Promise<readonly Lease[]> {
  const granted: Lease[] = [];
  for (const { owner, installation, offset, isRelease } of steps) {
    const requestedAddress = offset === undefined ? undefined : BASE + offset;
    const last = granted.at(-1);
    if (isRelease && last !== undefined) await register.release(last);
    else
      await register.grant({ owner, installation, pool: "tiny", requestedAddress }).then(
        ({ lease }) => granted.push(lease),
        () => undefined,
      );
  }
  return granted;
}

async function checkRecovery(open: Open, steps: readonly Step[], others: readonly StatedLease[]): Promise<void> {
  const store = await open(initial(), testContext(new TestClock()));
  const register = new Register(store, new TestClock());
  try {
    const granted = await lived(register, steps);
    const all = [...granted.map((lease) => ({ ...lease, stack: "dev" })), ...others];
    const before = { leases: await register.leases(), events: await register.events() };
    const foreseen = await store.recover(all, false);
    expect({ leases: await register.leases(), events: await register.events() }, "a dry run wrote").toEqual(before);
    await store.recover(all, true);
    const after = { leases: await register.leases(), events: await register.events() };
    const again = await store.recover(all, true);
    expect({ leases: await register.leases(), events: await register.events() }, "the second run wrote").toEqual(after);
    expect(again.filter(({ verdict }) => verdict === "insert" || verdict === "renew")).toEqual([]);
    expect(again.map(({ stated }) => stated)).toEqual(foreseen.map(({ stated }) => stated));
    checkLeases(
      before.leases,
      after.leases,
      foreseen.filter(({ verdict }) => verdict === "duplicate").map(({ stated }) => stated),
    );
    expect((await store.verify()).faults).toEqual([]);
  } finally {
    await store.close();
  }
}

function checkLeases(before: readonly Lease[], after: readonly Lease[], duplicates: readonly StatedLease[]): void {
  const live = after.filter(({ releasedAt }) => releasedAt === undefined);
  expect(new Set(live.map(({ address }) => address)).size, "two live leases on one address").toBe(live.length);
  const keys = live.map(({ owner, pool, installation, rotation, slot }) =>
    JSON.stringify([owner, pool, installation, rotation, slot]),
  );
  expect(new Set(keys).size, "two live leases in one place").toBe(live.length);
  const at = new Map(after.map((lease) => [lease.address, lease]));
  for (const lease of before.filter(({ releasedAt }) => releasedAt === undefined)) {
    // What is live stays live, under its owner unless its own token came with another name.
    const now = at.get(lease.address);
    expect(now?.releasedAt).toBeUndefined();
    if (now?.token !== lease.token) expect([now?.owner, now?.installation]).toEqual([lease.owner, lease.installation]);
  }
  const untouched = new Map(before.map((lease) => [lease.address, lease]));
  for (const { address } of duplicates) {
    const holder = untouched.get(address);
    const isHeld = holder !== undefined && holder.releasedAt === undefined;
    if (isHeld) expect(at.get(address), "a duplicate replaced a holder").toEqual(holder);
    const grants = duplicates.filter((other) => other.address === address);
    const later = Math.max(...grants.map(({ seq }) => seq));
    const winners = grants.filter(({ seq }) => seq === later).map(({ token }) => token);
    const now = at.get(address);
    if (!isHeld && now?.releasedAt === undefined && now !== undefined) expect(winners).toContain(now.token);
  }
}

describe.each([
  ["in memory", openMemory, 400],
  ["in SQLite", openSqlite, 40],
] as const)("whatever states say of a register %s", (_, open, numRuns) => {
  it("no address is live twice, what is live stays, a dry run and a second run write nothing", async () => {
    const steps = fc.array(step, { maxLength: 12 });
    const property = fc.asyncProperty(steps, fc.array(made, { maxLength: 8 }), (lives, others) =>
      checkRecovery(open, lives, others),
    );
    await fc.assert(property, { numRuns });
  });
});

describe("a register made anew", () => {
  it("counts on above what the states know", async () => {
    const store = createMemoryStore({ ...initial(), seqAbove: 500 }, testContext());
    expect((await store.identity()).seq).toBeGreaterThan(500);
    expect(await store.event(500)).toBeUndefined();
    expect(await store.event(501)).toMatchObject({ kind: "init" });
  });
});

describe("an old copy that gave the same address to somebody else, as the same change", () => {
  it("is too old for the state, and what the state says is put back when the other is gone", async () => {
    const [ours, copy] = [await start(openMemory), await start(openMemory)];
    const { lease } = await ours.grant({ pool: "tiny", owner: "ours" });
    const { lease: other } = await copy.grant({ pool: "tiny", owner: "other" });
    expect([other.address, other.seq]).toEqual([lease.address, lease.seq]);
    expect((await faultOfRegister({ ...lease, storeId: STORE_ID }, copy.store))?.code).toBe("REGISTER_ROLLED_BACK");
    await copy.release(other);
    expect(await copy.store.recover([{ ...lease, stack: "dev" }], false)).toMatchObject([{ verdict: "insert" }]);
  });
});
