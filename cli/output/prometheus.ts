import type { PoolUsage } from "../../provider/lease/lease";
import type { RegisterIdentity } from "../../provider/store/store";

const STATES: readonly (readonly [label: string, key: keyof PoolUsage])[] = [
  ["live", "live"],
  ["quarantined", "quarantined"],
  ["reusable", "reusable"],
  ["reserved", "reserved"],
  ["never_issued", "neverIssued"],
];

/** Returns how full pools are in Prometheus' text format (prometheus.io, "Exposition formats", version 0.0.4). */
export function prometheusText(
  { storeId, seq }: RegisterIdentity,
  pools: readonly (PoolUsage & { readonly pool: string })[],
): string {
  const byState = pools.flatMap((usage) =>
    STATES.map(([state, key]) => sample("macpool_pool_addresses", { pool: usage.pool, state }, usage[key] ?? 0)),
  );
  const sizes = pools.map((usage) => sample("macpool_pool_size", { pool: usage.pool }, usage.size));
  return [
    ...family("macpool_register_info", "Which register this is.", [
      sample("macpool_register_info", { store_id: storeId }, 1),
    ]),
    ...family("macpool_register_seq", "Changes made to the register so far.", [
      sample("macpool_register_seq", {}, seq),
    ]),
    ...family("macpool_pool_size", "Addresses in the ranges of the pool.", sizes),
    ...family("macpool_pool_addresses", "Addresses of the pool by state; the states add up to its size.", byState),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function family(name: string, help: string, samples: readonly string[]): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples];
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
