import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MUTANTS } from "./mutants";

const ROOT = join(__dirname, "../..");

test.each(MUTANTS)("the mutant still fits the code: $name", ({ edits, suspects }) => {
  for (const { file, find } of edits) {
    expect(readFileSync(join(ROOT, file), "utf8").split(find), `${file} holds it once`).toHaveLength(2);
  }
  expect(suspects).not.toEqual([]);
});
