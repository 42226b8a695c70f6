import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const suffix = process.platform === "win32" ? ".exe" : "";
const needed = [`pulumi${suffix}`, `pulumi-language-nodejs${suffix}`];

/**
 * Returns the directory of a real Pulumi CLI that can run Node programs: the first on PATH, else `~/.pulumi/bin`,
 * else undefined. Both the CLI and its Node language host must be there.
 */
export function findPulumi(): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  return [...onPath, join(homedir(), ".pulumi", "bin")].find((directory) =>
    needed.every((file) => existsSync(join(directory, file))),
  );
}
