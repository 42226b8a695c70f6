import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./support";

/** The register that the states here are of, unless they say otherwise. */
export const STORE = "53c20faa-f7ad-4cad-85d4-182ce971e187";

/** Outputs of a resource in a state. */
export type Outputs = Readonly<Record<string, unknown>>;

/** A resource of a state: its outputs, and what else it has. */
export interface Stated {
  readonly outputs: Outputs;
  readonly [key: string]: unknown;
}

/** Returns the outputs of a MacAddress. */
export function outputs(change: Outputs = {}): Outputs {
  const identity = { owner: "acme/network/dev/web", installation: "dev-provider", rotation: "", pool: "default" };
  return { address: "42:00:00:00:00:0a", token: "T", storeId: STORE, seq: 7, ...identity, ...change };
}

/** Returns a resource of one of our kinds, such as `MacPool`. */
export function ofKind(kind: string, outputs: Outputs): Stated {
  return { type: `pulumi-nodejs:dynamic/macpool:${kind}`, outputs };
}

/** Writes an export of a stack with these resources, MacAddress unless they say otherwise, and returns its path. */
export function writeExport(
  lab: Lab,
  name: string,
  resources: readonly Stated[],
  change: { time?: string; provider?: string } = {},
): string {
  const urn = (type: string, index: number) => `urn:pulumi:${name}::network::${type}::${index}`;
  const type = "pulumi-nodejs:dynamic/macpool:MacAddress";
  const provider = "pulumi:providers:pulumi-nodejs";
  const all = [
    { urn: urn("pulumi:pulumi:Stack", 0), type: "pulumi:pulumi:Stack" },
    { urn: urn(provider, 0), type: provider, id: change.provider ?? `${name}-provider`, custom: true },
    ...resources.map((one, index) => ({
      urn: urn(type, index),
      type,
      id: one.outputs["address"],
      custom: true,
      ...one,
    })),
  ];
  const manifest = { time: change.time ?? "2026-01-01T12:00:00Z", magic: "", version: "v3.260.0" };
  const deployment = { manifest, resources: all };
  return writeRaw(lab, `${name}${change.time ?? ""}.json`, JSON.stringify({ version: 3, deployment }));
}

/** Writes a file into the lab and returns its path. */
export function writeRaw(lab: Lab, name: string, text: string): string {
  const path = join(lab.directory, name);
  writeFileSync(path, text);
  return path;
}

/** What `macpool reconcile` came to. */
export interface Reconciled {
  readonly code: number;
  readonly stderr: string;
  /** Verdict and address, or name, of each line. */
  readonly verdicts: readonly string[];
  readonly reasons: readonly string[];
}

/** Runs `macpool reconcile --json`. */
export async function reconcile(lab: Lab, ...args: readonly string[]): Promise<Reconciled> {
  const { code, stdout, stderr } = await lab.macpool("reconcile", "--json", ...args);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const all: { verdict?: string; address?: string; reason?: string }[] = lines.map((line) => JSON.parse(line));
  const found = all.filter(({ verdict }) => verdict !== undefined);
  const verdicts = found.map(({ verdict, address }) => `${verdict} ${address}`);
  return { code, stderr, verdicts, reasons: found.map(({ reason = "" }) => reason) };
}
