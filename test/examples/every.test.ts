import { describe, expect, test } from "vitest";
import { exampleFile, exampleFiles, exampleNames, typeErrorsOf } from "./support/example";
import { shell, shellEnv } from "./support/macpool";

/** What brings its own types, and is there wherever Node is. */
const BUILT_IN = /^(node:|\.)/;

describe.each(exampleNames())("the example %s", (example) => {
  test("has all that a copy of its folder needs, and says what it is", () => {
    expect(exampleFiles(example)).toEqual(
      expect.arrayContaining(["Pulumi.yaml", "README.md", "index.ts", "package.json", "tsconfig.json"]),
    );
  });

  test("declares every package that it imports", () => {
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(exampleFile(example, "package.json"));
    const sources = exampleFiles(example).filter((file) => file.endsWith(".ts"));
    const imports = sources.flatMap((file) => [...exampleFile(example, file).matchAll(/ from "([^"]+)"/g)]);
    const packages = imports.map((match) => match[1] ?? "").filter((name) => !BUILT_IN.test(name));
    expect(packages).toContain("pulumi-macpool");
    // Without it, not even the Pulumi CLI could run a program.
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining([...packages, "@pulumi/pulumi"]));
  });

  test("names no command of macpool that there is not", () => {
    const help = shell("macpool --help", shellEnv("unused"));
    const commands = [...help.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1]);
    expect(commands).toContain("next");
    const texts = exampleFiles(example).filter((file) => /\.(?:md|sh|ya?ml)$/.test(file));
    const named = texts.flatMap((file) => [...exampleFile(example, file).matchAll(/(?<![\w-])macpool ([a-z]+)/g)]);
    for (const [, command] of named) expect(commands).toContain(command);
  });

  test("is right in its types, against the package as it is published", () => {
    expect(typeErrorsOf(example)).toBe("");
  });
});
