import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Lab, openLab, PROGRAM } from "./support";

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  await lab.lines("init");
});

afterEach(() => lab.remove());

/** Leases of a Pulumi program. */
async function acquire(...owners: readonly string[]): Promise<readonly number[]> {
  const requests = owners.map((owner) => ({
    owner,
    installation: PROGRAM,
    pool: "default",
    rotation: "",
    description: "",
    tags: {},
  }));
  return lab.withStore(async (store) => {
    const outcomes = await store.acquire(requests);
    return outcomes.map((outcome) => {
      if (!outcome.ok) throw outcome.error;
      return outcome.value.lease.address;
    });
  });
}

async function json(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  return (await lab.lines(...args, "--json")).map((line) => JSON.parse(line));
}

describe("macpool show", () => {
  test.each(["42:00:00:00:00:07", "42-0-0-0-0-7", "4200.0000.0007", "420000000007"])("reads %s", async (spelling) => {
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "printer", "--tag", "site=hq", "--tag", "a=b=c");
    const [known] = await json("show", spelling);
    expect(known).toMatchObject({
      address: "42:00:00:00:00:07",
      state: "live",
      pool: "default",
      class: { kind: "aai" },
      lease: { owner: "printer", installation: "cli", tags: { site: "hq", a: "b=c" }, releasedAt: null },
    });
  });

  test("tells a released, a free and a reserved address apart", async () => {
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "printer");
    await lab.lines("release", "printer");
    const [released] = await json("show", "printer");
    expect(released).toMatchObject({
      owner: "printer",
      leases: [{ state: "quarantined", lease: { quarantineEnd: expect.stringMatching(/Z$/) } }],
    });
    expect(await json("show", "42:00:00:00:00:08")).toMatchObject([{ state: "never issued", lease: null }]);
    expect(await json("show", "42:01:00:00:00:00")).toMatchObject([
      { state: "reserved", reserved: [{ range: "42:01:00:00:00:00-42:01:ff:ff:ff:ff" }] },
    ]);
  });

  test("says that an address past its quarantine is for anybody to get", async () => {
    await lab.lines("pool", "update", "default", "--quarantine", "0");
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "printer");
    await lab.lines("release", "printer");
    expect(await json("show", "printer")).toMatchObject([{ leases: [{ state: "reusable" }] }]);
  });

  test("ends with 1 when nothing is known, and says whose block it is", async () => {
    const ran = await lab.macpool("show", "02:42:00:00:00:01");
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("LEASE_NOT_FOUND");
    expect(ran.stderr).toContain("Docker");
    expect((await lab.macpool("show", "nobody")).code).toBe(1);
  });

  test("prints label and text with a tab between them in a pipe", async () => {
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "printer");
    const lines = await lab.lines("show", "printer");
    expect(lines.slice(0, 3)).toEqual(["address\t42:00:00:00:00:07", "state\tlive", "pool\tdefault"]);
    expect(lines).toContain("owner\tprinter");
  });
});

describe("macpool list", () => {
  test("prints nothing for an empty register", async () => {
    expect(await lab.macpool("list")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("prints tab-separated lines without heading, by address", async () => {
    await lab.lines("next", "--count", "2");
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "printer", "--description", "in the hall");
    const rows = (await lab.lines("list")).map((line) => line.split("\t"));
    expect(rows.map(([address]) => address)).toEqual(["42:00:00:00:00:00", "42:00:00:00:00:01", "42:00:00:00:00:07"]);
    expect(rows[2]).toEqual([
      "42:00:00:00:00:07",
      "live",
      "default",
      "printer",
      "cli",
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      "in the hall",
    ]);
  });

  test("keeps a line a line whatever a description holds", async () => {
    const description = "a\tb\nc\r\u001b]0;owned\u0007\u009b31m\u202e\\";
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "printer", "--description", description);
    const lines = await lab.lines("list");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.split("\t").at(-1)).toBe("a\\tb\\nc\\r\\u001b]0;owned\\u0007\\u009b31m\\u202e\\\\");
    const [line = ""] = await lab.lines("list", "--json");
    expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(JSON.parse(line)).toMatchObject({ description });
  });

  test("filters by pool, beginning of owner and state", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00");
    await acquire("acme/web/nic", "acme/web/other", "acme/webs");
    await lab.lines("next", "--pool", "lab", "--owner", "acme/lab");
    await lab.lines("release", "acme/lab");
    const owners = async (...args: readonly string[]) => (await json("list", ...args)).map(({ owner }) => owner);
    expect(await owners("--owner", "acme/web/")).toEqual(["acme/web/nic", "acme/web/other"]);
    expect(await owners("--pool", "lab")).toEqual(["acme/lab"]);
    expect(await owners("--state", "released")).toEqual(["acme/lab"]);
    expect(await owners("--state", "quarantined", "--pool", "lab")).toEqual(["acme/lab"]);
    expect(await owners("--state", "reusable")).toEqual([]);
    expect(await owners("--state", "live", "--owner", "acme/w")).toHaveLength(3);
  });

  test("refuses a pool that does not exist", async () => {
    const ran = await lab.macpool("list", "--pool", "nope");
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("POOL_NOT_FOUND");
  });
});

describe("macpool history", () => {
  test("tells who had an address, and when, by whom", async () => {
    await lab.lines("pool", "update", "default", "--quarantine", "0");
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "first");
    await lab.lines("release", "first");
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "second");
    await lab.lines("next");
    const events = await json("history", "42:0:0:0:0:7");
    expect(events.map(({ kind, owner }) => [kind, owner])).toEqual([
      ["claim", "first"],
      ["release", "first"],
      ["claim", "second"],
    ]);
    expect(events[0]).toMatchObject({ installation: "cli", actor: expect.stringContaining("@") });
  });

  test("tells what became of an owner's addresses", async () => {
    await lab.lines("claim", "42:00:00:00:00:07", "--owner", "first");
    await lab.lines("claim", "42:00:00:00:00:08", "--owner", "first");
    const [one = "", two = "", ...more] = await lab.lines("history", "first");
    expect([one.split("\t")[2], two.split("\t")[2], more]).toEqual(["42:00:00:00:00:07", "42:00:00:00:00:08", []]);
  });

  test("ends with 1 when there is none", async () => {
    expect(await lab.macpool("history", "42:00:00:00:00:00")).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("macpool stats", () => {
  test("counts each state, and the states add up to the size", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00:00:00");
    await lab.lines("reserve", "add", "46:00:00:00:00:f0-46:00:00:00:00:ff", "--reason", "routers");
    await lab.lines("next", "--pool", "lab", "--count", "3");
    await lab.lines("release", "46:00:00:00:00:01");
    const [usage] = await json("stats", "--pool", "lab");
    expect(usage).toMatchObject({ pool: "lab", size: 256, live: 2, quarantined: 1, reusable: 0, reserved: 16 });
    expect(usage).toMatchObject({ neverIssued: 237, free: 237 / 240 });
  });

  test("warns on stderr when less than a tenth is free, and not before", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00:00:00:00-46:00:00:00:00:09");
    await lab.lines("next", "--pool", "lab", "--count", "9");
    expect((await lab.macpool("stats")).stderr).toBe("");
    await lab.lines("next", "--pool", "lab");
    const { code, stderr } = await lab.macpool("stats");
    expect(code).toBe(0);
    expect(stderr).toContain('"lab"');
    expect(stderr).not.toContain('"default"');
  });

  test("counts a quarantined address as not free", async () => {
    await lab.lines("pool", "create", "lab", "--range", "46:00:00:00:00:00");
    await lab.lines("next", "--pool", "lab");
    await lab.lines("release", "46:00:00:00:00:00");
    expect((await lab.macpool("stats")).stderr).toContain('"lab"');
  });

  test("refuses a pool that does not exist, and two formats at once", async () => {
    expect((await lab.macpool("stats", "--pool", "nope")).code).toBe(1);
    expect((await lab.macpool("stats", "--format", "prometheus", "--json")).code).toBe(2);
  });
});
