import { createHash } from "node:crypto";

/**
 * Returns "" for no keepers, else the first 32 hexadecimal digits of the SHA-256 of the JSON of their entries, sorted by
 * key in UTF-16 code unit order. Frozen: another digest would ask for a new address for every MacAddress with keepers.
 */
export function rotationText(keepers: Readonly<Record<string, string>>): string {
  const entries = Object.entries(keepers);
  if (entries.length === 0) return "";
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 32);
}
