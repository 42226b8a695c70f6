import { MacpoolError } from "../../provider/error";
import type { AcquireRequest } from "../../provider/lease/lease";
import { BY_HAND, isWellFormed, parseOwner } from "../../provider/lease/owner";
import { definePool, type Pool, type PoolSpec } from "../../provider/lease/pool";
import { classify } from "../../provider/mac/classify";
import { formatMac, type Mac, readMac } from "../../provider/mac/mac";
import { quote } from "../../provider/mac/quote";
import { contains, parsePrefix } from "../../provider/mac/range";
import type { Entry, Fault } from "./entry";

/** What the user wants with every entry. */
export interface PlanOptions {
  /** For entries that name no pool; default: the pool that contains the address. */
  readonly pool?: string | undefined;
  /** Put before every owner. */
  readonly ownerPrefix?: string | undefined;
}

/** An entry and the request it makes. */
export interface Planned {
  readonly entry: Entry;
  /** The address, canonical where it is one. */
  readonly address: string;
  readonly owner: string;
  readonly request: (AcquireRequest & { readonly requestedAddress: Mac }) | undefined;
  readonly fault: Fault | undefined;
}

const MAX_DESCRIPTION = 4096;
const MAX_TAGS = 65_536;

/** Returns what each entry comes to before the register is asked. The first of several that name one address stands. */
export function plan(entries: readonly Entry[], pools: readonly Pool[], options: PlanOptions = {}): readonly Planned[] {
  const seen = new Map<Mac, Entry>();
  return entries.map((entry) => {
    try {
      return planned(entry, pools, options, seen);
    } catch (error) {
      if (!MacpoolError.is(error)) throw error;
      return refused(entry, { code: error.code, reason: error.message });
    }
  });
}

function planned(entry: Entry, pools: readonly Pool[], options: PlanOptions, seen: Map<Mac, Entry>): Planned {
  if (entry.fault !== undefined || entry.skip !== undefined) return refused(entry, entry.fault);
  const mac = addressOf(entry);
  const before = seen.get(mac);
  if (before !== undefined) return repeated(entry, before, mac);
  const address = formatMac(mac);
  const owner = parseOwner((options.ownerPrefix ?? "") + (entry.owner ?? address));
  const pool = entry.pool ?? options.pool ?? homeOf(mac, pools);
  const { description = "", tags = {} } = entry;
  assertStorable(description, tags);
  seen.set(mac, entry);
  const request = { owner, installation: BY_HAND.import, pool, rotation: "", description, tags, requestedAddress: mac };
  return { entry, address, owner, request, fault: undefined };
}

/**
 * One NIC in two places, such as a host in two subnets, is one. Without owners nobody knows, and two NICs with one address
 * are what the register is there to prevent.
 *
 * @throws MacpoolError ADDRESS_TAKEN when it may be another NIC.
 */
function repeated(entry: Entry, before: Entry, mac: Mac): Planned {
  if (entry.owner === undefined || entry.owner !== before.owner) throw twice(mac, before);
  return refused({ ...entry, skip: `The file has it before, at ${before.place}, for the same owner.` }, undefined);
}

function refused(entry: Entry, fault: Fault | undefined): Planned {
  const mac = readMac(entry.address.trim());
  const address = mac === undefined ? entry.address.slice(0, 64) : formatMac(mac);
  return { entry, address, owner: (entry.owner ?? "").slice(0, 1024), request: undefined, fault };
}

function addressOf({ address }: Entry): Mac {
  const mac = readMac(address.trim());
  if (mac === undefined) {
    throw new MacpoolError("INVALID_MAC", `${quote(address)} is not a MAC address. Correct it in the file.`);
  }
  // What the register would say after it had looked for a pool; no pool may hold these.
  const { claim, note } = classify(mac, { universal: true });
  if (claim !== "refuse") return mac;
  throw new MacpoolError("INVALID_MAC", `${formatMac(mac)} cannot be given to a NIC: ${note} Give the NIC another.`);
}

function twice(mac: Mac, { place, owner }: Entry): MacpoolError {
  const holder = owner === undefined ? "" : ` for ${quote(owner)}`;
  return new MacpoolError(
    "ADDRESS_TAKEN",
    `The file has ${formatMac(mac)} before, at ${place}${holder}: two NICs cannot use one address. Give one of them another.`,
  );
}

function homeOf(mac: Mac, pools: readonly Pool[]): string {
  const home = pools.find((pool) => contains(pool.ranges, mac));
  if (home !== undefined) return home.name;
  const address = formatMac(mac);
  const range = address.slice(0, 8);
  const universal = classify(mac).kind === "universal";
  const refusal = refusalOf({ name: "new", ranges: [parsePrefix(range)], universal });
  const words =
    refusal === undefined
      ? `Create one and import again: macpool pool create NAME --range ${range}${universal ? " --universal" : ""}`
      : `No pool may hold ${range}, either: ${refusal}`;
  throw new MacpoolError("ADDRESS_OUTSIDE_POOL", `No pool of the register holds ${address}. ${words}`);
}

/** Returns why there can be no such pool; undefined when there can. */
function refusalOf(spec: PoolSpec): string | undefined {
  try {
    definePool(spec);
    return undefined;
  } catch (error) {
    if (MacpoolError.is(error)) return error.message;
    throw error;
  }
}

function assertStorable(description: string, tags: Readonly<Record<string, string>>): void {
  if (!isWellFormed(description)) {
    throw new MacpoolError("INVALID_FILE", "Its description is not well-formed Unicode. Correct it in the file.");
  }
  if (description.length <= MAX_DESCRIPTION && JSON.stringify(tags).length <= MAX_TAGS) return;
  throw new MacpoolError(
    "INVALID_FILE",
    `Its description has more than ${MAX_DESCRIPTION} characters, or its tags more than ${MAX_TAGS}. Shorten them.`,
  );
}
