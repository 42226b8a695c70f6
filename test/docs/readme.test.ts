import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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

test("the program does what it says, and its types are right", async () => {
  const [program = ""] = blocks("ts");
  writeFileSync(join(directory, "index.ts"), program);
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "readme", main: "index.ts" }));
  const compilerOptions = { target: "ES2022", module: "nodenext", rootDir: ".", strict: true, skipLibCheck: true };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction");
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

test("its shell lines work, in their order, and print what it says", () => {
  const [script = ""] = blocks("sh").filter((block) => block.includes("macpool init"));
  const bin = join(directory, "bin");
  mkdirSync(bin);
  symlinkSync(join(ROOT, "dist/cli/main.js"), join(bin, "macpool"));
  const env = {
    ...process.env,
    PATH: [bin, process.env["PATH"]].join(delimiter),
    MACPOOL_STORE: join(directory, "register.db"),
  };
  const shown = script.replaceAll(/^mac=.*$/gm, '$&\necho "$mac"');
  const lines = execFileSync("bash", ["-euc", shown], { env, encoding: "utf8" }).trim().split("\n");
  expect(lines[1]).toBe("42:00:00:00:00:00");
  expect(lines[2]).toMatch(/^42(:[0-9a-f]{2}){5}$/);
});

test("names no option of the configuration that the provider does not read", () => {
  const settings = readFileSync(join(ROOT, "provider/resource/settings.ts"), "utf8");
  const keys = [...README.matchAll(/`macpool:([a-zA-Z]+)`/g)].map((match) => match[1] ?? "");
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(settings).toContain(`read("${key}")`);
});
