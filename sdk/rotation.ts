import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/**
 * Returns the digest of `keepers` that the register compares: "" for none. As an Output it stays secret when a keeper is
 * secret, and unknown while one is unknown.
 */
export function rotationOf(
  keepers: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined,
): pulumi.Output<string> {
  return pulumi.output(keepers).apply(rotationText);
}

/**
 * Returns "" for no keepers, else the first 32 hexadecimal digits of the SHA-256 of the JSON of their entries, sorted by
 * key in UTF-16 code unit order. Frozen: another digest would ask for a new address for every MacAddress with keepers.
 *
 * Takes anything and never throws for a JSON-like value: the provider's `check` reports keepers that are not text as a
 * fault of the property `keepers`, which the user sees on the resource.
 */
export function rotationText(keepers: unknown): string {
  const entries = Object.entries(keepers ?? {}).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return "";
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify(entries, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
  return createHash("sha256").update(canonical).digest("hex").slice(0, 32);
}
