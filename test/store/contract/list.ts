import { describe, expect, it } from "vitest";
import type { Lease } from "../../../provider/lease/lease";
import { formatMac, parseMac } from "../../../provider/mac/mac";
import type { LeaseFilter } from "../../../provider/store/store";
import { type Open, type Register, request, start } from "../support";

/** `list` by owner: its order, and what it leaves out. */
export function listContract(open: Open): void {
  describe("list by owner", () => {
    orders(open);
    ordersUnowned(open);
    ordersOne(open);
    leavesOut(open);
  });
  describe("list by pool", () => followsPools(open));
  describe("a list", () => {
    staysUsable(open);
  });
}

/** In UTF-16, the one outside the basic plane would come before the last. */
const NAMES = ["", "a", "a/1", "a/2", "a0", "á", "\u{1f600}", "\uff21"];

/** UTF-8 has the order of code points. */
function compareCodePoints(one: string, other: string): number {
  const [left, right] = [Array.from(one), Array.from(other)];
  const at = left.findIndex((sign, index) => sign !== right[index]);
  if (at < 0) return left.length - right.length;
  return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
}

/** Gives every owner several leases in two pools, under two installations and keepers, and releases every third. */
async function crowded(open: Open): Promise<Register> {
  const register = await start(open, {
    pools: [
      { name: "late", ranges: [{ start: parseMac("42:60:00:00:00:00"), end: parseMac("42:60:00:00:ff:ff") }] },
      { name: "early", ranges: [{ start: parseMac("42:50:00:00:00:00"), end: parseMac("42:50:00:00:ff:ff") }] },
    ],
  });
  const asks = ["late", "early"].flatMap((pool) =>
    ["two", "one"].flatMap((installation) =>
      ["r", ""].flatMap((rotation) =>
        NAMES.flatMap((owner) => {
          const ask = request({ pool, installation, rotation, owner, sequential: true });
          return owner === "" ? Array.from({ length: 40 }, () => ask) : [ask];
        }),
      ),
    ),
  );
  await register.store.acquire(asks);
  await register.store.release((await register.leases()).filter((_, index) => index % 3 === 0));
  return register;
}

const stateOf = ({ releasedAt }: Lease) => (releasedAt === undefined ? "live" : "released");

/** Owners by their bytes; of one owner the live leases first; of those by address. */
function byOwner(one: Lease, other: Lease): number {
  return (
    compareCodePoints(one.owner, other.owner) ||
    stateOf(one).localeCompare(stateOf(other)) ||
    one.address - other.address
  );
}

const placeOf = (lease: Lease) => [lease.owner, stateOf(lease), formatMac(lease.address)];

function matches(lease: Lease, { owner, ownerPrefix = "", state, pool }: LeaseFilter): boolean {
  return (
    (owner === undefined || lease.owner === owner) &&
    lease.owner.startsWith(ownerPrefix) &&
    (state === undefined || stateOf(lease) === state) &&
    (pool === undefined || lease.pool === pool)
  );
}

function orders(open: Open): void {
  const filters = [{ ownerPrefix: "" }, { ownerPrefix: "a" }, { ownerPrefix: "a/" }, { ownerPrefix: "\u{1f600}" }];
  const owners = NAMES.map((owner) => ({ owner }));

  it.each<LeaseFilter>([...filters, ...owners])(
    "is by UTF-8 bytes, live ones of an owner first and those by address, each once, in every pool and state: %j",
    async (filter) => {
      const register = await crowded(open);
      const all = await register.leases();
      for (const pool of [undefined, "late", "early", "nowhere"]) {
        for (const state of [undefined, "live", "released"] as const) {
          const asked = { ...filter, pool, state };
          const found = await register.leases(asked);
          const expected = all.filter((lease) => matches(lease, asked));
          expect(found.toSorted((one, other) => one.address - other.address)).toEqual(expected);
          expect(found.map(placeOf)).toEqual(expected.toSorted(byOwner).map(placeOf));
        }
      }
    },
  );
}

function ordersUnowned(open: Open): void {
  it("is the same where very many have no owner, as after thousands of macpool next", async () => {
    const register = await crowded(open);
    const ask = request({ pool: "late", owner: "", sequential: true, installation: "many" });
    await register.store.acquire(Array.from({ length: 1500 }, () => ask));
    await register.store.release((await register.leases({ owner: "" })).filter((_, index) => index % 3 === 0));
    const all = await register.leases();
    for (const filter of [{ ownerPrefix: "" }, { owner: "" }, { owner: "", ownerPrefix: "a" }]) {
      for (const pool of [undefined, "late", "nowhere"]) {
        for (const state of [undefined, "live", "released"] as const) {
          const asked = { ...filter, pool, state };
          const expected = all.filter((lease) => matches(lease, asked)).sort(byOwner);
          expect((await register.leases(asked)).map(placeOf), JSON.stringify(asked)).toEqual(expected.map(placeOf));
        }
      }
    }
  });
}

/** Pools in which one owner has as many leases each; together more than the first two pages hold. */
const POOLS = ["a", "b", "c", "d", "e"].map((name, index) => ({
  name,
  ranges: [{ start: parseMac(`42:30:00:0${index}:00:00`), end: parseMac(`42:30:00:0${index}:ff:ff`) }],
}));
const EACH = 220;

function ordersOne(open: Open): void {
  it("is the same where one owner has very many, and others begin like it", async () => {
    const register = await start(open, { pools: POOLS });
    const owner = "x".repeat(401);
    // Pools in another order than addresses.
    for (const { name: pool, ranges } of POOLS.toReversed()) {
      const ask = (index: number) => request({ owner, pool, requestedAddress: (ranges[0]?.start ?? 0) + index });
      await register.store.acquire(Array.from({ length: EACH }, (_, index) => ask(index)));
      await register.store.acquire(["0", "/1"].map((more) => request({ owner: owner + more, pool })));
    }
    await register.store.release((await register.leases({ owner })).filter((_, index) => index % 20 === 0));
    const all = await register.leases();
    for (const filter of [{ owner }, { ownerPrefix: owner }, { ownerPrefix: "" }]) {
      for (const state of [undefined, "live", "released"] as const) {
        const asked = { ...filter, state };
        const expected = all.filter((lease) => matches(lease, asked)).sort(byOwner);
        expect((await register.leases(asked)).map(placeOf)).toEqual(expected.map(placeOf));
      }
    }
  });
}

function leavesOut(open: Open): void {
  it("takes an owner and a beginning together: both must match", async () => {
    const register = await crowded(open);
    expect(await register.leases({ owner: "a/1", ownerPrefix: "a/" })).toHaveLength(8);
    expect(await register.leases({ owner: "a/1", ownerPrefix: "a/1" })).toHaveLength(8);
    expect(await register.leases({ owner: "a", ownerPrefix: "a/" })).toEqual([]);
  });

  it("gives nothing for owners that are not there", async () => {
    const register = await crowded(open);
    for (const owner of ["A", "a/", "a/10", "zz"]) expect(await register.leases({ owner })).toEqual([]);
    expect(await register.leases({ ownerPrefix: "a/1x" })).toEqual([]);
  });
}

function followsPools(open: Open): void {
  const first = parseMac("42:10:00:00:00:00");
  const range = (from: number, to: number) => ({ start: first + from, end: first + to });
  const offsets = async (register: Register, filter: LeaseFilter) =>
    (await register.leases(filter)).map(({ address }) => address - first);

  it("has what lies in its ranges, and what was released where its ranges were before", async () => {
    const register = await start(open, {
      pools: [
        { name: "p", ranges: [range(0, 9)] },
        { name: "q", ranges: [range(10, 99)] },
      ],
    });
    const hold = async (pool: string, ...all: readonly number[]) => {
      for (const at of all) await register.grant({ pool, owner: `o-${at}`, requestedAddress: first + at });
    };
    await hold("p", 0, 4, 9);
    await hold("q", 12);
    await register.store.release((await register.leases({ pool: "p" })).filter(({ address }) => address !== first + 4));
    await register.store.updatePool("p", { ranges: [range(3, 5)] });
    expect(await offsets(register, { pool: "p" })).toEqual([0, 4, 9]);
    expect(await offsets(register, { pool: "p", state: "live" })).toEqual([4]);
    expect(await offsets(register, { pool: "p", state: "released" })).toEqual([0, 9]);
    expect(await offsets(register, { pool: "q" })).toEqual([12]);
    await register.store.updatePool("q", { ranges: [range(6, 99)] });
    expect(await offsets(register, { pool: "p" })).toEqual([0, 4]);
    expect(await offsets(register, { pool: "q" })).toEqual([9, 12]);
  });

  it("has what a deleted pool left behind, and nothing of a pool that never was", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ pool: "tiny" });
    await register.release(lease);
    await register.store.deletePool("tiny");
    expect(await offsets(register, { pool: "tiny" })).toEqual([lease.address - first]);
    expect(await offsets(register, { pool: "nowhere" })).toEqual([]);
  });
}

function staysUsable(open: Open): void {
  it("is not in the way of changes, and lists what does not change once", async () => {
    const register = await crowded(open);
    const seen = new Map<number, number>();
    for await (const lease of register.store.list({ ownerPrefix: "" })) {
      seen.set(lease.address, (seen.get(lease.address) ?? 0) + 1);
      if (seen.size === 3) await register.grant({ owner: "new", pool: "late" });
    }
    expect(seen.size).toBeGreaterThanOrEqual(8 * (NAMES.length - 1 + 40));
    expect(Math.max(...seen.values())).toBe(1);
  });
}
