import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = join(__dirname, "../../sdk");

it.each(readdirSync(folder))("%s imports nothing but Pulumi, node:crypto, node:net and the SDK itself", (file) => {
  const source = readFileSync(join(folder, file), "utf8");
  const imported = [...source.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, specifier]) => specifier);
  for (const specifier of imported) expect(specifier).toMatch(/^(@pulumi\/pulumi|node:(?:crypto|net)|\.\/[a-z-]+)$/);
});
