import type { Lease } from "../../provider/lease/lease";
import type { Recovery, Verdict } from "../../provider/lease/recover";
import { formatMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";
import type { Colour, Table } from "../output/table";
import type { Declared } from "./put-declared";
import type { StackExport } from "./stack-export";

/** What is said of one address. */
export interface Finding {
  readonly verdict: Verdict | "orphan";
  /** Of a pool or a reservation, its name or range. */
  readonly address: string;
  readonly owner: string;
  readonly stack: string;
  readonly reason: string;
}

const COLOURS: Readonly<Record<Finding["verdict"], Colour | undefined>> = {
  present: "green",
  insert: "yellow",
  renew: "yellow",
  stale: "dim",
  orphan: "yellow",
  conflict: "red",
  duplicate: "red",
};

/** How findings are printed. */
export const FINDINGS: Table<Finding> = {
  columns: [
    { heading: "VERDICT", text: ({ verdict }) => verdict, colour: ({ verdict }) => COLOURS[verdict] },
    { heading: "ADDRESS", text: ({ address }) => address },
    { heading: "OWNER", text: ({ owner }) => owner },
    { heading: "STACK", text: ({ stack }) => stack },
    { heading: "REASON", text: ({ reason }) => reason },
  ],
  json: (finding) => finding,
};

/** Returns what is said of a stated lease. */
export function findingOf({ stated: { owner, stack, address }, verdict, reason }: Recovery): Finding {
  return { verdict, address: formatMac(address), owner, stack, reason };
}

/** Returns what is said of a declared pool or reservation. */
export function declaredFinding({ declaration, name, verdict, reason }: Declared): Finding {
  return { verdict, address: name, owner: declaration.by.owner, stack: declaration.stack, reason };
}

/** Yields the live leases of the exported stacks that none of the exports knows: nobody will ever release them. */
export async function* orphans(exports: readonly StackExport[], register: LeaseStore): AsyncIterable<Finding> {
  const stackOf = stacksByInstallation(exports);
  const stated = new Set(exports.flatMap(({ leases }) => leases.map(({ lease }) => lease.address)));
  for await (const lease of register.list({ state: "live" })) {
    const stack = stackOf(lease);
    if (stack !== undefined && !stated.has(lease.address)) yield orphan(lease, stack);
  }
}

/**
 * Returns what tells a lease's stack. An installation begins with the id of a provider resource (sdk/provider.ts) and ends
 * with the stack's name: one provider is of several stacks where one took over the state of another. Older ones are the id.
 */
function stacksByInstallation(exports: readonly StackExport[]): (lease: Lease) => string | undefined {
  const byProvider = new Map<string, readonly string[]>();
  for (const { stack, providers } of exports) {
    for (const id of providers) byProvider.set(id, [...(byProvider.get(id) ?? []), stack]);
  }
  return ({ installation }) => {
    const [id = ""] = installation.split("/", 1);
    const stacks = byProvider.get(id) ?? [];
    return installation === id ? stacks[0] : stacks.find((stack) => installation.endsWith(`/${stack}`));
  };
}

function orphan({ address, owner }: Lease, stack: string): Finding {
  const reason = `The stack does not have it any more, if the export is of now and no "pulumi up" was interrupted. To release it: macpool release --force ${formatMac(address)}`;
  return { verdict: "orphan", address: formatMac(address), owner, stack, reason };
}
