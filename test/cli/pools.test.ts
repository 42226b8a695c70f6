import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseRange } from "../../provider/mac/range";
import { type Lab, openLab, PROGRAM } from "./support";

const MANAGER = { owner: "acme/net/prod/lab", installation: PROGRAM };

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  await lab.lines("init");
});

afterEach(() => lab.remove());

async function pool(name: string): Promise<unknown> {
  const [line = ""] = await lab.lines("pool", "show", name, "--json");
  return JSON.parse(line);
}

describe("macpool pool", () => {
  test("creates what it is told and shows it", async () => {
    const settings = ["--strategy", "sequential", "--quarantine", "90m", "--description", "for tests"];
    expect(await lab.lines("pool", "create", "lab", "--range", "46:00:00", "--range", "46:00:02", ...settings)).toEqual(
      ["lab"],
    );
    expect(await pool("lab")).toEqual({
      name: "lab",
      ranges: ["46:00:00:00:00:00-46:00:00:ff:ff:ff", "46:00:02:00:00:00-46:00:02:ff:ff:ff"],
      size: 2 ** 25,
      strategy: "sequential",
      order: "strict",
      quarantineSeconds: 5400,
      universal: false,
      description: "for tests",
      managedBy: null,
    });
    expect(await lab.lines("pool", "show", "lab")).toContain("quarantine\t90m");
  });

  test("takes every spelling of a range", async () => {
    const range = "46-00-00-00-00-00 .. 46-00-00-00-00-ff";
    await lab.lines("pool", "create", "a", "--range", range, "--range", "4a0000000000/40", "--range", "4e00.0000.0000");
    expect(await pool("a")).toMatchObject({ size: 256 + 256 + 1 });
  });

  test("lists pools, one a line", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    const names = (await lab.lines("pool", "list")).map((line) => line.split("\t")[0]);
    expect(names).toEqual(["default", "lab"]);
    expect(await lab.lines("pool", "list", "--json")).toHaveLength(2);
  });

  test("changes what is given and nothing else", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00", "--description", "d", "--quarantine", "7d");
    await lab.lines("pool", "update", "lab", "--add-range", "46:00:02");
    expect(await pool("lab")).toMatchObject({ size: 2 ** 25, description: "d", quarantineSeconds: 604_800 });
    await lab.lines("pool", "update", "lab", "--range", "46:00:04", "--strategy", "sequential");
    expect(await pool("lab")).toMatchObject({
      ranges: ["46:00:04:00:00:00-46:00:04:ff:ff:ff"],
      strategy: "sequential",
      description: "d",
    });
    await lab.lines("pool", "update", "lab", "--description", "");
    expect(await pool("lab")).toMatchObject({ description: "", quarantineSeconds: 604_800 });
  });

  test("keeps all ranges that several add at once", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    const added = ["46:00:02", "46:00:04", "46:00:06"];
    await Promise.all(added.map((range) => lab.lines("pool", "update", "lab", "--add-range", range)));
    expect(await pool("lab")).toMatchObject({ size: 4 * 2 ** 24 });
  });

  test("declares an owned OUI, and takes that back where it can", async () => {
    expect((await lab.macpool("pool", "create", "oui", "--range", "00:16:3e")).stderr).toContain("INVALID_RANGE");
    await lab.lines("pool", "create", "oui", "--range", "00:16:3e", "--universal");
    expect((await lab.macpool("pool", "update", "oui", "--no-universal")).code).toBe(2);
    await lab.lines("pool", "update", "oui", "--no-universal", "--range", "46:00:00");
    expect(await pool("oui")).toMatchObject({ universal: false });
  });

  test("refuses to shrink away from a lease, or to delete a pool with one", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    await lab.lines("next", "--pool", "lab");
    for (const args of [
      ["update", "lab", "--range", "46:00:02"],
      ["delete", "lab"],
    ]) {
      const ran = await lab.macpool("pool", ...args);
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain("POOL_CONFLICT");
    }
    await lab.lines("release", "46:00:00:00:00:00");
    expect(await lab.lines("pool", "delete", "lab")).toEqual(["lab"]);
    expect((await lab.macpool("pool", "show", "lab")).code).toBe(1);
  });

  test("shows what a deleted pool left behind", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    await lab.lines("next", "--pool", "lab", "--owner", "x");
    await lab.lines("release", "x");
    await lab.lines("pool", "delete", "lab");
    expect((await lab.lines("list", "--pool", "lab"))[0]).toContain("\tlab\tx\t");
    expect(await lab.lines("show", "x")).toContain("owner\tx");
  });

  test.each([
    ["create", "lab"],
    ["create", "lab", "--range", "46:0"],
    ["create", "lab", "--range", "46:00:00", "--quarantine", "1 day"],
    ["create", "lab", "--range", "46:00:00", "--quarantine", "-1"],
    ["create", "lab", "--range", "46:00:00", "--strategy", "random"],
    ["create", "-x", "--range", "46:00:00"],
    ["create", "la b", "--range", "46:00:00"],
    ["update", "default"],
    ["update", "default", "--force"],
    ["update", "default", "--range", "42", "--add-range", "46"],
  ])("wrong usage ends with 2 and changes nothing: pool %s %s %s %s", async (...args) => {
    const before = await lab.lines("pool", "list");
    const ran = await lab.macpool("pool", ...args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).not.toBe("");
    expect(await lab.lines("pool", "list")).toEqual(before);
  });

  test("leaves a pool alone that a program manages, unless forced", async () => {
    await lab.withStore((store) => store.createPool({ name: "lab", ranges: [parseRange("46:00:00")] }, MANAGER));
    expect(await pool("lab")).toMatchObject({ managedBy: MANAGER });
    for (const args of [
      ["update", "lab", "--description", "x"],
      ["delete", "lab"],
    ]) {
      const ran = await lab.macpool("pool", ...args);
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain(MANAGER.owner);
    }
    await lab.lines("pool", "update", "lab", "--description", "x", "--force");
    expect(await pool("lab")).toMatchObject({ description: "x", managedBy: MANAGER });
    await lab.lines("pool", "delete", "lab", "--force");
    expect(await lab.lines("pool", "list")).toHaveLength(1);
  });
});

describe("macpool reserve", () => {
  test("keeps a range from being handed out until it is removed", async () => {
    await lab.lines("reserve", "add", "42:00:00:00:00:00-42:00:00:00:00:0f", "--reason", "routers");
    expect(await lab.lines("next")).toEqual(["42:00:00:00:00:10"]);
    expect(await lab.lines("reserve", "remove", "42:00:00:00:00:00/44")).toEqual([
      "42:00:00:00:00:00-42:00:00:00:00:0f",
    ]);
    expect(await lab.lines("next")).toEqual(["42:00:00:00:00:00"]);
  });

  test("that is there already is left as it is, and shown", async () => {
    await lab.lines("reserve", "add", "42:02", "--reason", "first");
    await lab.withStore((store) => store.reserve({ ...parseRange("42:03"), reason: "vips" }, MANAGER));
    expect(await lab.macpool("reserve", "add", "42:02", "--reason", "first")).toMatchObject({ code: 0, stderr: "" });
    for (const [range, words] of [
      ["42:02", "first"],
      ["42:03", MANAGER.owner],
    ] as const) {
      const ran = await lab.macpool("reserve", "add", range, "--reason", "second", "--json");
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(words) });
      expect(JSON.parse(ran.stdout)).toMatchObject(
        range === "42:02" ? { reason: "first" } : { reason: "vips", managedBy: MANAGER },
      );
    }
  });

  test("lists reservations with their reasons, also those of every register", async () => {
    await lab.lines("reserve", "add", "42:02", "--reason", "load\tbalancers");
    const lines = await lab.lines("reserve", "list");
    expect(lines).toContain("42:02:00:00:00:00-42:02:ff:ff:ff:ff\t4294967296\t\tload\\tbalancers");
    expect(lines.filter((line) => line.endsWith("protocol addresses"))).toHaveLength(3);
  });

  test("cannot remove what is not reserved so, or what every register reserves", async () => {
    for (const range of ["42:03", "42:01:00", "02:bf"]) {
      const ran = await lab.macpool("reserve", "remove", range);
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain("RESERVATION_NOT_FOUND");
    }
  });

  test("needs a range and a reason", async () => {
    expect((await lab.macpool("reserve", "add", "42:02")).code).toBe(2);
    expect((await lab.macpool("reserve", "add", "42:0", "--reason", "x")).code).toBe(2);
  });

  test("leaves alone what a program manages, unless forced", async () => {
    const reservation = { ...parseRange("42:02"), reason: "vips" };
    await lab.withStore((store) => store.reserve(reservation, MANAGER));
    expect(await lab.macpool("reserve", "remove", "42:02")).toMatchObject({ code: 1, stdout: "" });
    await lab.lines("reserve", "remove", "42:02", "--force");
    expect((await lab.macpool("show", "42:02:00:00:00:00")).stdout).toContain("never issued");
  });
});

describe("what a program manages", () => {
  test("is shown without its token, with which it could be ended, whatever is asked or refused", async () => {
    const by = { ...MANAGER, token: "granted" };
    await lab.withStore(async (store) => {
      await store.createPool({ name: "lab", ranges: [parseRange("46:00:00")] }, by);
      await store.reserve({ ...parseRange("42:02"), reason: "vips" }, by);
    });
    expect(await pool("lab")).toMatchObject({ managedBy: MANAGER });
    const all = ["list", "show lab", "update lab --description x", "delete lab", "create lab --range 46:00:00"];
    const asked = [...all, "update lab --description x --force", "delete lab --force"].map((args) => `pool ${args}`);
    const also = ["list", "remove 42:02", "add 42:02 --reason x", "remove 42:02 --force"].map(
      (args) => `reserve ${args}`,
    );
    for (const args of [...asked, ...also]) {
      // What is done at the end is done only once.
      for (const json of args.endsWith("--force") ? [["--json"]] : [[], ["--json"]]) {
        const { stdout, stderr } = await lab.macpool(...args.split(" "), ...json);
        expect(stdout + stderr, args).not.toContain("granted");
        expect(stdout + stderr, args).not.toBe("");
      }
    }
  });
});
