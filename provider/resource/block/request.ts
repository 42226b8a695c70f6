import { type BlockRequest, type HeldBlock, memberOwner } from "../../lease/block";
import type { Lease } from "../../lease/lease";
import { DEFAULT_POOL } from "../../lease/pool";
import { formatMac, type Mac, parseMac } from "../../mac/mac";
import type { Provenance } from "../provenance";
import { type Bag, UNKNOWN } from "../schema";
import type { BlockInputs, BlockState } from "./schema";

/** Bumped when the meaning of an output changes, so that a later version can tell what it reads. */
const SCHEMA_VERSION = 1;

/** Returns the request that checked inputs make; see `requestOf` for an installation that is not known. */
export function blockRequestOf(inputs: BlockInputs, held?: HeldBlock): BlockRequest {
  return {
    owner: inputs.owner ?? "",
    installation: inputs.installation ?? UNKNOWN,
    pool: inputs.pool ?? DEFAULT_POOL,
    rotation: inputs.rotation ?? "",
    count: inputs.count ?? 0,
    contiguous: inputs.contiguous === true,
    adopt: inputs.adopt,
    preferred: foretold(inputs),
    held,
    description: inputs.description ?? "",
    tags: inputs.tags ?? {},
  };
}

/** Returns the addresses that a preview shows, by index, as far as it shows any: see `check`. */
function foretold({ addresses, known }: BlockInputs): readonly (Mac | undefined)[] | undefined {
  return (addresses ?? known)?.map((text) => (text === "" ? undefined : parseMac(text)));
}

/** Returns what a state keeps of a block: its inputs, its register, and the leases by index. */
export function outputsOf(leases: readonly Lease[], storeId: string, inputs: BlockInputs): Bag {
  return {
    ...inputsOf(leases, inputs),
    tokens: leases.map(({ token }) => token),
    seqs: leases.map(({ seq }) => seq),
    storeId,
    schemaVersion: SCHEMA_VERSION,
  };
}

/** Returns the inputs that lead to these leases. */
export function inputsOf(leases: readonly Lease[], inputs: BlockInputs): Bag {
  const { addresses: _, known: __, ...given } = inputs;
  const others = Object.entries(given).filter(([, value]) => value !== undefined);
  // The host refuses `undefined` anywhere in what a handler returns ("Unexpected struct type.").
  return {
    ...Object.fromEntries(others),
    addresses: leases.map(({ address }) => formatMac(address)),
    // In a preview the SDK takes an output that is not there for one that is not known.
    known: [],
    count: leases.length,
    pool: inputs.pool ?? leases[0]?.pool ?? DEFAULT_POOL,
  };
}

/** Returns the part of a state that says which register it is of: that of its newest lease. */
export function provenanceOf({ storeId, refs, owner, installation }: BlockState): Provenance {
  const newest = refs.reduce((best, { seq }, index) => (seq > (refs[best]?.seq ?? 0) ? index : best), 0);
  return { storeId, ...refs[newest], owner: memberOwner(owner, newest), installation };
}

/** Returns whether each address is the one before it plus one. */
export function isConsecutive(addresses: readonly Mac[]): boolean {
  return addresses.every((address, index) => address === (addresses[0] ?? 0) + index);
}
