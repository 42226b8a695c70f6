import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatMac } from "../../provider/mac/mac";
import { ofKind, outputs, reconcile, STORE, writeExport } from "./reconcile-support";
import { type Lab, openLab } from "./support";

const OTHER = "ba8d2c5e-0b1f-4f6e-8f55-9d0f4a1c7e21";
const THIRD = "c19e7b52-7f38-4c55-a0ab-3d4d4f8a7c10";

const own = { outputs: outputs() };
const foreign = (address: string, storeId = OTHER, change: object = {}) => ({
  outputs: outputs({ address, storeId, token: address, seq: 9000, ...change }),
});
const foreignPool = ofKind("MacPool", {
  storeId: OTHER,
  owner: "acme/network/dev/vms",
  installation: "dev-provider",
  name: "vms",
  ranges: ["4a:00:00"],
});

let lab: Lab;

beforeEach(() => {
  lab = openLab();
});

afterEach(() => lab.remove());

async function held(): Promise<readonly string[]> {
  return lab.withStore(async (store) => {
    const all: string[] = [];
    for await (const { address } of store.list({ state: "live" })) all.push(formatMac(address));
    return all;
  });
}

describe("a stack that uses two registers", () => {
  test("is reconciled with the one that is there, and what is of the other is left out and counted", async () => {
    await reconcile(lab, "--apply", writeExport(lab, "first", [own]));
    await lab.withStore((store) => store.release([{ address: 0x42_00_00_00_00_0a, token: "T" }]));
    const lost = { outputs: outputs({ address: "42:00:00:00:00:0b", token: "V", seq: 900 }) };
    const others = [foreign("42:00:00:00:00:0c"), foreign("42:00:00:00:00:0d"), foreign("42:00:00:00:00:0e", THIRD)];
    const file = writeExport(lab, "dev", [lost, ...others, foreignPool]);
    const told = await reconcile(lab, "--apply", file);
    expect(told).toMatchObject({ code: 0, verdicts: ["insert 42:00:00:00:00:0b"] });
    expect(told.stderr).toContain(`left out: 2 addresses and 1 pool or reservation of register ${OTHER}`);
    expect(told.stderr).toContain(`1 address of register ${THIRD}`);
    expect(await held()).toEqual(["42:00:00:00:00:0b"]);
    const { pools, seq } = await lab.withStore(async (store) => ({
      pools: (await store.pools()).map(({ name }) => name),
      seq: (await store.identity()).seq,
    }));
    expect(pools).toEqual(["default"]);
    // Another register's changes have numbers of their own.
    expect(seq).toBeLessThan(9000);
  });

  test("has an orphan also where the other register has the same address for it", async () => {
    await reconcile(lab, "--apply", writeExport(lab, "dev", [own]));
    const kept = { outputs: outputs({ address: "42:00:00:00:00:0b", token: "V" }) };
    const file = writeExport(lab, "dev", [kept, foreign("42:00:00:00:00:0a")]);
    expect((await reconcile(lab, file)).verdicts).toContain("orphan 42:00:00:00:00:0a");
  });

  test("does not say which register is to be made anew, which --register does", async () => {
    const file = writeExport(lab, "dev", [own, foreign("4a:00:00:00:00:01", OTHER, { pool: "vms" }), foreignPool]);
    const refused = await reconcile(lab, "--apply", file);
    expect(refused).toMatchObject({ code: 3, verdicts: [], stderr: expect.stringContaining("REGISTER_MISMATCH") });
    for (const words of [
      `${STORE} (1 address in ${file})`,
      `${OTHER} (1 address and 1 pool or reservation in ${file})`,
      "--register",
    ])
      expect(refused.stderr).toContain(words);
    expect(existsSync(lab.register)).toBe(false);

    expect((await reconcile(lab, "--register", OTHER, file)).code).toBe(1);
    expect(existsSync(lab.register)).toBe(false);
    const made = await reconcile(lab, "--apply", "--register", OTHER, file);
    expect(made).toMatchObject({ code: 0, verdicts: ["insert pool vms", "insert 4a:00:00:00:00:01"] });
    expect(await lab.withStore((store) => store.identity())).toMatchObject({ storeId: OTHER });
    expect(await reconcile(lab, file)).toMatchObject({ code: 0, verdicts: ["present 4a:00:00:00:00:01"] });
  });

  test("makes a register anew whose change numbers are above its own states' only", async () => {
    const file = writeExport(lab, "dev", [own, foreign("42:00:00:00:00:0b")]);
    expect((await reconcile(lab, "--apply", "--register", STORE, file)).code).toBe(0);
    const { seq } = await lab.withStore((store) => store.identity());
    expect(seq).toBeGreaterThan(7);
    expect(seq).toBeLessThan(9000);
  });
});

describe("an export with nothing of the register", () => {
  test("is refused by its name, and named beside others whose register it is", async () => {
    await reconcile(lab, "--apply", writeExport(lab, "first", [own]));
    const dev = writeExport(lab, "dev", [own]);
    const stranger = writeExport(lab, "stranger", [foreign("42:00:00:00:00:0b")]);
    for (const files of [[stranger], [dev, stranger]]) {
      const refused = await reconcile(lab, "--apply", ...files);
      expect(refused).toMatchObject({ code: 3, verdicts: [], stderr: expect.stringContaining("REGISTER_MISMATCH") });
      for (const words of [stranger, OTHER, STORE]) expect(refused.stderr).toContain(words);
    }
    expect(await held()).toEqual(["42:00:00:00:00:0a"]);
  });

  test("is left out, by its name, when --register says which one is meant", async () => {
    const dev = writeExport(lab, "dev", [own]);
    const stranger = writeExport(lab, "stranger", [foreign("42:00:00:00:00:0b")]);
    const made = await reconcile(lab, "--apply", "--register", STORE, dev, stranger);
    expect(made).toMatchObject({ code: 0, verdicts: ["insert 42:00:00:00:00:0a"] });
    expect(made.stderr).toContain(`${stranger} has nothing of register ${STORE}`);
    expect(await held()).toEqual(["42:00:00:00:00:0a"]);
  });

  test("but with nothing of any other either changes nothing", async () => {
    const dev = writeExport(lab, "dev", [own]);
    const empty = writeExport(lab, "empty", []);
    expect(await reconcile(lab, "--apply", dev, empty)).toMatchObject({ code: 0 });
    expect(await held()).toEqual(["42:00:00:00:00:0a"]);
  });
});

describe("--register", () => {
  test("with an id that no export has is wrong usage, and says which there are", async () => {
    const file = writeExport(lab, "dev", [own]);
    const refused = await reconcile(lab, "--apply", "--register", THIRD, file);
    expect(refused).toMatchObject({ code: 2, verdicts: [] });
    for (const words of [THIRD, `${STORE} (1 address in ${file})`]) expect(refused.stderr).toContain(words);
    expect(existsSync(lab.register)).toBe(false);
  });

  test("with another id than that of the register that is there is a mismatch", async () => {
    const file = writeExport(lab, "dev", [own, foreign("42:00:00:00:00:0b")]);
    await reconcile(lab, "--apply", "--register", STORE, file);
    const refused = await reconcile(lab, "--apply", "--register", OTHER, file);
    expect(refused).toMatchObject({ code: 3, verdicts: [], stderr: expect.stringContaining("REGISTER_MISMATCH") });
    expect(await held()).toEqual(["42:00:00:00:00:0a"]);
  });

  test("is in the help, and completed", async () => {
    expect((await lab.lines("reconcile", "--help")).join("\n")).toContain("--register <id>");
    expect((await lab.lines("completion", "bash")).join("\n")).toContain("--register");
  });
});
