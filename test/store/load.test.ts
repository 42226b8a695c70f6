import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RegisterRecord } from "../../provider/store/record";
import { loadSqlite } from "../../provider/store/sqlite/load";
import {
  collect,
  only,
  openFile,
  openMemory,
  openSqlite,
  type Register,
  rejection,
  STORE_ID,
  start,
  temporaryDirectory,
  testContext,
} from "./support";

/** Returns everything a much used register holds: quarantine, renames, retired pools, managers, reservations. */
async function usedRecords(open = openSqlite): Promise<readonly RegisterRecord[]> {
  const register = await start(open);
  await use(register);
  return collect(register.store.dump());
}

async function use(register: Register): Promise<void> {
  const { store, clock } = register;
  const by = { owner: "acme/network/prod/pools", installation: "one", token: "granted" };
  await store.createPool({ name: "old", ranges: [{ start: 0x42_30_00_00_00_00, end: 0x42_30_00_00_00_ff }] }, by);
  await store.createPool({ name: "kept", ranges: [{ start: 0x42_31_00_00_00_00, end: 0x42_31_00_00_00_ff }] }, by);
  await store.reserve({ start: 0x42_20_00_00_00_00, end: 0x42_20_00_00_00_0f, reason: "printers" }, by);
  for (let turn = 0; turn < 6; turn += 1) {
    clock.advance(1_000_000);
    const pool = turn % 2 === 0 ? "old" : "tiny";
    const { lease } = await register.grant({
      owner: `o${turn}`,
      pool,
      tags: { __proto__x: "1", 7: "a", b: "\ud83d\ude00" },
    });
    if (turn % 3 !== 2) await store.update({ ...lease, owner: `renamed-${turn}`, description: "line\nbreak \u2028" });
    if (turn % 2 === 0) await register.release(lease);
  }
  await store.deletePool("old");
  await store.createPool({ name: "older", ranges: [only(0x42_32_00_00_00_00)] }, { ...by, token: undefined });
}

async function* stream(records: readonly RegisterRecord[]): AsyncIterable<RegisterRecord> {
  yield* records;
}

function load(records: readonly RegisterRecord[], path = join(temporaryDirectory(), "register.db")) {
  return loadSqlite(path, stream(records), testContext());
}

function withTwice(records: readonly RegisterRecord[], kind: RegisterRecord["record"]): RegisterRecord[] {
  return records.flatMap<RegisterRecord>((one) => (one.record === kind ? [one, one] : [one]));
}

describe("loading a dump", () => {
  it.each([
    ["SQLite", openSqlite],
    ["memory", openMemory],
  ])(
    "of a register in %s makes one that dumps the very same, is sound and goes on where it stopped",
    async (_, open) => {
      const records = await usedRecords(open);
      const { location, storeId, leases } = await load(records);
      const loaded = await openFile(location);
      expect({ storeId, leases }).toEqual({ storeId: STORE_ID, leases: 6 });
      expect(await collect(loaded.store.dump())).toEqual(records);
      expect((await loaded.store.verify()).faults).toEqual([]);
      expect(readdirSync(dirname(location)).filter((name) => name.includes(".tmp"))).toEqual([]);
      const other = await start(open);
      await use(other);
      loaded.clock.now = other.clock.now;
      expect(await loaded.address({ owner: "", pool: "tiny" })).toBe(await other.address({ owner: "", pool: "tiny" }));
    },
  );

  it("makes the same from memory and from SQLite", async () => {
    expect(await usedRecords(openMemory)).toEqual(await usedRecords(openSqlite));
  });

  it("never replaces a register", async () => {
    const records = await usedRecords();
    const { location } = await load(records);
    expect((await rejection(load(records, location))).code).toBe("REGISTER_EXISTS");
  });

  it.each<[string, (records: RegisterRecord[]) => RegisterRecord[]]>([
    ["nothing at all", () => []],
    ["a lease twice", (records) => withTwice(records, "lease")],
    ["two registers", (records) => withTwice(records, "register")],
    ["a pool that is not there", (records) => records.filter((one) => one.record !== "pool")],
    ["no history", (records) => records.filter((one) => one.record !== "event")],
    ["a history with a hole", (records) => records.filter((one) => one.record !== "event" || one.event.seq !== 3)],
    ["leases that were left out", (records) => records.filter((one) => one.record !== "lease")],
  ])("is all or nothing, and refuses %s", async (_, spoil) => {
    const records = spoil([...(await usedRecords())]);
    const directory = temporaryDirectory();
    expect((await rejection(load(records, join(directory, "sub", "register.db")))).code).toBe("INVALID_FILE");
    expect(readdirSync(directory)).toEqual([]);
  });
});
