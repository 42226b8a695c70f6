import { describe, expect, test } from "vitest";
import { exampleFile, exampleFiles, exampleNames, typeErrorsOf } from "./support/example";
import { shell, shellEnv } from "./support/macpool";

/** What brings its own types, and is there wherever Node is. */
const BUILT_IN = /^(node:|\.)/;

/** A package's name at the beginning of what a program imports from it. */
const PACKAGE = /^(@[^/]+\/)?[^/]+/;

/** What is installed for every test. Examples that need more install it, and look at their types, in their own tests. */
const INSTALLED = ["@pulumi/pulumi", "pulumi-macpool"];

function dependenciesOf(example: string): readonly string[] {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(exampleFile(example, "package.json"));
  return Object.keys(dependencies);
}

describe.each(exampleNames())("the example %s", (example) => {
  test("has all that a copy of its folder needs, and says what it is", () => {
    expect(exampleFiles(example)).toEqual(
      expect.arrayContaining(["Pulumi.yaml", "README.md", "index.ts", "package.json", "tsconfig.json"]),
    );
  });

  test("declares every package that it imports", () => {
    const sources = exampleFiles(example).filter((file) => file.endsWith(".ts"));
    const imports = sources.flatMap((file) => [...exampleFile(example, file).matchAll(/ from "([^"]+)"/g)]);
    const modules = imports.map((match) => match[1] ?? "").filter((name) => !BUILT_IN.test(name));
    const packages = modules.map((name) => PACKAGE.exec(name)?.[0]);
    expect(packages).toContain("pulumi-macpool");
    // Without it, not even the Pulumi CLI could run a program.
    expect(dependenciesOf(example)).toEqual(expect.arrayContaining([...packages, "@pulumi/pulumi"]));
  });

  test("reads what its README says to configure, and says how to configure what it cannot do without", () => {
    const program = exampleFile(example, "index.ts");
    const settings = [...exampleFile(example, "README.md").matchAll(/pulumi config set (?:--secret )?([\w:]+)/g)];
    const own = settings.map((match) => match[1] ?? "").filter((key) => !key.includes(":"));
    for (const key of own) expect(program).toMatch(new RegExp(`\\.(get|require)\\w*\\("${key}"\\)`));
    for (const [, key = ""] of program.matchAll(/\.require\w*\("(\w+)"\)/g)) expect(own).toContain(key);
  });

  test("names no command of macpool that there is not", () => {
    const help = shell("macpool --help", shellEnv("unused"));
    const commands = [...help.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1]);
    expect(commands).toContain("next");
    const texts = exampleFiles(example).filter((file) => /\.(?:md|sh|ya?ml)$/.test(file));
    const named = texts.flatMap((file) => [...exampleFile(example, file).matchAll(/(?<![\w-])macpool ([a-z]+)/g)]);
    for (const [, command] of named) expect(commands).toContain(command);
  });
});

const selfContained = exampleNames().filter((name) => dependenciesOf(name).every((each) => INSTALLED.includes(each)));

test.each(selfContained)("the example %s is right in its types, against the package as it is published", (example) => {
  expect(typeErrorsOf(example)).toBe("");
});
