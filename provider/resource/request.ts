import type { AcquireRequest, Lease } from "../lease/lease";
import { DEFAULT_POOL } from "../lease/pool";
import { formatMac, parseMac } from "../mac/mac";
import { type Bag, type Inputs, UNKNOWN } from "./schema";

/** Bumped when the meaning of an output changes, so that a later version can tell what it reads. */
const SCHEMA_VERSION = 1;

/**
 * Returns the request that checked inputs make. An installation that is not known yet is one nobody has had before, which
 * the empty one is not: it has the leases that were made by hand.
 */
export function requestOf(inputs: Inputs): AcquireRequest {
  return {
    owner: inputs.owner ?? "",
    installation: inputs.installation ?? UNKNOWN,
    pool: inputs.pool ?? DEFAULT_POOL,
    rotation: inputs.rotation ?? "",
    requestedAddress: inputs.requestedAddress === undefined ? undefined : parseMac(inputs.requestedAddress),
    adopt: inputs.adopt,
    preferred: inputs.address === undefined ? undefined : parseMac(inputs.address),
    description: inputs.description ?? "",
    tags: inputs.tags ?? {},
  };
}

/** Returns what a state keeps of a lease: the lease's own fields, its register, and the inputs that go with them. */
export function outputsOf(lease: Lease, storeId: string, inputs: Inputs): Bag {
  return {
    ...inputsOf(lease, inputs),
    token: lease.token,
    storeId,
    seq: lease.seq,
    schemaVersion: SCHEMA_VERSION,
  };
}

/** Returns the inputs that would lead to the lease, given those that the register does not keep. */
export function inputsOf(lease: Lease, inputs: Inputs): Bag {
  const { requestedAddress, adopt, keepers } = inputs;
  const { owner, installation, pool, rotation, description, tags } = lease;
  return {
    ...withoutUndefined({ requestedAddress, adopt, keepers }),
    ...(description === "" ? {} : { description }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    address: formatMac(lease.address),
    owner,
    installation,
    pool,
    rotation,
  };
}

/** The host refuses `undefined` anywhere in what a handler returns ("Unexpected struct type."). */
function withoutUndefined(bag: Bag): Bag {
  return Object.fromEntries(Object.entries(bag).filter(([, value]) => value !== undefined));
}
