import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { macpool } from "../../cli/program";
import { environment, MACPOOL, type Ran } from "./child";
import { type Lab, openLab } from "./support";

/** What an example needs beside a register with one lease by hand: shell lines that run before it, and files. */
interface Need {
  readonly before?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Whether it tells the user on stderr what comes next. */
  readonly speaks?: boolean;
}

/** What `pulumi stack export` prints for a stack that holds nothing but itself. */
function stackExport(stack: string): string {
  const urn = `urn:pulumi:${stack}::web::pulumi:pulumi:Stack::web-${stack}`;
  const resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack" }];
  return JSON.stringify({ version: 3, deployment: { manifest: {}, resources } });
}

/** By command, without "macpool". */
const NEEDS: Readonly<Record<string, Need>> = {
  init: { before: ["rm register.db"] },
  import: {
    before: ["rm register.db", "macpool init --prefix 52:54:00"],
    files: { "dnsmasq.conf": "dhcp-host=52:54:00:00:00:07,printer\n" },
    speaks: true,
  },
  reconcile: { files: { "dev.json": stackExport("dev"), "prod.json": stackExport("prod") }, speaks: true },
  restore: { before: ["macpool backup register-backup.db"], speaks: true },
  migrate: { speaks: true },
  "pool delete": { before: ["macpool pool create spare --range 4a:00:00"] },
};

let lab: Lab;

beforeEach(async () => {
  lab = openLab();
  await lab.lines("init");
  await lab.lines("next");
  const bin = join(lab.directory, "bin");
  mkdirSync(bin);
  symlinkSync(MACPOOL, join(bin, "macpool"));
});

afterEach(() => lab.remove());

/** Commands that do something themselves: groups only hold others. */
function leaves(command: Command, path: readonly string[] = []): readonly [path: string, command: Command][] {
  if (command.commands.length === 0) return [[path.join(" "), command]];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help;
}

function examplesIn(help: string): readonly string[] {
  const [, lines = ""] = /^Examples?:\n((?: {2}.*\n?)+)/m.exec(help) ?? [];
  return lines.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

function shell(line: string): Promise<Ran> {
  const path = `${join(lab.directory, "bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  const env = environment({ MACPOOL_STORE: lab.register, PATH: path });
  return new Promise((resolve) => {
    execFile("bash", ["-ec", line], { cwd: lab.directory, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
    });
  });
}

describe("the help of every command has an example, and it works", () => {
  test.each(leaves(macpool(() => undefined)))("macpool %s", async (path, command) => {
    const examples = examplesIn(helpOf(command));
    expect(examples.length, "an example in the help").toBeGreaterThan(0);
    const { before = [], files = {}, speaks = false } = NEEDS[path] ?? {};
    for (const [name, content] of Object.entries(files)) writeFileSync(join(lab.directory, name), content);
    for (const line of before) expect(await shell(line), line).toMatchObject({ code: 0 });
    for (const line of examples) {
      expect(line).toContain(`macpool ${path}`);
      const words = speaks ? expect.stringContaining("macpool: ") : "";
      expect(await shell(line), line).toMatchObject({ code: 0, stderr: words });
    }
  });

  test("no need is declared for a command that does not exist", () => {
    const paths = leaves(macpool(() => undefined)).map(([path]) => path);
    expect(Object.keys(NEEDS).filter((path) => !paths.includes(path))).toEqual([]);
  });
});

describe("help", () => {
  test.each([
    ["", "next"],
    ["pool", "create"],
    ["reserve", "add"],
  ])("macpool %s without a command prints its commands and ends with code 2", async (group, command) => {
    const ran = await lab.macpool(...group.split(" ").filter((word) => word !== ""));
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(new RegExp(`^ {2}${command} `, "m"));
  });

  test("begins with what is used every day and ends with completion", async () => {
    const { stdout } = await lab.macpool("--help");
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1]);
    expect(commands.slice(0, 2)).toEqual(["init", "next"]);
    expect(commands.slice(-2)).toEqual(["completion", "help"]);
  });

  test("says how streams and single things are printed as JSON, and what exit codes mean", async () => {
    const { code, stdout } = await lab.macpool("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("one object a line");
    expect(stdout).toContain("Exit codes: 0 done, 1 refused, 2 wrong usage, 3 register unusable.");
  });

  test("of a command names the options of every command", async () => {
    expect((await lab.macpool("pool", "create", "--help")).stdout).toMatch(/--store <register>[\s\S]*--json/);
  });
});
