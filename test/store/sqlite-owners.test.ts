import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { compareOwners } from "../../provider/lease/owner";
import { depth } from "../depth";
import { randomRuns } from "../random-runs";
import { createFile, openFile, request } from "./support";

/** Owners in scopes that nest and begin with each other, without one, that end in one, of many bytes, and none at all. */
const OWNERS = [
  ...[
    "",
    "a",
    "a/",
    "a/b",
    "a/b/",
    "a/b/c",
    "a/bc",
    "a/bc/d",
    "a/b\uffff",
    "a/b\uffff/d",
    "a/b\ud83d\ude00",
    "a-",
    "a0",
  ],
  ...[
    "/",
    "//",
    "/a",
    "//a",
    "\u00e9/\u00e9",
    "\u00e9\u00e9",
    "\uffff",
    "\uffff/",
    "\ud83d\ude00/x",
    "\ud83d\ude00/\uffff",
    "z",
  ],
  ...["%/_", "a/%", "a/b/c/", "a/b.", "A/B"],
];

it("owners of every shape are listed in the order of their bytes, each once and whole, whatever beginning is asked for", async () => {
  const register = await openFile(createFile());
  const asks = OWNERS.map((owner) => request({ owner, sequential: true }));
  await register.store.acquire([...asks, ...asks.map((ask) => ({ ...ask, rotation: "next" }))]);
  for (const [index, lease] of (await register.leases()).entries()) if (index % 3 === 0) await register.release(lease);
  const all = await register.leases();
  expect(new Set(all.map(({ owner }) => owner))).toEqual(new Set(OWNERS));
  const ordered = (leases: typeof all) => leases.map(({ owner }) => owner).sort(compareOwners);
  const cuts = OWNERS.flatMap((owner) => Array.from(owner, (_, end) => Array.from(owner).slice(0, end).join("")));
  for (const ownerPrefix of new Set([...OWNERS, ...cuts, "nobody", "a/b/c/d/", "a/c/"])) {
    const found = await register.leases({ ownerPrefix });
    const expected = all.filter(({ owner }) => owner.startsWith(ownerPrefix));
    expect(
      found.map(({ owner }) => owner),
      JSON.stringify(ownerPrefix),
    ).toEqual(ordered(expected));
    expect(new Set(found)).toEqual(new Set(expected));
    for (const state of ["live", "released"] as const) {
      const some = expected.filter(({ releasedAt }) => (releasedAt === undefined) === (state === "live"));
      expect(await register.leases({ ownerPrefix, state })).toEqual(
        found.filter((lease) => some.some(({ seq }) => seq === lease.seq)),
      );
    }
  }
  for (const owner of OWNERS) {
    expect(new Set(await register.leases({ owner }))).toEqual(new Set(all.filter((lease) => lease.owner === owner)));
    expect((await register.events({ owner })).length).toBeGreaterThanOrEqual(owner === "" ? 5 : 2);
  }
  expect((await register.store.verify()).faults).toEqual([]);
});

it("any owners are told apart and come back as they were, in order", async () => {
  const text = fc.string({
    unit: fc.constantFrom("/", "a", "b", "\u00e9", "\uffff", "\ud83d\ude00", "."),
    maxLength: 8,
  });
  await randomRuns(
    "owners in scopes, SQLite",
    depth(40, 1000),
    fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 20 }), text, async (owners, ownerPrefix) => {
      const register = await openFile(createFile());
      await register.store.acquire(owners.map((owner) => request({ owner, sequential: true })));
      const found = (await register.leases({ ownerPrefix })).map(({ owner }) => owner);
      expect(found).toEqual(owners.filter((owner) => owner.startsWith(ownerPrefix)).sort(compareOwners));
      for (const owner of owners) expect(await register.leases({ owner })).toHaveLength(1);
      await register.store.close();
    }),
  );
});

it("a scope is stored once, however many owners are in it, and a lease knows only what follows its last slash", async () => {
  const path = createFile();
  const register = await openFile(path);
  await register.store.acquire(Array.from({ length: 50 }, (_, index) => request({ owner: `acme/net/prod/${index}` })));
  const database = new Database(path, { readonly: true });
  onTestFinished(() => void database.close());
  const names = database.prepare("select value from name where value like 'acme%'").pluck().all();
  expect(names).toEqual(["acme/net/prod/"]);
  const rests = database.prepare<[], string>("select owner from lease").pluck().all();
  expect(rests.every((rest) => /^\d+$/.test(rest))).toBe(true);
});
