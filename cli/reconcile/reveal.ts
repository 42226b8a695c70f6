import { MacpoolError } from "../../provider/error";

/** What marks an object of a state as something special (`resource.SigKey` in pulumi/pulumi, sdk/go/common/resource). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const DEPTH = 64;

/**
 * Returns a value of a state with every secret in it in clear: `plaintext` of a secret is JSON once more.
 *
 * @throws MacpoolError INVALID_FILE for a secret that is encrypted, and for values nested deeper than 64 levels.
 */
export function reveal(value: unknown, place: string, depth = 0): unknown {
  if (depth > DEPTH) throw new MacpoolError("INVALID_FILE", `${place}: it is nested too deeply to be a state.`);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => reveal(item, place, depth + 1));
  const entries = new Map<string, unknown>(Object.entries(value));
  if (entries.get(SIGNATURE) === SECRET) return reveal(plaintextOf(entries.get("plaintext"), place), place, depth + 1);
  return Object.fromEntries([...entries].map(([key, item]) => [key, reveal(item, place, depth + 1)]));
}

function plaintextOf(plaintext: unknown, place: string): unknown {
  if (typeof plaintext !== "string") {
    throw new MacpoolError(
      "INVALID_FILE",
      `${place}: it holds an encrypted secret that is needed. Export the stack again with: pulumi stack export --show-secrets`,
    );
  }
  try {
    return JSON.parse(plaintext);
  } catch (cause) {
    throw new MacpoolError("INVALID_FILE", `${place}: a secret in it is not what Pulumi writes.`, { cause });
  }
}
