import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { type Lab, openLab, PROGRAM } from "./support";

const ADDRESS = "42:00:00:00:00:07";

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  await lab.lines("init");
});

afterEach(() => lab.remove());

/** Makes a Pulumi program hold {@link ADDRESS} and returns its token. */
async function programHolds(owner: string): Promise<string> {
  return lab.withStore(async (store) => {
    const request = { owner, installation: PROGRAM, pool: "default", rotation: "", description: "", tags: {} };
    const [outcome] = await store.acquire([{ ...request, requestedAddress: parseMac(ADDRESS) }]);
    if (outcome?.ok !== true) throw new Error("The program did not get its address.");
    return outcome.value.lease.token;
  });
}

function holder() {
  return lab.withStore((store) => store.find(parseMac(ADDRESS)));
}

describe("macpool claim", () => {
  test("leases the address in the pool that holds it, and prints it in canonical spelling", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    expect(await lab.macpool("claim", "4600.0000.000A", "--owner", "x")).toEqual({
      code: 0,
      stdout: "46:00:00:00:00:0a\n",
      stderr: "",
    });
    expect((await lab.lines("list", "--pool", "lab")).length).toBe(1);
  });

  test("repeated for the same owner keeps the lease", async () => {
    await lab.lines("claim", ADDRESS, "--owner", "x", "--description", "one");
    const [line = ""] = await lab.lines("claim", ADDRESS, "--owner", "x", "--description", "two", "--json");
    expect(JSON.parse(line)).toMatchObject({ address: ADDRESS, owner: "x", pool: "default", rule: "keep" });
    expect(await holder()).toMatchObject({ description: "two" });
  });

  test("repeated for the same owner changes the labels that it names, and next changes none", async () => {
    const labels = ["--tag", "rack=a3", "--description", "3rd floor"];
    await lab.lines("claim", ADDRESS, "--owner", "x", ...labels);
    const both = { description: "3rd floor", tags: { rack: "a3" } };
    expect(await lab.lines("next", "--owner", "x")).toEqual([ADDRESS]);
    expect(await holder()).toMatchObject(both);
    await lab.lines("claim", ADDRESS, "--owner", "x");
    expect(await holder()).toMatchObject(both);
    await lab.lines("claim", ADDRESS, "--owner", "x", "--tag", "rack=a4");
    expect(await holder()).toMatchObject({ ...both, tags: { rack: "a4" } });
    await lab.lines("claim", ADDRESS, "--owner", "x", "--description", "");
    expect(await holder()).toMatchObject({ description: "", tags: { rack: "a4" } });
  });

  test("of what was given by hand names the command that works", async () => {
    await lab.lines("claim", ADDRESS, "--owner", "x");
    const refused = await lab.macpool("claim", ADDRESS, "--owner", "another one");
    expect(refused.code).toBe(1);
    const [, command = ""] = /macpool (adopt .*) \[ADDRESS_TAKEN\]/.exec(refused.stderr) ?? [];
    expect(command).toBe(`adopt ${ADDRESS} --owner 'another one'`);
    await lab.lines("adopt", ADDRESS, "--owner", "another one");
    expect(await holder()).toMatchObject({ owner: "another one" });
  });

  test("for an owner that reads as an address says how to name it afterwards", async () => {
    const { stdout, stderr } = await lab.macpool("next", "--owner", "0a1b2c3d4e5f");
    expect(stderr).toContain("reads as a MAC address");
    expect(await lab.lines("release", stdout.trim())).toEqual([stdout.trim()]);
    expect((await lab.macpool("next", "--owner", "web")).stderr).toBe("");
  });

  test("of bytes that are no UTF-8, which would make two owners one, is refused", async () => {
    for (const args of [
      ["next", "--owner", "andr\ufffd"],
      ["claim", ADDRESS, "--owner", "x", "--tag", "a=\ufffd"],
    ]) {
      const refused = await lab.macpool(...args);
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toContain("is not UTF-8 text");
    }
  });

  test.each([
    ["taken by another", [ADDRESS], "ADDRESS_TAKEN"],
    ["reserved", ["42:01:00:00:00:00"], "ADDRESS_RESERVED"],
    ["in no pool", ["02:00:00:00:00:01"], "ADDRESS_OUTSIDE_POOL"],
    ["in another pool", ["46:00:00:00:00:00", "--pool", "default"], "ADDRESS_OUTSIDE_POOL"],
    ["of a pool that does not exist", ["42:00:00:00:00:01", "--pool", "nope"], "POOL_NOT_FOUND"],
    ["a group address", ["01:00:5e:00:00:01"], "INVALID_MAC"],
    ["no address", ["42:00:00"], "INVALID_MAC"],
  ])("refuses an address that is %s", async (_what, args, code) => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    await lab.lines("claim", ADDRESS, "--owner", "first");
    const ran = await lab.macpool("claim", ...args, "--owner", "second");
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain(code);
    expect(ran.code).toBe(code.startsWith("INVALID") ? 2 : 1);
    expect(await holder()).toMatchObject({ owner: "first" });
  });

  test("needs an owner, and tags with a key", async () => {
    expect((await lab.macpool("claim", ADDRESS)).code).toBe(2);
    expect((await lab.macpool("claim", ADDRESS, "--owner", "x", "--tag", "=v")).code).toBe(2);
    expect(await holder()).toBeUndefined();
  });
});

describe("macpool release", () => {
  test("ends the lease of an address in any spelling, and prints it", async () => {
    await lab.lines("claim", ADDRESS, "--owner", "x");
    expect(await lab.lines("release", "42-0-0-0-0-7")).toEqual([ADDRESS]);
    expect(await holder()).toMatchObject({ releasedAt: expect.any(Number) });
  });

  test("refuses an owner of several leases and names them, unless all are meant", async () => {
    await lab.lines("claim", ADDRESS, "--owner", "x");
    await lab.lines("claim", "42:00:00:00:00:08", "--owner", "x");
    const refused = await lab.macpool("release", "x");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    for (const words of ["OWNER_AMBIGUOUS", ADDRESS, "42:00:00:00:00:08"]) expect(refused.stderr).toContain(words);
    expect(await lab.lines("list", "--state", "live")).toHaveLength(2);
    expect(await lab.lines("release", "x", "--all")).toEqual([ADDRESS, "42:00:00:00:00:08"]);
    expect(await lab.lines("list", "--state", "live")).toEqual([]);
  });

  test("ends with 1 when nothing is live", async () => {
    await lab.lines("claim", ADDRESS, "--owner", "x");
    await lab.lines("release", "x");
    for (const subject of [ADDRESS, "x", "42:00:00:00:00:01", "nobody"]) {
      const ran = await lab.macpool("release", subject);
      expect(ran, subject).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain("LEASE_NOT_FOUND");
    }
  });

  test("leaves alone what a program holds, unless forced", async () => {
    await programHolds("acme/nic");
    for (const subject of [ADDRESS, "acme/nic"]) {
      const ran = await lab.macpool("release", subject);
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain("ADDRESS_TAKEN");
    }
    expect(await holder()).toMatchObject({ releasedAt: undefined });
    expect(await lab.lines("release", ADDRESS, "--force")).toEqual([ADDRESS]);
  });

  test("releases none of an owner's leases when one of them is a program's", async () => {
    await lab.lines("claim", "42:00:00:00:00:08", "--owner", "acme/nic");
    await programHolds("acme/nic");
    expect((await lab.macpool("release", "acme/nic", "--all")).code).toBe(1);
    expect(await lab.lines("list", "--state", "live")).toHaveLength(2);
  });
});

describe("macpool adopt", () => {
  test("gives an address made by hand to another owner, under a new token", async () => {
    await lab.lines("claim", ADDRESS, "--owner", "old", "--description", "hall", "--tag", "a=b");
    const before = await holder();
    expect(await lab.lines("adopt", ADDRESS, "--owner", "new")).toEqual([ADDRESS]);
    const after = await holder();
    expect(after).toMatchObject({ owner: "new", installation: "cli", description: "hall", tags: { a: "b" } });
    expect(after?.acquiredAt).toBe(before?.acquiredAt);
    expect(after?.token).not.toBe(before?.token);
    expect(after?.seq, "in one step").toBe((before?.seq ?? 0) + 1);
    expect(await lab.lines("list")).toHaveLength(1);
  });

  test.each(["acme/nic", "by-hand"])("takes from a program only when forced, and ends its token: %s", async (owner) => {
    const token = await programHolds("acme/nic");
    const refused = await lab.macpool("adopt", ADDRESS, "--owner", owner);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("ADDRESS_TAKEN");
    expect(await holder()).toMatchObject({ owner: "acme/nic", installation: PROGRAM, token });
    expect(await lab.lines("adopt", ADDRESS, "--owner", owner, "--force")).toEqual([ADDRESS]);
    expect(await holder()).toMatchObject({ owner, installation: "cli" });
    const released = await lab.withStore((store) => store.release([{ address: parseMac(ADDRESS), token }]));
    expect(released).toEqual([undefined]);
  });

  test("refuses an address that nobody has", async () => {
    expect((await lab.macpool("adopt", ADDRESS, "--owner", "x")).code).toBe(1);
    await lab.lines("claim", ADDRESS, "--owner", "x");
    await lab.lines("release", "x");
    const ran = await lab.macpool("adopt", ADDRESS, "--owner", "y");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("LEASE_NOT_FOUND");
  });
});
