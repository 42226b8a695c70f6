import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Lease } from "../../provider/lease/lease";
import { formatMac, parseMac } from "../../provider/mac/mac";
import { parseRange } from "../../provider/mac/range";
import {
  type Outputs,
  outputs,
  reconcile as reconcileIn,
  STORE,
  type Stated,
  writeExport,
  writeRaw,
} from "./reconcile-support";
import { type Lab, openLab } from "./support";

const SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

let lab: Lab;

beforeEach(() => {
  lab = openLab();
});

afterEach(() => lab.remove());

const write = (name: string, resources: readonly Stated[], change: { time?: string; provider?: string } = {}) =>
  writeExport(lab, name, resources, change);
const raw = (name: string, text: string) => writeRaw(lab, name, text);
const reconcile = (...args: readonly string[]) => reconcileIn(lab, ...args);

function leases(): Promise<readonly Lease[]> {
  return lab.withStore(async (store) => {
    const all: Lease[] = [];
    for await (const lease of store.list()) all.push(lease);
    return all;
  });
}

describe("macpool reconcile", () => {
  test("makes a lost register anew with the id that the states know, only with --apply, and then has nothing to do", async () => {
    const file = write("dev", [{ outputs: outputs() }]);
    expect(await reconcile(file)).toMatchObject({ code: 1, verdicts: ["insert 42:00:00:00:00:0a"] });
    expect(existsSync(lab.register)).toBe(false);
    expect(await reconcile("--apply", file)).toMatchObject({ code: 0, verdicts: ["insert 42:00:00:00:00:0a"] });
    expect(await reconcile(file)).toMatchObject({ code: 0, verdicts: ["present 42:00:00:00:00:0a"] });
    const identity = await lab.withStore((store) => store.identity());
    expect(identity.storeId).toBe(STORE);
    expect(identity.seq).toBeGreaterThan(7);
    expect((await lab.withStore((store) => store.verify())).faults).toEqual([]);
  });

  test("leaves nothing behind when a register made anew could not hold an address, and says what could", async () => {
    const file = write("dev", [{ outputs: outputs({ address: "52:54:00:00:00:01" }) }]);
    const refused = await reconcile("--apply", file);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--prefix 52") });
    expect(existsSync(lab.register)).toBe(false);
    expect((await reconcile("--apply", "--prefix", "52:54:00", file)).code).toBe(0);
  });

  test("reports an address that two stacks have, and lets no third have it", async () => {
    const dev = write("dev", [
      { outputs: outputs() },
      { outputs: outputs({ address: "42:00:00:00:00:0b", token: "V" }) },
    ]);
    const prod = write("prod", [{ outputs: outputs({ token: "U", seq: 9000, installation: "prod-provider" }) }]);
    const expected = ["duplicate 42:00:00:00:00:0a", "insert 42:00:00:00:00:0b", "duplicate 42:00:00:00:00:0a"];
    expect(await reconcile("--apply", dev, prod)).toMatchObject({ code: 1, verdicts: expected });
    const held = (await leases()).map(({ address, token }) => [formatMac(address), token]);
    expect(held).toEqual([
      ["42:00:00:00:00:0a", "U"],
      ["42:00:00:00:00:0b", "V"],
    ]);
  });

  test("leaves out what was deleted and is yet to be made anew", async () => {
    const gone = { outputs: outputs(), pendingReplacement: true };
    const file = write("dev", [gone, { outputs: outputs({ address: "42:00:00:00:00:0b", token: "V" }) }]);
    expect((await reconcile(file)).verdicts).toEqual(["insert 42:00:00:00:00:0b"]);
  });

  test("puts a lease back that lies within a range its program reserved around it", async () => {
    const type = "pulumi-nodejs:dynamic/macpool:MacReservation";
    const identity = { owner: "acme/network/dev/kept", installation: "dev-provider" };
    const reservation = { storeId: STORE, ...identity, range: "42:00:00:00:00", reason: "kept" };
    const file = write("dev", [{ outputs: outputs() }, { type, outputs: reservation }]);
    expect((await reconcile(file)).verdicts).toHaveLength(2);
    expect(await reconcile("--apply", file)).toMatchObject({ code: 0 });
    expect(await leases()).toMatchObject([{ token: "T", releasedAt: undefined }]);
    expect(await reconcile(file)).toMatchObject({ code: 0, verdicts: ["present 42:00:00:00:00:0a"] });
  });

  test("puts pools and reservations back under the tokens of the state in force, or without where it has none", async () => {
    const by = { owner: "acme/network/dev/lab", installation: "dev-provider" };
    const pool = { storeId: STORE, ...by, name: "lab", ranges: ["4a:00:00"] };
    const reservation = { storeId: STORE, ...by, range: "42:01:00:00:00", reason: "kept" };
    const ofType = (kind: string) => `pulumi-nodejs:dynamic/macpool:${kind}`;
    const state = (token: object, isCondemned: boolean) => [
      { type: ofType("MacPool"), outputs: { ...pool, ...token }, delete: isCondemned },
      { type: ofType("MacReservation"), outputs: { ...reservation, ...token }, delete: isCondemned },
    ];
    const untold = { ...pool, name: "older", ranges: ["4a:00:01"] };
    const all = [...state({ token: "old" }, true), ...state({ token: "new" }, false)];
    const file = write("dev", [{ outputs: outputs() }, ...all, { type: ofType("MacPool"), outputs: untold }]);
    expect(await reconcile("--apply", file)).toMatchObject({ code: 0 });
    await lab.withStore(async (store) => {
      const pools = new Map((await store.pools()).map(({ name, managedBy }) => [name, managedBy]));
      expect([pools.get("lab"), pools.get("older")]).toEqual([{ ...by, token: "new" }, by]);
      expect(await store.unreserve(parseRange("42:01:00:00:00"), { ...by, token: "old" })).toBe(false);
      expect(await store.unreserve(parseRange("42:01:00:00:00"), { ...by, token: "new" })).toBe(true);
    });
  });

  test("leaves deleted what its program deleted after the state was written, and puts back what the state has since", async () => {
    const by = { owner: "acme/network/dev/lab", installation: "dev-provider" };
    const pool = { storeId: STORE, ...by, name: "lab", ranges: ["4a:00:00"] };
    const reservation = { storeId: STORE, ...by, range: "42:01:00:00:00", reason: "kept" };
    const kinds = { pool: "MacPool", reservation: "MacReservation" };
    const resource = (kind: string, one: Outputs) => ({ type: `pulumi-nodejs:dynamic/macpool:${kind}`, outputs: one });
    const all = [{ outputs: outputs() }, resource(kinds.pool, pool), resource(kinds.reservation, reservation)];
    const old = write("dev", all);
    expect(await reconcile("--apply", old)).toMatchObject({ code: 0 });
    await lab.withStore(async (store) => {
      expect(await store.deletePool("lab", by)).toBe(true);
      expect(await store.unreserve(parseRange("42:01:00:00:00"), by)).toBe(true);
    });
    const range = "42:01:00:00:00:00-42:01:00:00:00:ff";
    const present = "present 42:00:00:00:00:0a";
    const gone = ["stale pool lab", `stale reserved ${range}`, present];
    expect(await reconcile("--apply", old)).toMatchObject({ code: 0, verdicts: gone });
    expect(await lab.withStore((store) => store.pools())).toHaveLength(1);
    const current = write("dev", all, { time: "2199-01-01T00:00:00Z" });
    const back = ["insert pool lab", `insert reserved ${range}`, present];
    expect(await reconcile("--apply", current)).toMatchObject({ code: 0, verdicts: back });
  });

  test("tells two exports of one name apart from two of one stack", async () => {
    const before = write("dev", [{ outputs: outputs() }], { time: "2025-01-01T00:00:00Z" });
    const after = write("dev", [{ outputs: outputs({ token: "U", installation: "again" }) }], { provider: "again" });
    const both = await reconcile(after, before);
    expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining(`leave ${before} out`) });
    expect(await reconcile("--apply", after)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("leave") });
  });

  test("takes the newer of two exports of one stack", async () => {
    const old = write("dev", [{ outputs: outputs({ token: "old", seq: 3 }) }], { time: "2025-01-01T00:00:00Z" });
    const current = write("dev", [{ outputs: outputs() }]);
    expect((await reconcile("--apply", current, old)).code).toBe(0);
    expect(await leases()).toMatchObject([{ token: "T" }]);
  });

  test("names both sides of a conflict, the orphans of a stack and what releases them, and touches neither", async () => {
    await reconcile("--apply", write("dev", [{ outputs: outputs() }]));
    const common = { pool: "default", rotation: "", description: "", tags: {} };
    await lab.withStore((store) =>
      store.acquire([
        {
          ...common,
          owner: "left over",
          installation: "dev-provider/acme/network/dev",
          requestedAddress: parseMac("42:00:00:00:00:0c"),
        },
        { ...common, owner: "somebody", installation: "elsewhere", requestedAddress: parseMac("42:00:00:00:00:0d") },
      ]),
    );
    const before = await leases();
    const contested = { outputs: outputs({ address: "42:00:00:00:00:0d", token: "D" }) };
    const file = write("dev", [{ outputs: outputs() }, contested]);
    const text = await lab.macpool("reconcile", "--apply", file);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/^conflict\t42:00:00:00:00:0d\t.*"somebody".*"acme\/network\/dev\/web"/m);
    expect(text.stdout).toMatch(/^orphan\t42:00:00:00:00:0c\tleft over\t.*macpool release --force 42:00:00:00:00:0c$/m);
    expect(await leases()).toEqual(before);
  });

  test("says of which stack an orphan is, also where one has the other's provider", async () => {
    const files = ["dev", "prod"].map((name) => write(name, [{ outputs: outputs() }], { provider: "moved" }));
    await reconcile("--apply", ...files);
    const common = { pool: "default", rotation: "", description: "", tags: {} };
    const left = ["dev", "prod", "gone"].map((stack) => ({
      ...common,
      owner: stack,
      installation: `moved/acme/network/${stack}`,
    }));
    await lab.withStore((store) => store.acquire(left));
    const { stdout } = await lab.macpool("reconcile", "--json", ...files);
    const findings: readonly Record<string, unknown>[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const told = findings.filter(({ verdict }) => verdict === "orphan").map(({ owner, stack }) => [owner, stack]);
    expect(told.sort()).toEqual([
      ["dev", "network/dev"],
      ["prod", "network/prod"],
    ]);
    // What is another stack's is no orphan for want of its export.
    const alone = await lab.macpool("reconcile", ...files.slice(0, 1));
    expect(alone.stdout).toContain("orphan");
    expect(alone.stdout).not.toContain("prod");
  });

  test("passes over lookups and over what a replacement at the same address left to be deleted", async () => {
    const { token: _, ...looked } = outputs({ address: "42:00:00:00:00:0b" });
    const file = write("dev", [
      { outputs: outputs({ token: "before", seq: 3 }), delete: true },
      { outputs: outputs() },
      { outputs: looked, external: true },
    ]);
    expect(await reconcile("--apply", file)).toMatchObject({ code: 0, verdicts: ["insert 42:00:00:00:00:0a"] });
    expect(await leases()).toMatchObject([{ token: "T" }]);
  });

  test("reads secrets in clear, and asks for them where they are encrypted", async () => {
    const secret = (value: object) => write("dev", [{ outputs: outputs({ description: { ...SIGNATURE, ...value } }) }]);
    const refused = await reconcile("--apply", secret({ ciphertext: "v1:AAAA" }));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--show-secrets") });
    expect((await reconcile("--apply", secret({ plaintext: '"kept"' }))).code).toBe(0);
    expect(await leases()).toMatchObject([{ description: "kept" }]);
  });

  test("refuses exports of two registers, and a register that is not theirs", async () => {
    const dev = write("dev", [{ outputs: outputs() }]);
    const other = write("prod", [{ outputs: outputs({ storeId: "another" }) }]);
    expect(await reconcile("--apply", dev, other)).toMatchObject({ code: 3, verdicts: [] });
    expect(existsSync(lab.register)).toBe(false);
    await lab.lines("init");
    expect(await reconcile("--apply", dev)).toMatchObject({ code: 3, stderr: expect.stringContaining(STORE) });
    expect(await leases()).toEqual([]);
  });

  test("says that pool an address needs is missing, and takes it when it is there", async () => {
    const file = write("dev", [
      { outputs: outputs() },
      { outputs: outputs({ address: "4a:00:00:00:00:01", pool: "lab", token: "L" }) },
    ]);
    const refused = await lab.macpool("reconcile", "--apply", file);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("macpool pool create lab --range PREFIX");
    await lab.lines("pool", "create", "lab", "--range", "4a:00:00");
    expect(await reconcile("--apply", file)).toMatchObject({ code: 0 });
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["another document", '{"name":"pulumi-macpool"}'],
    ["another version", '{"version":1,"deployment":{"resources":[]}}'],
    ["brackets without end", "[".repeat(1_000_000)],
  ])("refuses a file of %s with 2 and writes nothing", async (_, text) => {
    expect(await reconcile("--apply", raw("bad.json", text))).toMatchObject({ code: 2, verdicts: [] });
    expect(existsSync(lab.register)).toBe(false);
  });

  test.each([
    ["address", "not one"],
    ["seq", 2 ** 53],
    ["seq", -1],
    ["token", ""],
    ["owner", "a\u0000b"],
    ["tags", ["a"]],
  ])("refuses a state whose %s is %j, and names the resource", async (property, value) => {
    const refused = await reconcile("--apply", write("dev", [{ outputs: outputs({ [property]: value }) }]));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("urn:pulumi:dev::network") });
    expect(existsSync(lab.register)).toBe(false);
  });

  test("without any address in the exports makes no register", async () => {
    expect(await reconcile("--apply", write("dev", []))).toMatchObject({ code: 3, verdicts: [] });
    expect(existsSync(lab.register)).toBe(false);
  });
});
