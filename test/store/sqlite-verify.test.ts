import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { createSqliteRegister } from "../../provider/store/sqlite/sqlite-store";
import { createFile, initial, openFile, type Register, rejection, temporaryDirectory, testContext } from "./support";

const PAGE = 4096;

/** Returns the path of a register with a released lease at ...:00 and live ones at ...:01 and ...:02 of pool `tiny`. */
async function usedFile(): Promise<string> {
  const path = createFile();
  const register = await openFile(path);
  for (const owner of ["a", "b", "c"]) await register.grant({ owner, pool: "tiny" });
  const [first] = await register.leases();
  if (first !== undefined) await register.release(first);
  await register.store.close();
  return path;
}

/** Does `sql` to a register behind its back, without the guards that stand in the way, and opens it. */
async function damagedBy(sql: string): Promise<Register> {
  const path = await usedFile();
  const database = new Database(path);
  database.exec(`pragma foreign_keys = off; pragma ignore_check_constraints = on; ${sql}`);
  database.close();
  return openFile(path);
}

const ADDRESS = 0x42_10_00_00_00_02;
const COLUMNS = "at, kind, pool, owner, scope, installation, actor, released_at, rotation, token, description, tags";
/** What a row of a lease keeps anybody from doing to it. */
const UNGUARDED = "drop trigger lease_is_never_rewritten;";
const EVENT = "at, kind, address, pool, owner, scope, installation, actor";

describe("verify names the address and the fault of", () => {
  it.each([
    [
      "a group address",
      `${UNGUARDED} update lease set address = address + (1 << 40) where address = ${ADDRESS}`,
      "43:10:00:00:00:02 is a group address.",
    ],
    [
      "an address that is none",
      `${UNGUARDED} update lease set address = -5 where address = ${ADDRESS}`,
      "What should be an address and is none is no address.",
    ],
    [
      "a lease whose tags cannot be read",
      `${UNGUARDED} update lease set tags = '{"rack"' where address = ${ADDRESS}`,
      "42:10:00:00:00:02 has tags that cannot be read.",
    ],
    [
      "a lease whose tags are no map",
      `${UNGUARDED} update lease set tags = '7' where address = ${ADDRESS}`,
      "42:10:00:00:00:02 has tags that cannot be read.",
    ],
    [
      "a live lease outside its pool",
      `update pool_range set "end" = ${ADDRESS - 1}  where start = ${ADDRESS - 2}`,
      "42:10:00:00:00:02 is live outside every range of its pool.",
    ],
    [
      "two live leases of one declaration",
      `drop index lease_live; insert into lease (seq, address, slot, ${COLUMNS})
        select seq + 99, address + 1, 0, ${COLUMNS} from lease where address = ${ADDRESS}`,
      "42:10:00:00:00:03 is held more than once under one owner, pool, installation and keepers.",
    ],
    [
      "two leases of one address",
      `drop index lease_address; insert into lease (seq, address, slot, ${COLUMNS})
        select seq + 99, address, address, ${COLUMNS} from lease where address = ${ADDRESS}`,
      "42:10:00:00:00:02 has more than one lease.",
    ],
    [
      "a lease with the number of another change",
      `insert into past_event (seq, ${EVENT}) select seq, ${EVENT} from lease where address = ${ADDRESS}`,
      "42:10:00:00:00:02 has the number of its last change in common with an earlier one.",
    ],
    [
      "a lease that the history knows nothing of",
      `${UNGUARDED} update lease set seq = 999 where address = ${ADDRESS}`,
      "The history has a hole between event 7 and event 999.",
    ],
    ["a history that may be rewritten", UNGUARDED, "The register has lost its trigger lease_is_never_rewritten."],
    [
      "a history that forgets what is over",
      "drop trigger lease_becomes_past",
      "The register has lost its trigger lease_becomes_past.",
    ],
    [
      "a lease that is older than its history",
      `insert into past_event (seq, ${EVENT}) select 99, ${EVENT} from lease where address = ${ADDRESS}`,
      "42:10:00:00:00:02 was changed in the history after the lease says it was.",
    ],
    [
      "a lease that is gone",
      `delete from lease where address = ${ADDRESS}`,
      "42:10:00:00:00:02 is in the history but has no lease.",
    ],
    [
      "a history with a hole",
      "drop trigger past_event_is_never_deleted; delete from past_event where seq = 2",
      "The history has a hole between event 1 and event 3.",
    ],
    [
      "a history without its beginning",
      "drop trigger past_event_is_never_deleted; delete from past_event where seq = 1",
      "The history has lost its beginning: the first event is 2.",
    ],
    [
      "an event that names the wrong one before it",
      `${UNGUARDED} update lease set before = 1 where address = ${ADDRESS}`,
      "42:10:00:00:00:02 has a history in which an event names the wrong one before it.",
    ],
    [
      "an event that names none before it though there is one",
      `${UNGUARDED} update lease set before = null where kind = 'release'`,
      "42:10:00:00:00:00 has a history in which an event names the wrong one before it.",
    ],
    [
      "a release by somebody who never had it",
      `${UNGUARDED} update lease set installation = actor where kind = 'release'`,
      "42:10:00:00:00:00 was released under another owner or installation than it had.",
    ],
    [
      "two pools with addresses in common",
      `update pool_range set "end" = (select start from pool_range where start > ${ADDRESS}) where start < ${ADDRESS}`,
      'Pools "tiny" and "big" have addresses in common.',
    ],
    [
      "a live lease in a deleted pool",
      "update pool set retired = 1 where name = 'tiny'",
      "42:10:00:00:00:02 is live in a pool that was deleted.",
    ],
    [
      "a deleted pool that keeps its addresses from others",
      "update pool set retired = 1 where name = 'tiny'",
      'Pool "tiny" was deleted but still has addresses.',
    ],
    [
      "a released lease with a slot",
      `${UNGUARDED} update lease set slot = address where released_at is not null`,
      "42:10:00:00:00:00 is released but still counts as a further lease of its owner.",
    ],
    [
      "a sequence that has passed over an address",
      "update pool set cursor = cursor + 1 where name = 'tiny'",
      'The sequence of pool "tiny" goes on at 42:10:00:00:00:04, above 1 of its addresses that nobody ever got.',
    ],
    [
      "a sequence that goes on nowhere",
      "update pool set cursor = -1 where name = 'tiny'",
      'The sequence of pool "tiny" goes on at -1, which is no address.',
    ],
    [
      "a reference to a pool that is not there",
      "insert into pool_range values (1, 1, 99)",
      "A row of table pool_range names something that is not there.",
    ],
  ])("%s", async (_, sql, fault) => {
    const register = await damagedBy(sql);
    const { faults } = await register.store.verify();
    expect(faults).toContain(fault);
  });
});

describe("verify of a sound register", () => {
  it("takes a gap for granted where leases were recovered, and above what a register was made anew from", async () => {
    const path = join(temporaryDirectory(), "register.db");
    createSqliteRegister(path, { ...initial(), seqAbove: 40 }, testContext());
    const register = await openFile(path);
    const { lease } = await register.grant({ owner: "a" });
    const stated = { ...lease, address: lease.address + 1, owner: "b", token: "t", seq: 90, stack: "acme/prod" };
    await register.store.recover([stated], true);
    expect((await register.events()).map(({ seq }) => seq)).toEqual([41, 42, 43, 44, 91]);
    expect((await register.store.verify()).faults).toEqual([]);
  });

  it("knows that a sequence passes over what is reserved, and comes back when that ends", async () => {
    const path = createFile({ reservations: [{ start: ADDRESS - 1, end: ADDRESS, reason: "printers" }] });
    const register = await openFile(path);
    for (let count = 0; count < 2; count += 1) await register.grant({ owner: "", pool: "tiny" });
    expect((await register.store.verify()).faults).toEqual([]);
    await register.store.unreserve({ start: ADDRESS - 1, end: ADDRESS });
    expect((await register.store.verify()).faults).toEqual([]);
    await register.store.deletePool("big");
    expect((await register.store.verify()).faults).toEqual([]);
  });

  it("finds nothing, counts the leases, and changes nothing", async () => {
    const path = await usedFile();
    const before = readFileSync(path);
    const register = await openFile(path);
    expect(await register.store.verify()).toEqual({ faults: [], leases: 3 });
    await register.store.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

/** Does `sql` to a register while `index` does not follow, and opens it. */
async function staleIndex(index: string, sql: string): Promise<Register> {
  const path = await usedFile();
  const database = new Database(path);
  database.unsafeMode();
  database.exec(`create temp table kept as select * from sqlite_schema where name = '${index}';
    pragma writable_schema = on; delete from sqlite_schema where name = '${index}'; pragma writable_schema = reset;
    ${sql};
    pragma writable_schema = on; insert into sqlite_schema select * from kept; pragma writable_schema = reset`);
  database.close();
  return openFile(path);
}

describe("an index that has more than its table", () => {
  it.each([
    ["lease_address", `delete from lease where address = ${ADDRESS}`],
    ["lease_released_address", "delete from lease where released_at is not null"],
    ["lease_live", `delete from lease where address = ${ADDRESS}`],
    ["lease_released", "delete from lease where released_at is not null"],
    ["lease_release_order", "delete from lease where released_at is not null"],
  ])("is named: %s", async (index, sql) => {
    const { store } = await staleIndex(index, sql);
    expect((await store.verify()).faults).toContain(`Index ${index} has another number of leases than the register.`);
  });
});

/** Fills the first page of a table or index with zeros. */
function wipe(path: string, name: string): void {
  const database = new Database(path);
  const root = Number(database.prepare("select rootpage from sqlite_schema where name = ?").pluck().get(name));
  database.close();
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(PAGE), 0, PAGE, (root - 1) * PAGE);
  closeSync(file);
}

describe("verify of a file with a page that was wiped", () => {
  it.each([
    "lease",
    "lease_address",
    "lease_live",
    "lease_released",
    "lease_released_address",
    "past_event",
    "pool_range",
    "name",
  ])("returns the damage, though questions that meet it cannot be answered: %s", async (name) => {
    const path = await usedFile();
    wipe(path, name);
    const register = await openFile(path);
    const { faults } = await register.store.verify();
    expect(faults[0]).toContain("The file is damaged");
  });

  it("is told with a code of ours by every verb that meets the page, listing included", async () => {
    const path = await usedFile();
    wipe(path, "lease");
    const register = await openFile(path);
    const attempts = [
      register.grant({ owner: "new" }),
      register.leases(),
      register.store.find(ADDRESS),
      register.store.stats("tiny"),
    ];
    const errors = await Promise.all(attempts.map(rejection));
    expect(errors.map(({ code }) => code)).toEqual(Array.from(attempts, () => "REGISTER_CORRUPT"));
    for (const { message } of errors) for (const text of [path, "backup"]) expect(message).toContain(text);
  });

  it("keeps everything from being written once it was met, also what lies elsewhere", async () => {
    const path = await usedFile();
    wipe(path, "lease");
    const register = await openFile(path);
    const range = { start: ADDRESS, end: ADDRESS, reason: "elsewhere" };
    await rejection(register.store.find(ADDRESS));
    expect((await rejection(register.store.reserve(range))).code).toBe("REGISTER_CORRUPT");
    expect(await register.store.reserved()).not.toContainEqual(range);
  });

  it("is told at once when the register has lost its id", async () => {
    const path = await usedFile();
    const database = new Database(path);
    database.exec("delete from register");
    database.close();
    expect((await rejection(openFile(path))).code).toBe("REGISTER_CORRUPT");
  });

  it("is told when only the history is read", async () => {
    const path = await usedFile();
    const register = await openFile(path);
    await register.store.close();
    wipe(path, "name");
    expect((await rejection((await openFile(path)).events())).code).toBe("REGISTER_CORRUPT");
  });
});
