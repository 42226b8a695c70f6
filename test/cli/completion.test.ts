import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environment } from "./child";
import { type Lab, openLab } from "./support";

let lab: Lab;

beforeAll(() => {
  lab = openLab();
});

afterAll(() => lab.remove());

/** Asks the real shell, which has read the real script, what can follow `words`; the last one is being typed. */
type Ask = (script: string, words: readonly string[]) => string;

const bash: Ask = (script, words) => {
  const asked = `source ${script}; COMP_WORDS=(macpool "$@"); COMP_CWORD=$#; compopt() { echo FILES; }
    _macpool; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["--norc", "-c", asked, "bash", ...words], { encoding: "utf8" });
};

// Outside its line editor zsh runs no completer, so what ours calls is put in the place of zsh's own.
const zsh: Ask = (script, words) => {
  const asked = `compdef() { registered="$*" }; _describe() { print -l -- "\${(@P)2}" }; _files() { print FILES }
    source ${script}; [[ $registered == '_macpool macpool' ]] || exit 9
    words=(macpool "$@"); CURRENT=$(( $# + 1 )); _macpool; true`;
  return execFileSync("zsh", ["-fc", asked, "zsh", ...words], { encoding: "utf8" });
};

const fish: Ask = (script, words) => {
  const line = `macpool ${words.join(" ")}`;
  const env = environment({ HOME: lab.directory, XDG_CONFIG_HOME: lab.directory });
  return execFileSync("fish", ["-c", `source ${script}; complete -C "$argv[1]"`, line], { encoding: "utf8", env });
};

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ["-c", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.each([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
] as const)("completion in %s", (shell, ask) => {
  const isThere = isInstalled(shell);
  if (!isThere) console.warn(`SKIPPED: ${shell} is not installed, so its completion was not tried.`);

  beforeAll(async () => {
    writeFileSync(join(lab.directory, `macpool.${shell}`), (await lab.macpool("completion", shell)).stdout);
  });

  function complete(...words: readonly string[]): readonly string[] {
    const script = join(lab.directory, `macpool.${shell}`);
    const lines = ask(script, words).split("\n");
    // zsh and fish add what a word is for.
    return lines.flatMap((line) => (line === "" ? [] : [line.split(/[:\t]/)[0] ?? ""]));
  }

  test.skipIf(!isThere)("offers the commands", () => {
    expect(complete("")).toEqual(expect.arrayContaining(["init", "next", "list", "pool", "completion"]));
  });

  test.skipIf(!isThere)("offers the commands of a group, also after an option with a value", () => {
    expect(complete("--store", "list", "pool", "")).toEqual(expect.arrayContaining(["create", "update", "delete"]));
    expect(complete("pool", "")).not.toContain("next");
  });

  test.skipIf(!isThere)("offers the options of a command and those of all", () => {
    const options = complete("pool", "create", "--");
    expect(options).toEqual(expect.arrayContaining(["--range", "--strategy", "--json", "--store"]));
    expect(options).not.toContain("--count");
  });

  test.skipIf(!isThere)("offers the choices of an option and of an argument", () => {
    expect(complete("pool", "create", "--strategy", "").toSorted()).toEqual(["derived", "sequential"]);
    expect(complete("completion", "").toSorted()).toEqual(["bash", "fish", "zsh"]);
  });

  test.skipIf(!isThere || shell === "fish")("offers files for the register", () => {
    expect(complete("list", "--store", "")).toEqual(["FILES"]);
    expect(complete("migrate", "")).toEqual(["FILES"]);
    expect(complete("migrate", "old.db", "")).toEqual(["FILES"]);
  });

  test.skipIf(!isThere)("offers nothing for a free text", () => {
    expect(complete("next", "--owner", "")).toEqual([]);
  });
});

test("another shell is wrong usage", async () => {
  expect(await lab.macpool("completion", "tcsh")).toMatchObject({ code: 2, stdout: "" });
});
