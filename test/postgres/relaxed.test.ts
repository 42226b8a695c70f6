import { expect, it, onTestFinished, vi } from "vitest";
import type { PoolSpec } from "../../provider/lease/pool";
import { parseMac } from "../../provider/mac/mac";
import { parsePrefix, parseRange } from "../../provider/mac/range";
import { createSchema, describePostgres, openUrl, runSql, schemaOf, withClient } from "./support";

const FAST: PoolSpec = { name: "fast", ranges: [parsePrefix("62:00")], strategy: "sequential", order: "relaxed" };

describePostgres("a pool of relaxed order", () => {
  it("waits for nobody who holds the sequence of the pool, as one of strict order does", async () => {
    const url = await createSchema({
      pools: [FAST, { ...FAST, name: "slow", ranges: [parsePrefix("62:01")], order: "strict" }],
    });
    const { store } = await openUrl(url, { giveUpAfter: 0 });
    const ask = (pool: string) =>
      store.acquire([{ owner: "vm", installation: "", rotation: "", description: "", tags: {}, pool }]);
    await withClient(url, async (client) => {
      await client.query("begin");
      await client.query("select from pool for no key update");
      expect(await ask("fast")).toMatchObject([{ ok: true }]);
      await expect(ask("slow")).rejects.toMatchObject({ code: "REGISTER_BUSY" });
    });
    expect(await ask("slow")).toMatchObject([{ ok: true }]);
  });

  it("is issued in 64 places by clients at the same time, and no address comes twice", {
    timeout: 120_000,
  }, async () => {
    const url = await createSchema({ pools: [FAST] });
    const registers = await Promise.all(Array.from({ length: 12 }, () => openUrl(url, { connections: 1 })));
    const took = await Promise.all(
      registers.map(async (register) => {
        const addresses: number[] = [];
        for (let turn = 0; turn < 10; turn += 1) {
          addresses.push((await register.grant({ pool: "fast", owner: "", installation: "" })).lease.address);
        }
        return addresses;
      }),
    );
    expect(new Set(took.flat()).size).toBe(120);
    const rows = await runSql(`select count(*)::int as parts from ${schemaOf(url)}.pool_cursor`);
    expect(rows[0]?.parts).toBeGreaterThan(1);
    expect((await registers[0]?.store.verify())?.faults).toEqual([]);
  });

  it("may lie at the very beginning of all addresses", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.99);
    onTestFinished(() => void vi.restoreAllMocks());
    const ranges = [parseRange("00:00:00:00:00:01-00:00:00:00:00:1f")];
    const register = await openUrl(await createSchema({ pools: [{ ...FAST, ranges, universal: true }] }));
    const { lease } = await register.grant({ pool: "fast", owner: "vm" });
    expect(lease.address).toBeLessThan(32);
  });

  it("gives what was reserved when its part was passed, however much was given since it is not", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    const ranges = [parseRange("62:00:00:00:00:00-62:00:00:00:00:05")];
    const start = parseMac("62:00:00:00:00:00");
    const reservations = [{ start, end: start, reason: "" }];
    const register = await openUrl(await createSchema({ pools: [{ ...FAST, ranges }], reservations }));
    const next = () => register.address({ pool: "fast", owner: "" });
    expect(await next()).toBe("62:00:00:00:00:01");
    await register.store.unreserve({ start, end: start });
    for (const last of [2, 3, 4, 5, 0]) expect(await next()).toBe(`62:00:00:00:00:0${last}`);
    expect((await register.refusal({ pool: "fast" })).code).toBe("POOL_EXHAUSTED");
  });

  it("goes on where it was, whoever opens the register next, until every address is given", async () => {
    const url = await createSchema({
      pools: [{ ...FAST, ranges: [parseRange("62:00:00:00:00:00-62:00:00:00:00:47")] }],
    });
    const seen = new Set<number>();
    for (let turn = 0; turn < 24; turn += 1) {
      const register = await openUrl(url, { connections: 1 });
      for (let nic = 0; nic < 3; nic += 1) {
        seen.add((await register.grant({ pool: "fast", owner: `vm-${turn}-${nic}` })).lease.address);
      }
      await register.store.close();
    }
    expect(seen.size).toBe(72);
    const last = await openUrl(url);
    expect((await last.refusal({ pool: "fast", owner: "one more" })).code).toBe("POOL_EXHAUSTED");
  });
});
