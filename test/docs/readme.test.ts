import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStack } from "../engine/stack";

const ROOT = join(__dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "macpool-readme-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function blocks(language: string): readonly string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1] ?? "");
}

function writeProgram(folder: string, program: string): void {
  writeFileSync(join(folder, "index.ts"), program);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "readme", main: "index.ts" }));
  const compilerOptions = { target: "ES2022", module: "nodenext", rootDir: ".", strict: true, skipLibCheck: true };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "junction");
}

test("the program does what it says, and its types are right", async () => {
  const [program = ""] = blocks("ts");
  writeProgram(directory, program);
  const stack = openStack({
    projectDir: directory,
    entry: "index.ts",
    project: "readme",
    stack: "dev",
    env: { MACPOOL_STORE: join(directory, "register.db"), CI: "false" },
  });
  const result = await stack.up();
  expect(result.error).toBeUndefined();
  const [web, db, lab] = result.outputs["macs"] as readonly string[];
  expect(db).toBe("42:10:00:00:00:01");
  expect(new Set([web, db, lab]).size).toBe(3);
  expect(result.outputs["qemu"]).toBe(`virtio-net-pci,netdev=net0,mac=${web}`);
}, 60_000);

test("every npm script it names exists", () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = [...README.matchAll(/npm (?:run ([a-z:]+)|test|install)/g)].map((match) => match[1] ?? "test");
  expect(named).toContain("quickstart");
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
});

describe("in one directory, from its first command to its last", () => {
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    const bin = join(directory, "bin");
    mkdirSync(bin);
    symlinkSync(join(ROOT, "dist/cli/main.js"), join(bin, "macpool"));
    // Stands for the engine: prints the state of the stack it is asked for.
    writeFileSync(join(bin, "pulumi"), '#!/bin/sh\n[ "$1 $2 $3" = "stack export --stack" ] && cat "$4.state"\n', {
      mode: 0o755,
    });
    const path = [bin, process.env["PATH"]].join(delimiter);
    env = { ...process.env, PATH: path, MACPOOL_STORE: join(directory, "register.db"), CI: "false" };
  });

  /** Returns the lines that a block prints, and of each `mac=...` what the variable then holds. */
  function shell(block: string): readonly string[] {
    const shown = block.replaceAll(/^mac=.*$/gm, '$&\necho "$mac"');
    const options = { env, cwd: directory, encoding: "utf8" } as const;
    return execFileSync("bash", ["-euo", "pipefail", "-c", shown], { ...options, stdio: ["ignore", "pipe", "ignore"] })
      .trimEnd()
      .split("\n");
  }

  /** Runs a program as a stack, leaves its state for `pulumi stack export`, and returns its outputs. */
  async function up(stack: string, program: string): Promise<Readonly<Record<string, unknown>>> {
    const projectDir = join(directory, stack);
    mkdirSync(projectDir);
    writeProgram(projectDir, program);
    const opened = openStack({ projectDir, entry: "index.ts", project: "readme", stack, env });
    const result = await opened.up();
    expect(result.error).toBeUndefined();
    writeFileSync(join(directory, `${stack}.state`), JSON.stringify(opened.state()));
    return result.outputs;
  }

  test("all commands and programs work and do what it says", async () => {
    const [init = "", onCall = "", bringIn = "", keep = "", recover = "", ...rest] = blocks("sh").filter(
      (block) => !block.startsWith("npm "),
    );
    const [, pools = "", adopt = "", ...others] = blocks("ts");
    expect([...rest, ...others], "a block that no test runs").toEqual([]);
    writeFileSync(join(directory, "in-use.csv"), "mac,name\n52:54:00:12:34:56,old-vm\n");

    const [, first, owned] = shell(init);
    expect(first).toBe("42:00:00:00:00:00");
    expect(owned).toMatch(/^42(:[0-9a-f]{2}){5}$/);

    const declared = await up("dev", pools);
    const [nic = "", ...block] = (declared["macs"] as readonly string[]).map((mac) =>
      Number.parseInt(mac.replaceAll(":", ""), 16),
    );
    expect(Number(nic).toString(16)).toMatch(/^620000/);
    expect(Number(block[1]) - Number(block[0])).toBe(3);

    shell(onCall);
    shell(bringIn);
    expect(await up("prod", adopt)).toEqual({ mac: "52:54:00:12:34:56" });

    const before = shell("macpool list --json");
    shell(keep);
    expect(shell("macpool list --json")).toEqual(before);
    expect(shell("macpool list --json --store moved.db")).toEqual(before);

    rmSync(join(directory, "register.db"));
    const lost = recover.replaceAll(/^macpool .*?(?= {2}#)/gm, "$& || true");
    shell(lost);
    // It asks for this one: no state has a pool that was made by hand.
    shell("macpool pool create vms --range 52:54:00");
    shell(lost);
    expect(new Set(shell(recover).map((line) => line.split("\t")[0]))).toEqual(new Set(["present"]));
  }, 120_000);
});

test("names no option of the configuration that the provider does not read", () => {
  const settings = readFileSync(join(ROOT, "provider/resource/settings.ts"), "utf8");
  const keys = [...README.matchAll(/`macpool:([a-zA-Z]+)`/g)].map((match) => match[1] ?? "");
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(settings).toContain(`read("${key}")`);
});
