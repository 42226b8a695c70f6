import { describe, expect, it } from "vitest";
import type { PoolSpec } from "../../../provider/lease/pool";
import { parseRange, type Range, rangesSize } from "../../../provider/mac/range";
import { type Open, type Register, request, start } from "../support";

const FIRST = parseRange("62:00:00:00:00:00-62:00:00:00:00:63");
const SECOND = parseRange("62:00:00:01:00:00-62:00:00:01:00:31");
const ONE = parseRange("62:00:00:00:00:07-62:00:00:00:00:07");

function relaxed(...ranges: readonly Range[]): PoolSpec {
  return { name: "fast", ranges, strategy: "sequential", order: "relaxed", quarantineSeconds: 3600 };
}

/** Takes addresses, in groups and one by one, until the pool has none, and returns them. */
async function takeAll(register: Register): Promise<readonly number[]> {
  const taken: number[] = [];
  // Nobody who had one before, who would keep it.
  const before = await register.seq();
  for (let turn = 0; ; turn += 1) {
    const asked = Array.from({ length: turn % 3 === 0 ? 7 : 1 }, (_, index) =>
      request({ pool: "fast", owner: turn % 2 === 0 ? "" : `owner-${before}-${turn}-${index}` }),
    );
    for (const outcome of await register.store.acquire(asked)) {
      if (!outcome.ok) {
        expect(outcome.error).toMatchObject({ code: "POOL_EXHAUSTED" });
        return taken;
      }
      taken.push(outcome.value.lease.address);
    }
  }
}

async function sound(register: Register): Promise<void> {
  expect((await register.store.verify()).faults).toEqual([]);
}

/** A sequential pool that says that its addresses need not come in order. */
export function relaxedContract(open: Open): void {
  describe("a pool of relaxed order", () => {
    it.each([
      ["of fewer addresses than parts", [ONE, SECOND].slice(0, 1)],
      ["of one range", [FIRST]],
      ["of two ranges", [FIRST, SECOND]],
    ])("%s gives each of its addresses once before it is exhausted", async (_, ranges) => {
      const register = await start(open, { pools: [relaxed(...ranges)] });
      const taken = await takeAll(register);
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken.length).toBe(rangesSize(ranges));
      expect((await register.store.stats("fast")).neverIssued).toBe(0);
      await sound(register);
    });

    it("passes over what is reserved or claimed, and nothing else", async () => {
      const reservation = { ...ONE, reason: "kept" };
      const register = await start(open, { pools: [relaxed(FIRST, SECOND)], reservations: [reservation] });
      const claimed = await register.grant({ pool: "fast", owner: "claimer", requestedAddress: FIRST.end });
      const taken = await takeAll(register);
      expect(taken).not.toContain(claimed.lease.address);
      expect(taken).not.toContain(ONE.start);
      expect(new Set(taken).size).toBe(rangesSize([FIRST, SECOND]) - 2);
      await sound(register);
    });

    it("finds what comes in, once it was used up, and then what was released", async () => {
      const reservation = { ...ONE, reason: "kept" };
      const register = await start(open, { pools: [relaxed(FIRST)], reservations: [reservation] });
      const [first = 0] = await takeAll(register);
      await register.store.unreserve(ONE);
      expect(await takeAll(register)).toEqual([ONE.start]);
      await register.store.updatePool("fast", { ranges: [FIRST, SECOND] });
      expect(new Set(await takeAll(register)).size).toBe(rangesSize([SECOND]));
      const lease = await register.store.find(first);
      if (lease === undefined) throw new Error("an address that was granted has a lease");
      await register.release(lease);
      register.clock.advance(3_600_000);
      expect(await takeAll(register)).toEqual([first]);
      await sound(register);
    });

    it("goes on strictly when it is told to, and leaves no address behind", async () => {
      const register = await start(open, { pools: [relaxed(FIRST)] });
      const early = [
        await register.grant({ pool: "fast", owner: "" }),
        await register.grant({ pool: "fast", owner: "" }),
      ];
      const pool = await register.store.updatePool("fast", { order: "strict" });
      expect(pool.order).toBe("strict");
      const late = await takeAll(register);
      expect([...late]).toEqual([...late].sort((one, other) => one - other));
      const all = [...early.map(({ lease }) => lease.address), ...late];
      expect(new Set(all).size).toBe(rangesSize([FIRST]));
      await sound(register);
    });

    it("is known to be so; others are strict", async () => {
      const { name: _, order: __, ...strict } = relaxed(SECOND);
      const register = await start(open, { pools: [relaxed(FIRST), { ...strict, name: "slow" }] });
      expect((await register.store.pools()).map(({ name, order }) => [name, order])).toEqual([
        ["fast", "relaxed"],
        ["slow", "strict"],
      ]);
    });
  });
}
