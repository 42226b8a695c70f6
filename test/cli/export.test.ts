import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemContext } from "../../provider/store/open";
import { createSqliteRegister, openSqliteStore } from "../../provider/store/sqlite/sqlite-store";
import { directory, macpool, start } from "./child";

const CONTEXT = systemContext(() => undefined);

/** Returns the path of a register with all that one can hold: history, quarantine, retired pools, managers, odd texts. */
async function usedRegister(): Promise<string> {
  const path = join(directory(), "register.db");
  const range = (octet: number) => ({ start: octet * 2 ** 32, end: octet * 2 ** 32 + 255 });
  const by = { owner: "acme/net/prod/pool", installation: "one", token: "granted" };
  const pools = [
    { name: "default", ranges: [range(0x4210)] },
    { name: "old", ranges: [range(0x4220)] },
  ];
  createSqliteRegister(path, { storeId: "6f0a4b52-6a0e-4a0c-9a39-1f1f5e0d7c11", pools, reservations: [] }, CONTEXT);
  const store = await openSqliteStore(path, CONTEXT);
  await store.createPool({ name: "kept", ranges: [range(0x4230)], strategy: "sequential", quarantineSeconds: 7 }, by);
  await store.reserve(
    { start: 0x4210 * 2 ** 32, end: 0x4210 * 2 ** 32 + 3, reason: "printers \u2028\t\u001b[31m" },
    by,
  );
  const tags: Record<string, string> = JSON.parse('{"__proto__":"x","b":"\\ud800","1":"\\ud83d\\ude00"}');
  const request = { installation: "i", rotation: "r", description: "line\nbreak \u0000", tags };
  for (const [index, pool] of ["default", "old", "kept", "old", "default"].entries()) {
    const [outcome] = await store.acquire([{ ...request, owner: `o\u202e${index}`, pool }]);
    if (outcome?.ok !== true) throw outcome?.error ?? new Error("no outcome");
    if (pool === "old" || index === 4) await store.release([outcome.value.lease]);
  }
  await store.deletePool("old");
  await store.close();
  return path;
}

/** Returns the text of an export with its lines changed, and its last line made to fit. */
function resealed(text: string, change: (lines: string[]) => readonly string[]): string {
  const lines = change(text.trimEnd().split("\n").slice(0, -1));
  const body = lines.map((line) => `${line}\n`).join("");
  const sha256 = createHash("sha256").update(body).digest("hex");
  return `${body}${JSON.stringify({ record: "end", lines: lines.length, sha256 })}\n`;
}

describe("macpool export, and macpool import of it", () => {
  test("make a register that exports the same, byte for byte, and is sound", async () => {
    const store = await usedRegister();
    const { code, stdout, stderr } = await macpool(store, ["export"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout.split("\n", 1)[0] ?? "")).toMatchObject({ format: "macpool-export", version: 1 });
    const to = join(directory(), "sub", "register.db");
    const loaded = await macpool(to, ["import", "-"], stdout);
    expect(loaded).toMatchObject({ code: 0, stdout: `${to}\n` });
    expect((await macpool(to, ["export", "--json"])).stdout).toBe(stdout);
    expect((await macpool(to, ["doctor"])).code).toBe(0);
    expect(readdirSync(dirname(to))).toEqual(["register.db"]);
  });

  test("read a file as well, with Windows line ends, and in UTF-16 as PowerShell writes it", async () => {
    const { stdout } = await macpool(await usedRegister(), ["export"]);
    const windows = stdout.replaceAll("\n", "\r\n");
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(windows, "utf16le")]);
    for (const content of [stdout, windows, wide]) {
      const file = join(directory(), "export.jsonl");
      writeFileSync(file, content);
      const to = join(dirname(file), "register.db");
      expect(await macpool(to, ["import", file])).toMatchObject({ code: 0 });
      expect((await macpool(to, ["export"])).stdout).toBe(stdout);
    }
  });

  test("work for what no buffer holds at once", async () => {
    const store = await usedRegister();
    await macpool(store, ["pool", "create", "many", "--range", "42:40"]);
    await macpool(store, ["next", "--pool", "many", "--count", "3000"]);
    const { stdout } = await macpool(store, ["export"]);
    expect(stdout.length).toBeGreaterThan(2 ** 20);
    const file = join(directory(), "export.jsonl");
    writeFileSync(file, stdout);
    for (const [name, args, input] of [
      ["file.db", ["import", file], ""],
      ["stdin.db", ["import", "-"], stdout],
    ] as const) {
      const to = join(dirname(file), name);
      expect(await macpool(to, args, input)).toMatchObject({ code: 0 });
      expect((await macpool(to, ["export"])).stdout === stdout, name).toBe(true);
    }
  });

  test("never replace a register", async () => {
    const store = await usedRegister();
    const { stdout } = await macpool(store, ["export"]);
    const ran = await macpool(store, ["import", "-"], stdout);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("REGISTER_EXISTS");
    expect((await macpool(store, ["export"])).stdout).toBe(stdout);
  });

  test("refuse what was cut off, changed, repeated or is of another version: with the line, and nothing is made", async () => {
    const { stdout } = await macpool(await usedRegister(), ["export"]);
    const lines = stdout.trimEnd().split("\n");
    const at = (words: string) => lines.findIndex((line) => line.includes(words)) + 1;
    const lease = at('"lease"');
    const replace = (line: number, from: string | RegExp, to: string) =>
      resealed(stdout, (all) => all.map((text, index) => (index + 1 === line ? text.replace(from, to) : text)));
    const cases: readonly (readonly [string, string, number])[] = [
      ["cut off after a line", `${lines.slice(0, -1).join("\n")}\n`, lines.length - 1],
      ["cut off in a line", stdout.slice(0, -30), lines.length],
      ["edited", stdout.replace("o\\u202e0", "thief"), lines.length],
      ["a line taken out", lines.filter((_, index) => index + 1 !== lease).join("\n"), lines.length - 1],
      ["more after the end", `${stdout}${lines[1]}\n`, lines.length + 1],
      ["another version", replace(1, '"version":1', '"version":2'), 1],
      [
        "a lease twice",
        resealed(stdout, (all) => all.flatMap((line, index) => (index + 1 === lease ? [line, line] : [line]))),
        lease + 1,
      ],
      ["a header twice", resealed(stdout, (all) => [all[0] ?? "", ...all]), 2],
      ["a number as text", replace(lease, /"seq":(\d+)/, '"seq":"$1"'), lease],
      ["a field that is missing", replace(lease, /"token":"[^"]*",/, ""), lease],
      ["a field too many", replace(lease, '"record"', '"more":1,"record"'), lease],
      ["an address that is none", replace(lease, /"address":"42/, '"address":"4x'), lease],
      ["an unknown kind of event", replace(at('"init"'), '"init"', '"bogus"'), at('"init"')],
      ["a pool with group addresses", replace(at('"kept"'), '["42:', '["43:'), at('"kept"')],
      ["no JSON", replace(lease, "{", "<"), lease],
      [
        "a lease that changed hands behind the history's back",
        replace(lease, /"owner":"[^"]*"/, '"owner":"x"'),
        lines.length,
      ],
    ];
    const directories = directory();
    for (const [name, text, line] of cases) {
      const ran = await macpool(join(directories, "register.db"), ["import", "-", "--json"], text);
      expect({ name, code: ran.code }).toEqual({ name, code: 2 });
      expect(JSON.parse(ran.stdout), name).toMatchObject({ error: { code: "INVALID_FILE", details: { line } } });
      expect(readdirSync(directories), name).toEqual([]);
    }
  });

  test("refuse what is not UTF-8 without naming a line, which is not known", async () => {
    const { stdout } = await macpool(await usedRegister(), ["export"]);
    const file = join(directory(), "export.jsonl");
    writeFileSync(file, Buffer.from(stdout.replace("o\\u202e0", "caf\u00e9"), "latin1"));
    const ran = await macpool(join(dirname(file), "register.db"), ["import", file]);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(/^macpool: The file .*not UTF-8\. Nothing/) });
  });

  test("leave nothing behind when Ctrl-C comes in the middle", async () => {
    const { stdout } = await macpool(await usedRegister(), ["export"]);
    const to = join(directory(), "register.db");
    const child = start(to, ["import", "-"]);
    child.stdin?.write(stdout.slice(0, -200));
    while (readdirSync(dirname(to)).length === 0) await new Promise((next) => setTimeout(next, 5));
    child.kill("SIGINT");
    child.stdin?.end();
    const [code] = await once(child, "exit");
    expect(code).toBe(130);
    expect(readdirSync(dirname(to))).toEqual([]);
  });

  test("hold what pools and reservations were granted under, and make the same of the export of a version without that", async () => {
    const { stdout } = await macpool(await usedRegister(), ["export"]);
    expect(stdout.match(/"managedBy":\{"owner":"[^"]*","installation":"one","token":"granted"\}/g)).toHaveLength(2);
    const older = resealed(stdout, (lines) => lines.map((line) => line.replace(',"token":"granted"}', "}")));
    expect(older).not.toContain("granted");
    const to = join(directory(), "register.db");
    expect((await macpool(to, ["import", "-"], older)).code).toBe(0);
    expect((await macpool(to, ["export"])).stdout).toBe(older);
  });

  test("survive a reader that closes the pipe", async () => {
    const store = await usedRegister();
    await macpool(store, ["reserve", "list"]);
    const child = start(store, ["export"]);
    child.stdout?.destroy();
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
  });
});
