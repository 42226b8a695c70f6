import { expect, it } from "vitest";
import type { RegisterRecord } from "../../../provider/store/record";
import { collect, type Open, STORE_ID, start } from "../support";

const MANAGER = { owner: "acme/network/prod/pools/tiny", installation: "one", token: "managed" };

/** Cases for `dump`. */
export function dumpContract(open: Open): void {
  it("dumps all there is, in order: the register, pools, its own reservations, leases, events", async () => {
    const register = await start(open);
    const { store } = register;
    await store.createPool(
      { name: "old", ranges: [{ start: 0x42_30_00_00_00_00, end: 0x42_30_00_00_00_ff }] },
      MANAGER,
    );
    await store.reserve({ start: 0x42_20_00_00_00_00, end: 0x42_20_00_00_00_0f, reason: "printers" }, MANAGER);
    await store.updatePool("tiny", {}, MANAGER);
    await register.grant({
      owner: "a",
      pool: "tiny",
      tags: { zone: "b", 1: "x" },
      rotation: "r",
      description: "é\u2028",
    });
    const { lease } = await register.grant({ owner: "b", pool: "old" });
    await register.release(lease);
    await store.deletePool("old");
    const records = await collect(store.dump());
    expect(records.map(({ record }) => record)).toEqual([
      "register",
      ...["pool", "pool", "pool"],
      "reservation",
      ...["lease", "lease"],
      ...new Array(await register.seq()).fill("event"),
    ]);
    expect(records[0]).toEqual({ record: "register", storeId: STORE_ID, createdAt: register.clock.now });
    expect(records.filter(isOf("lease")).map((record) => record.lease)).toEqual(await register.leases());
    expect(records.filter(isOf("event")).map(({ event }) => event)).toEqual(await register.events());
    const pools = records.filter(isOf("pool"));
    expect(pools.map(({ pool, isRetired }) => [pool.name, pool.size, isRetired])).toEqual([
      ["big", 2 ** 32, false],
      ["old", 0, true],
      ["tiny", 5, false],
    ]);
    const managers = [...pools.map(({ pool }) => pool), ...records.filter(isOf("reservation")).map(reservationOf)];
    expect(managers.map(({ managedBy }) => managedBy)).toEqual([undefined, undefined, MANAGER, MANAGER]);
    expect(pools.map(({ cursor }) => cursor)).toEqual([0x42_20_00_00_00_00, 0x42_30_00_00_00_00, 0x42_10_00_00_00_01]);
    expect(records.filter(isOf("event")).at(-2)).toMatchObject({ event: { kind: "release" }, before: lease.seq });
  });

  it("dumps one moment: what is written after the first record does not show", async () => {
    const register = await start(open);
    await register.grant({ owner: "before" });
    const records = register.store.dump()[Symbol.asyncIterator]();
    await records.next();
    await register.grant({ owner: "after" });
    const rest = await collect({ [Symbol.asyncIterator]: () => records });
    expect(rest.filter(isOf("lease")).map(({ lease }) => lease.owner)).toEqual(["before"]);
    expect(rest.filter(isOf("event")).some(({ event }) => event.owner === "after")).toBe(false);
  });

  it("may be read in part, and lets go of the register", async () => {
    const register = await start(open);
    for await (const record of register.store.dump()) {
      expect(record.record).toBe("register");
      break;
    }
    await register.grant();
    expect(await register.leases()).toHaveLength(1);
  });
}

function reservationOf({ reservation }: Extract<RegisterRecord, { record: "reservation" }>) {
  return reservation;
}

function isOf<Kind extends RegisterRecord["record"]>(kind: Kind) {
  return (record: RegisterRecord): record is Extract<RegisterRecord, { record: Kind }> => record.record === kind;
}
