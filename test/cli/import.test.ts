import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parsePrefix } from "../../provider/mac/range";
import { environment, MACPOOL } from "./child";
import { type Lab, openLab } from "./support";

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  await lab.lines("init", "--prefix", "52:54:00");
});

afterEach(() => lab.remove());

function file(text: string, name = "vms.csv"): string {
  const path = join(lab.directory, name);
  writeFileSync(path, text);
  return path;
}

/** Outcome, address and code of each row. */
function rows(stdout: string): readonly string[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { outcome, address, code } = JSON.parse(line);
      return [outcome, address, ...(code === null ? [] : [code])].join(" ");
    });
}

async function live(): Promise<readonly string[]> {
  return lab.withStore(async (store) => {
    const all: string[] = [];
    for await (const { address, owner, installation } of store.list({ state: "live" })) {
      all.push(`${address.toString(16)} ${owner} ${installation}`);
    }
    return all;
  });
}

async function seq(): Promise<number> {
  return (await lab.withStore((store) => store.identity())).seq;
}

const TWO = "mac,owner\n52:54:00:00:00:01,web\n52-54-00-00-00-02,db\n";

describe("macpool import", () => {
  test("registers every address of a file, and the second time changes nothing", async () => {
    const path = file(TWO);
    expect(await lab.macpool("import", path)).toEqual({
      code: 0,
      stdout: "added\t52:54:00:00:00:01\tweb\tdefault\tline 2\t\nadded\t52:54:00:00:00:02\tdb\tdefault\tline 3\t\n",
      stderr: expect.stringContaining("2 added"),
    });
    expect(await live()).toEqual(["525400000001 web import", "525400000002 db import"]);
    const before = await seq();
    const again = await lab.macpool("import", "--json", path);
    expect(again.code).toBe(0);
    expect(rows(again.stdout)).toEqual(["present 52:54:00:00:00:01", "present 52:54:00:00:00:02"]);
    expect(await seq()).toBe(before);
  });

  test("with --dry-run says the same and writes nothing", async () => {
    const before = await seq();
    const ran = await lab.macpool("import", "--dry-run", "--json", file(TWO));
    expect(ran.code).toBe(0);
    expect(rows(ran.stdout)).toEqual(["added 52:54:00:00:00:01", "added 52:54:00:00:00:02"]);
    expect(await seq()).toBe(before);
  });

  test("reports every conflict, registers the rest, and ends with 1; a dry run foretells it", async () => {
    await lab.lines("claim", "52:54:00:00:00:09", "--owner", "printer");
    await lab.lines("reserve", "add", "52:54:00:00:01", "--reason", "printers");
    await lab.lines("pool", "create", "edge", "--range", "4a:00:00");
    const path = file(`mac,owner,pool
52:54:00:00:00:01,web,
52:54:00:00:00:01,copy,
52:54:00:00:00:09,scanner,
52:54:00:00:01:07,kept,
53:54:00:00:00:01,group,
4e:00:00:00:00:01,nowhere,
00:16:3e:00:00:01,universal,
nonsense,bad,
,missing,
52:54:00:00:00:03,here,nopool
52:54:00:00:00:04,there,edge
4a:00:00:00:00:05,edgy,
52:54:00:00:00:06,last,
`);
    const expected = [
      "added 52:54:00:00:00:01",
      "conflict 52:54:00:00:00:01 ADDRESS_TAKEN",
      "conflict 52:54:00:00:00:09 ADDRESS_TAKEN",
      "conflict 52:54:00:00:01:07 ADDRESS_RESERVED",
      "conflict 53:54:00:00:00:01 INVALID_MAC",
      "conflict 4e:00:00:00:00:01 ADDRESS_OUTSIDE_POOL",
      "conflict 00:16:3e:00:00:01 ADDRESS_OUTSIDE_POOL",
      "conflict nonsense INVALID_MAC",
      "conflict  INVALID_MAC",
      "conflict 52:54:00:00:00:03 POOL_NOT_FOUND",
      "conflict 52:54:00:00:00:04 ADDRESS_OUTSIDE_POOL",
      "added 4a:00:00:00:00:05",
      "added 52:54:00:00:00:06",
    ];
    for (const flags of [["--dry-run"], []]) {
      const ran = await lab.macpool("import", "--json", ...flags, path);
      expect(rows(ran.stdout)).toEqual(expected);
      expect(ran.code).toBe(1);
    }
    expect(await live()).toEqual([
      "4a0000000005 edgy import",
      "525400000001 web import",
      "525400000006 last import",
      "525400000009 printer cli",
    ]);
  });

  test("says how to make the pool that an address lacks, and then takes it", async () => {
    const path = file("mac\n00:16:3e:00:00:01\n");
    const refused = await lab.macpool("import", path);
    const [, args = ""] = /macpool (pool create .*?)(?: \[|\t|$)/.exec(refused.stdout) ?? [];
    expect(args).toBe("pool create NAME --range 00:16:3e --universal");
    await lab.lines(...args.replace("NAME", "xen").split(" "));
    expect((await lab.macpool("import", path)).code).toBe(0);
    expect(await live()).toEqual(["163e000001 00:16:3e:00:00:01 import"]);
  });

  test("puts a prefix before every owner, and takes the pool that is named where the file names none", async () => {
    await lab.withStore((store) => store.createPool({ name: "edge", ranges: [parsePrefix("4a")] }));
    const path = file("mac,owner,pool\n52:54:00:00:00:01,web,default\n4a:00:00:00:00:01,,\n");
    const ran = await lab.macpool("import", "--owner-prefix", "rack7/", "--pool", "edge", path);
    expect(ran.code).toBe(0);
    expect(await live()).toEqual(["4a0000000001 rack7/4a:00:00:00:00:01 import", "525400000001 rack7/web import"]);
  });

  test("reads stdin, and a file as the format that --format names", async () => {
    const path = file("52:54:00:00:00:01,fred\n", "hosts");
    expect((await lab.macpool("import", "--format", "kea", path)).code).toBe(2);
    expect((await lab.macpool("import", "--format", "dnsmasq", path)).code).toBe(0);
    const child = spawn(process.execPath, [MACPOOL, "import", "-"], {
      env: environment({ MACPOOL_STORE: lab.register }),
    });
    child.stdin.end(TWO.replace("web", "fred"));
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    expect(await live()).toEqual(["525400000001 fred import", "525400000002 db import"]);
  });

  test.each([
    ["of no known format", "Dear operator,\nhere are no addresses.\n"],
    ["that is empty", ""],
    ["that is broken", 'mac,owner\n52:54:00:00:00:01,"web\n'],
    ["that is no text", "\ufffd".repeat(3)],
  ])("refuses a file %s with 2 and writes nothing", async (_, text) => {
    const before = await seq();
    const ran = await lab.macpool("import", file(text));
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("INVALID_FILE");
    expect(await seq()).toBe(before);
  });

  test("refuses a file that is not there with 2, and a register that is not there with 3", async () => {
    expect((await lab.macpool("import", join(lab.directory, "none.csv"))).code).toBe(2);
    expect((await lab.macpool("--store", join(lab.directory, "none.db"), "import", file(TWO))).code).toBe(3);
  });

  test("leaves all or nothing when it is interrupted at any moment", async () => {
    const count = 20_000;
    const lines = Array.from({ length: count }, (_, index) => {
      const hex = index.toString(16).padStart(6, "0");
      return `52:54:00:${hex.replace(/..(?!$)/g, "$&:")},vm-${index}`;
    });
    const path = file(["mac,owner", ...lines].join("\n"));
    const seen = new Set<number>();
    for (const milliseconds of [150, 300, 500, 700, 900, 1100, 1400, 1800]) {
      const child = spawn(process.execPath, [MACPOOL, "import", path], {
        env: environment({ MACPOOL_STORE: lab.register }),
        stdio: "ignore",
      });
      const end = new Promise((resolve) => child.once("exit", resolve));
      await pause(milliseconds);
      child.kill(milliseconds % 200 === 100 ? "SIGKILL" : "SIGINT");
      await end;
      seen.add((await live()).length);
    }
    expect((await lab.macpool("import", path)).code).toBe(0);
    seen.add((await live()).length);
    expect([...seen].filter((number) => number !== 0 && number !== count)).toEqual([]);
    expect(seen).toContain(count);
  });
});

describe("an export of a whole register", () => {
  test("becomes a new register, and no list of addresses", async () => {
    await lab.lines("import", file(TWO));
    const exported = file((await lab.macpool("export")).stdout, "register.jsonl");
    const copy = join(lab.directory, "copy.db");
    expect((await lab.macpool("--store", copy, "import", "--dry-run", exported)).code).toBe(2);
    expect((await lab.macpool("--store", copy, "import", exported)).code).toBe(0);
    expect((await lab.macpool("import", exported)).code).toBe(1);
    const again = await lab.macpool("--store", copy, "import", file(TWO));
    expect(again.stdout).toMatch(/^present\t.*\npresent\t/);
  });
});

describe("a server where a file is expected", () => {
  test("is refused, and the password in it not repeated", async () => {
    const url = "postgres://u:s3cret@127.0.0.1:1/db";
    for (const args of [
      ["import", url],
      ["import", `jdbc:${url}`],
      ["import", "postgres:u:s3cret@127.0.0.1:1/db"],
      ["import", "host=127.0.0.1 user=u password=s3cret"],
      ["reconcile", url],
      ["reconcile", `"${url}"`],
      ["--store", ` ${url}`, "next"],
      ["--store", `sqlite:${url}`, "doctor"],
      ["--store", ` ${url}`, "doctor"],
    ]) {
      const { code, stdout, stderr } = await lab.macpool(...args);
      expect(code).not.toBe(0);
      expect(stderr).toContain("server");
      expect(stdout + stderr).not.toContain("s3cret");
    }
  });
});
