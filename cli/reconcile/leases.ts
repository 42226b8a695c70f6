import { z } from "zod";
import { memberOwner } from "../../provider/lease/block";
import { parseOwner } from "../../provider/lease/owner";
import type { StatedLease } from "../../provider/lease/recover";
import { type Mac, parseMac } from "../../provider/mac/mac";
import { isOwn, type Outputs, outputsAs, parsing, placeOf, type StateResource } from "./state-resource";

const ADDRESS = "pulumi-nodejs:dynamic/macpool:MacAddress";
const BLOCK = "pulumi-nodejs:dynamic/macpool:MacAddressBlock";

/** More changes than any register sees; a higher number was not written by one. */
const MAX_SEQ = 2 ** 45;

const text = z.string().max(4096);

const address = z.string().transform(parsing(parseMac));
const token = z.string().min(1).max(200);
const seq = z.int().min(0).max(MAX_SEQ);
const common = {
  storeId: z.string().min(1).max(200),
  owner: z.string().transform(parsing(parseOwner)),
  installation: text,
  rotation: text,
  pool: text,
  description: text.default(""),
  tags: z.record(z.string(), z.string()).default({}),
};
const addressSchema = z.object({ ...common, address, token, seq });
const blockSchema = z
  .object({ ...common, addresses: z.array(address), tokens: z.array(token), seqs: z.array(seq) })
  .refine(({ addresses, tokens, seqs }) => tokens.length === addresses.length && seqs.length === addresses.length, {
    path: ["tokens"],
    message: "there is not one for each address",
  });

/** A lease of a state and the register it is in. */
export interface ReadLease {
  readonly lease: StatedLease;
  readonly storeId: string;
  /** Whether the resource is to be deleted when the replacement of it is done. */
  readonly isCondemned: boolean;
}

/**
 * Returns the leases that the resources of a state hold; those of condemned resources last.
 *
 * @throws MacpoolError INVALID_FILE.
 */
export function leasesOf(file: string, stack: string, resources: readonly StateResource[]): readonly ReadLease[] {
  const read = resources.flatMap((resource) => {
    const isCondemned = resource.delete === true;
    return heldBy(resource, placeOf(file, resource)).map(({ storeId, ...lease }) => {
      return { storeId, isCondemned, lease: { ...lease, stack } };
    });
  });
  const kept = new Set<Mac>(read.flatMap(({ lease, isCondemned }) => (isCondemned ? [] : [lease.address])));
  // Where a replacement kept the address, it has the token that counts.
  const inForce = read.filter(({ lease, isCondemned }) => !isCondemned || !kept.has(lease.address));
  return inForce.toSorted((one, other) => Number(one.isCondemned) - Number(other.isCondemned));
}

type Held = Omit<StatedLease, "stack"> & { readonly storeId: string };

/** One that was only looked up (`MacAddress.get`) has no token, and nothing to say of who has the address. */
function heldBy(resource: StateResource, place: string): readonly Held[] {
  const { type, outputs = {} } = resource;
  if (!isOwn(resource)) return [];
  if (type === BLOCK && outputs["tokens"] !== undefined) return members(outputs, place);
  return type === ADDRESS && outputs["token"] !== undefined ? [outputsAs(addressSchema, outputs, place)] : [];
}

function members(outputs: Outputs, place: string): readonly Held[] {
  const { addresses, tokens, seqs, owner, ...rest } = outputsAs(blockSchema, outputs, place);
  return addresses.map((one, index) => {
    return {
      ...rest,
      owner: memberOwner(owner, index),
      address: one,
      token: tokens[index] ?? "",
      seq: seqs[index] ?? 0,
    };
  });
}
