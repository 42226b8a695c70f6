import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Manager, Pool, PoolSpec } from "../../provider/lease/pool";
import { formatMac, parseMac } from "../../provider/mac/mac";
import { formatRange, parseRange } from "../../provider/mac/range";
import { ofKind, outputs, reconcile, STORE, type Stated, writeExport } from "./reconcile-support";
import { type Lab, openLab } from "./support";

/** Later than whatever these tests do to a register. */
const LATER = { time: "2199-01-01T00:00:00Z" };
const BY: Manager = { owner: "acme/network/dev/vms", installation: "dev-provider", token: "P" };
const VMS: PoolSpec = { name: "vms", ranges: [parseRange("62:00:00"), parseRange("62:00:01")] };
const NARROW = { ranges: ["62:00:01"], quarantineSeconds: 86_400 };
const NIC = { outputs: outputs({ address: "62:00:01:00:00:0a", pool: "vms" }) };

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  // A register with the id that the states have.
  await reconcile(
    lab,
    "--apply",
    writeExport(lab, "first", [{ outputs: outputs({ installation: "first-provider" }) }]),
  );
  await lab.withStore((store) => store.createPool({ ...VMS, quarantineSeconds: 3600 }, BY));
});

afterEach(() => lab.remove());

/** Returns pool `vms` as the state of its program has it. */
function vms(change: object = {}): Stated {
  return ofKind("MacPool", { storeId: STORE, ...BY, name: "vms", ...NARROW, ...change });
}

/** Returns what the register has of a pool, as far as it matters here. */
async function poolOf(name = "vms"): Promise<Partial<Omit<Pool, "ranges">> & { readonly ranges: readonly string[] }> {
  const pool = await lab.withStore(async (store) => (await store.pools()).find((one) => one.name === name));
  if (pool === undefined) return { ranges: [] };
  const { ranges, quarantineSeconds, strategy, order, universal, description, managedBy } = pool;
  return { ranges: ranges.map(formatRange), quarantineSeconds, strategy, order, universal, description, managedBy };
}

function claim(text: string, pool = "vms") {
  return lab.withStore(async (store) => {
    const requestedAddress = parseMac(text);
    const labels = { rotation: "", description: "", tags: {} };
    const who = { owner: "somebody", installation: "elsewhere" };
    const [outcome] = await store.acquire([{ ...labels, ...who, pool, requestedAddress }]);
    if (outcome?.ok !== true) throw new Error(`${formatMac(requestedAddress)} was not granted`);
    return outcome.value.lease;
  });
}

describe("a pool that the register has in an older definition", () => {
  test("becomes what its program declares, so that what was withdrawn is granted to nobody", async () => {
    const file = writeExport(lab, "dev", [vms(), NIC], LATER);
    const renewed = { code: 1, verdicts: ["renew pool vms", "insert 62:00:01:00:00:0a"] };
    const dry = await reconcile(lab, file);
    expect(dry).toMatchObject({ ...renewed, stderr: expect.stringContaining("2 to be put back") });
    expect(dry.reasons[0]).toContain("quarantine 1h instead of 1d");
    expect(dry.reasons[0]).toContain("instead of 62:00:01:00:00:00-62:00:01:ff:ff:ff");
    expect(await poolOf()).toMatchObject({ quarantineSeconds: 3600 });

    expect(await reconcile(lab, "--apply", file)).toMatchObject({ ...renewed, code: 0 });
    const ranges = ["62:00:01:00:00:00-62:00:01:ff:ff:ff"];
    expect(await poolOf()).toMatchObject({ ranges, quarantineSeconds: 86_400, managedBy: BY });
    expect(await lab.lines("next", "--pool", "vms")).toEqual(["62:00:01:00:00:00"]);
    expect(await reconcile(lab, file)).toMatchObject({ code: 0, verdicts: ["present 62:00:01:00:00:0a"] });
  });

  test("after the backup of an earlier day was restored", async () => {
    const backup = `${lab.directory}/backup.db`;
    await lab.lines("backup", backup);
    await lab.withStore((store) => store.updatePool("vms", { ranges: [parseRange("62:00:01")] }, BY));
    const file = writeExport(lab, "prod", [vms(), NIC], LATER);
    await lab.lines("restore", backup, "--replace");
    const text = await lab.macpool("reconcile", "--apply", file);
    expect(text.stdout).toMatch(/^renew\tpool vms\tacme\/network\/dev\/vms\tnetwork\/prod\tThe register has ranges /m);
    expect(text.stderr).toContain("0 present, 2 put back");
    expect(await lab.lines("next", "--pool", "vms")).toEqual(["62:00:01:00:00:00"]);
  });

  test.each([
    ["strategy", "sequential", "derived"],
    ["order", "relaxed", "strict"],
    ["description", "for VMs", ""],
    ["universal", true, false],
  ])("gets its other %s too", async (property, value, before) => {
    const same = { ranges: ["62:00:00", "62:00:01"], quarantineSeconds: 3600 };
    expect(await poolOf()).toMatchObject({ [property]: before });
    const file = writeExport(lab, "dev", [vms({ ...same, [property]: value }), NIC], LATER);
    const { verdicts, reasons } = await reconcile(lab, "--apply", file);
    expect(verdicts).toEqual(["renew pool vms", "insert 62:00:01:00:00:0a"]);
    expect(reasons[0]).toContain(`${property} `);
    expect(await poolOf()).toMatchObject({ [property]: value });
  });

  test("gets back the defaults that its program leaves to it", async () => {
    await lab.withStore((store) => store.updatePool("vms", { description: "old", strategy: "sequential" }));
    await reconcile(lab, "--apply", writeExport(lab, "dev", [vms({ quarantineSeconds: undefined })], LATER));
    expect(await poolOf()).toMatchObject({ description: "", strategy: "derived", quarantineSeconds: 86_400 });
  });

  test("is widened before the leases that need it come back, and a trial run says the same", async () => {
    const wider = vms({ ranges: ["62:00:00", "62:00:01", "62:00:02"] });
    const file = writeExport(
      lab,
      "dev",
      [wider, { outputs: outputs({ address: "62:00:02:00:00:01", pool: "vms" }) }],
      LATER,
    );
    const verdicts = ["renew pool vms", "insert 62:00:02:00:00:01"];
    expect(await reconcile(lab, file)).toMatchObject({ code: 1, verdicts });
    expect(await reconcile(lab, "--apply", file)).toMatchObject({ code: 0, verdicts });
  });

  test("cannot shrink around a live lease: that is a conflict, told with the address, and the pool stays", async () => {
    await claim("62:00:00:00:00:05");
    const before = await poolOf();
    const file = writeExport(lab, "dev", [vms(), NIC], LATER);
    for (const args of [[file], ["--apply", file]]) {
      const told = await reconcile(lab, ...args);
      expect(told).toMatchObject({ code: 1, verdicts: ["conflict pool vms", "insert 62:00:01:00:00:0a"] });
      expect(told.reasons[0]).toContain("62:00:00:00:00:05");
      expect(told.reasons[0]).toContain("somebody");
    }
    expect(await poolOf()).toEqual(before);
  });

  test("that shrinks away from a lease of an older state makes that lease a conflict, in a trial run too", async () => {
    const gone = outputs({ address: "62:00:00:00:00:07", pool: "vms", token: "G", installation: "old-provider" });
    const old = writeExport(lab, "old", [{ outputs: gone }], { time: "2026-02-01T00:00:00Z" });
    const file = writeExport(lab, "dev", [vms()], LATER);
    const verdicts = ["renew pool vms", "conflict 62:00:00:00:00:07"];
    expect(await reconcile(lab, old, file)).toMatchObject({ code: 1, verdicts });
    expect(await reconcile(lab, "--apply", old, file)).toMatchObject({ code: 1, verdicts });
  });

  test("gives a range to another pool that needs it, in whatever order the states name them", async () => {
    const by = { owner: "acme/network/dev/other", installation: "dev-provider", token: "O" };
    const other = ofKind("MacPool", { storeId: STORE, ...by, name: "other", ranges: ["62:00:00"] });
    const file = writeExport(lab, "dev", [other, vms(), NIC], LATER);
    const verdicts = ["insert pool other", "renew pool vms", "insert 62:00:01:00:00:0a"];
    expect(await reconcile(lab, file)).toMatchObject({ code: 1, verdicts });
    expect(await reconcile(lab, "--apply", file)).toMatchObject({ code: 0, verdicts });
    expect((await poolOf("other")).ranges).toEqual(["62:00:00:00:00:00-62:00:00:ff:ff:ff"]);
  });

  test.each([
    ["its program", BY],
    ["somebody by hand", undefined],
  ])("stays as it is when %s changed it after the state was written, and the report says so", async (_, by) => {
    await lab.withStore((store) => store.updatePool("vms", { description: "changed since" }, by));
    const before = await poolOf();
    for (const change of [{ time: "2026-01-02T00:00:00Z" }, { time: "" }]) {
      const told = await reconcile(lab, "--apply", writeExport(lab, "dev", [vms()], change));
      expect(told).toMatchObject({ code: 0, verdicts: ["stale pool vms"] });
      expect(told.reasons[0]).toContain("the export is old");
      expect(await poolOf()).toEqual(before);
    }
  });

  test("comes under the token of its state, so that the next update changes nothing", async () => {
    const same = { ranges: ["62:00:00", "62:00:01"], quarantineSeconds: 3600 };
    const file = writeExport(lab, "dev", [vms({ ...same, token: "again" }), NIC], LATER);
    expect((await reconcile(lab, "--apply", file)).verdicts[0]).toBe("renew pool vms");
    expect(await poolOf()).toMatchObject({ managedBy: { ...BY, token: "again" } });
  });

  test("comes back under the new name of its declaration, which has it by its token", async () => {
    const file = writeExport(lab, "dev", [vms({ owner: "acme/network/dev/renamed" }), NIC], LATER);
    expect((await reconcile(lab, "--apply", file)).verdicts[0]).toBe("renew pool vms");
    expect(await poolOf()).toMatchObject({ managedBy: { ...BY, owner: "acme/network/dev/renamed" } });
  });
});

describe("a pool that the register has under another manager", () => {
  test("is a conflict that names the manager, unless the program adopts it", async () => {
    const change = { owner: "acme/network/dev/thief", token: "X" };
    const told = await reconcile(lab, "--apply", writeExport(lab, "dev", [vms(change)], LATER));
    expect(told).toMatchObject({ code: 1, verdicts: ["conflict pool vms"] });
    expect(told.reasons[0]).toContain(BY.owner);
    expect(await poolOf()).toMatchObject({ managedBy: BY, quarantineSeconds: 3600 });
    const adopting = writeExport(lab, "dev", [vms({ ...change, adopt: true })], LATER);
    expect(await reconcile(lab, "--apply", adopting)).toMatchObject({ code: 0, verdicts: ["renew pool vms"] });
    expect(await poolOf()).toMatchObject({ managedBy: { ...BY, ...change }, quarantineSeconds: 86_400 });
  });

  test("is left to it when it took the pool over after the state was written", async () => {
    const told = await reconcile(lab, "--apply", writeExport(lab, "dev", [vms({ owner: "before", token: "X" })]));
    expect(told).toMatchObject({ code: 0, verdicts: ["stale pool vms"] });
  });
});

describe("a pool that two exports declare", () => {
  const other = { owner: "acme/network/prod/vms", installation: "prod-provider", token: "Q" };

  test("differently is a duplicate on both sides, and stays what it is", async () => {
    const before = await poolOf();
    const dev = writeExport(lab, "dev", [vms()], LATER);
    const prod = writeExport(lab, "prod", [vms({ ...other, description: "mine", adopt: true })], LATER);
    for (const args of [
      [dev, prod],
      ["--apply", dev, prod],
    ]) {
      const told = await reconcile(lab, ...args);
      expect(told).toMatchObject({ code: 1, verdicts: ["duplicate pool vms", "duplicate pool vms"] });
      expect(told.reasons[0]).toContain("network/prod");
      expect(told.reasons[1]).toContain("network/dev");
    }
    expect(await poolOf()).toEqual(before);
  });

  test("differently is made as the later export says where there is none", async () => {
    const lost = (one: Stated) => ({ ...one, outputs: { ...one.outputs, name: "lost", ranges: ["62:00:05"] } });
    const dev = writeExport(lab, "dev", [
      lost(vms()),
      { outputs: outputs({ address: "62:00:05:00:00:01", pool: "lost" }) },
    ]);
    const prod = writeExport(lab, "prod", [lost(vms({ ...other, description: "later" }))], LATER);
    const verdicts = ["duplicate pool lost", "duplicate pool lost", "insert 62:00:05:00:00:01"];
    expect(await reconcile(lab, prod, dev)).toMatchObject({ code: 1, verdicts });
    expect(await reconcile(lab, "--apply", prod, dev)).toMatchObject({ code: 1, verdicts });
    expect(await poolOf("lost")).toMatchObject({ description: "later", managedBy: other });
  });

  test("alike under one token, because the stack was renamed, is one", async () => {
    const dev = writeExport(lab, "dev", [vms({ owner: "old name" })], { time: "2198-01-01T00:00:00Z" });
    const renamed = writeExport(lab, "renamed", [vms()], LATER);
    expect(await reconcile(lab, "--apply", dev, renamed)).toMatchObject({ code: 0, verdicts: ["renew pool vms"] });
    expect(await poolOf()).toMatchObject({ managedBy: BY, quarantineSeconds: 86_400 });
  });
});

describe("a reservation that the register has for another reason", () => {
  const range = "42:02:00:00:00:00-42:02:00:ff:ff:ff";
  const by = { owner: "acme/network/dev/printers", installation: "dev-provider", token: "R" };
  const reservation = (change: object = {}) =>
    ofKind("MacReservation", { storeId: STORE, ...by, range: "42:02:00", reason: "printers", ...change });
  const reasonOf = () =>
    lab.withStore(async (store) => (await store.reserved()).find((one) => formatRange(one) === range)?.reason);

  beforeEach(() => lab.withStore((store) => store.reserve({ ...parseRange("42:02:00"), reason: "scanners" }, by)));

  test("gets the reason of its program", async () => {
    const file = writeExport(lab, "dev", [reservation(), NIC], LATER);
    const renewed = { verdicts: [`renew reserved ${range}`, "insert 62:00:01:00:00:0a"] };
    expect(await reconcile(lab, file)).toMatchObject({ code: 1, ...renewed });
    expect(await reasonOf()).toBe("scanners");
    const told = await reconcile(lab, "--apply", file);
    expect(told).toMatchObject({ code: 0, ...renewed });
    expect(told.reasons[0]).toContain('reason "scanners" instead of "printers"');
    expect(await reasonOf()).toBe("printers");
    expect((await reconcile(lab, file)).verdicts).toEqual(["present 62:00:01:00:00:0a"]);
  });

  test("stays as it is when it was made after the state was written", async () => {
    const file = writeExport(lab, "dev", [reservation()]);
    expect(await reconcile(lab, "--apply", file)).toMatchObject({ code: 0, verdicts: [`stale reserved ${range}`] });
    expect(await reasonOf()).toBe("scanners");
  });

  test("is a conflict when nobody's program manages it", async () => {
    await lab.withStore(async (store) => {
      await store.unreserve(parseRange("42:02:00"));
      await store.reserve({ ...parseRange("42:02:00"), reason: "by hand" });
    });
    const file = writeExport(lab, "dev", [reservation()], LATER);
    expect(await reconcile(lab, "--apply", file)).toMatchObject({ code: 1, verdicts: [`conflict reserved ${range}`] });
    expect(await reasonOf()).toBe("by hand");
  });
});
