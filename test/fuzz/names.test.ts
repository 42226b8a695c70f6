import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { plan } from "../../cli/import/plan";
import { exportLines } from "../../cli/transfer/export-write";
import { loadExport } from "../../cli/transfer/load-export";
import { MacpoolError } from "../../provider/error";
import { parseOwner } from "../../provider/lease/owner";
import type { LeaseStore } from "../../provider/store/store";
import { depth } from "../depth";
import { randomRuns } from "../random-runs";
import { collect, openFile, openSqlite, start, temporaryDirectory, testContext } from "../store/support";
import { anyText } from "./hostile";

const RUNS = depth(150, 10_000);
const LIMIT = { timeout: RUNS * 1000 };

/** What a program can name, as the handlers let it through. */
const names = fc.record({
  owner: anyText,
  installation: anyText.map(wellFormed),
  rotation: anyText.map(wellFormed),
  description: anyText.map(wellFormed),
  tags: fc
    .array(fc.tuple(anyText, anyText), { maxLength: 4 })
    .map((entries): Record<string, string> => Object.fromEntries(entries)),
});

it("hostile names come back exactly as they were given, from every verb and through an export", LIMIT, async () => {
  const register = await start(openSqlite);
  const { store } = register;
  await randomRuns(
    "names",
    RUNS,
    fc.asyncProperty(names, async (given) => {
      if (isRefused(() => parseOwner(given.owner))) return;
      const before = await register.seq();
      const { lease } = await register.grant(given);
      expect(await register.seq()).toBe(before + 1);
      expect(lease).toMatchObject({ ...given, tags: {} });
      expect(Object.entries(lease.tags)).toEqual(Object.entries(given.tags));
      expect(await store.find(lease.address)).toEqual(lease);
      const { owner } = given;
      expect(await register.leases({ owner }), "listed by owner").toContainEqual(lease);
      expect(
        (await register.leases({ owner })).every((one) => one.owner === owner),
        "another's lease",
      ).toBe(true);
      const byPrefix = await register.leases({ ownerPrefix: owner });
      expect(
        byPrefix.every((one) => one.owner.startsWith(owner)),
        "another's lease",
      ).toBe(true);
      expect((await register.events({ owner })).at(-1)).toMatchObject({ owner, address: lease.address });
      expect((await register.grant(given)).lease.address, "I4: the same names are the same owner").toBe(lease.address);
    }),
  );
  await expectTravels(store);
});

it(
  "a pool that does not exist is refused by its hostile name, and a new one is named only plainly",
  LIMIT,
  async () => {
    const register = await start(openSqlite);
    await randomRuns(
      "pool names",
      RUNS,
      fc.asyncProperty(anyText, async (pool) => {
        const before = await register.seq();
        expect((await register.refusal({ pool })).code).toBe("POOL_NOT_FOUND");
        if (!/^[\w.-]{1,63}$/.test(pool)) {
          const making = register.store.createPool({
            name: pool,
            ranges: [{ start: 0x5254_0000_0000, end: 0x5254_0000_0001 }],
          });
          await expect(making).rejects.toMatchObject({ code: "INVALID_POOL" });
        }
        expect(await register.seq()).toBe(before);
      }),
    );
  },
);

it("hostile names in a file to import become leases that have them exactly, or conflicts", LIMIT, async () => {
  const register = await start(openSqlite);
  const pools = await register.store.pools();
  let next = 0x4220_0000_0000;
  await randomRuns(
    "imported names",
    RUNS,
    fc.asyncProperty(anyText, anyText, anyText, async (owner, description, value) => {
      next += 1;
      const entry = { place: "line 1", address: next.toString(16), owner, description, tags: { [value]: value } };
      const [planned] = plan([entry], pools);
      if (planned?.request === undefined) {
        expect(planned?.fault?.code).toMatch(/^INVALID_(OWNER|FILE)$/);
        return;
      }
      await register.grant(planned.request);
      const lease = await register.store.find(next);
      expect({ owner: lease?.owner, description: lease?.description }).toEqual({ owner, description });
      expect(Object.entries(lease?.tags ?? {})).toEqual([[value, value]]);
    }),
  );
  await expectTravels(register.store);
});

/** What an export says of a register makes one that says the same. */
async function expectTravels(store: LeaseStore): Promise<void> {
  const path = join(temporaryDirectory(), "loaded.db");
  await loadExport(withoutEnds(exportLines(store.dump())), path, testContext());
  const loaded = await openFile(path);
  expect(await collect(loaded.store.dump())).toEqual(await collect(store.dump()));
  expect((await loaded.store.verify()).faults).toEqual([]);
}

async function* withoutEnds(lines: AsyncIterable<string>): AsyncIterable<string> {
  for await (const line of lines) yield line.slice(0, -1);
}

function isRefused(parse: () => unknown): boolean {
  try {
    parse();
    return false;
  } catch (error) {
    if (!MacpoolError.is(error)) throw error;
    return true;
  }
}

/** What comes over the wire of the provider host is UTF-8, which has no half characters. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
