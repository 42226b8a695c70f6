import { z } from "zod";
import { parseOwner } from "../../provider/lease/owner";
import type { StatedLease } from "../../provider/lease/recover";
import { type Mac, parseMac } from "../../provider/mac/mac";
import { type Outputs, outputsAs, parsing, placeOf, type StateResource } from "./state-resource";

const ADDRESS = "pulumi-nodejs:dynamic/macpool:MacAddress";

/** More changes than any register sees; a higher number was not written by one. */
const MAX_SEQ = 2 ** 45;

const text = z.string().max(4096);

const schema = z.object({
  address: z.string().transform(parsing(parseMac)),
  token: z.string().min(1).max(200),
  storeId: z.string().min(1).max(200),
  seq: z.int().min(0).max(MAX_SEQ),
  owner: z.string().transform(parsing(parseOwner)),
  installation: text,
  rotation: text,
  pool: text,
  description: text.default(""),
  tags: z.record(z.string(), z.string()).default({}),
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
    return outputsOf(resource).map((outputs) => {
      const { storeId, ...lease } = outputsAs(schema, outputs, placeOf(file, resource));
      return { storeId, isCondemned, lease: { ...lease, stack } };
    });
  });
  const kept = new Set<Mac>(read.flatMap(({ lease, isCondemned }) => (isCondemned ? [] : [lease.address])));
  // Where a replacement kept the address, it has the token that counts.
  const inForce = read.filter(({ lease, isCondemned }) => !isCondemned || !kept.has(lease.address));
  return inForce.toSorted((one, other) => Number(one.isCondemned) - Number(other.isCondemned));
}

/** One that was only looked up (`MacAddress.get`) has no token, and nothing to say of who has the address. */
function outputsOf({ type, external, outputs = {} }: StateResource): readonly Outputs[] {
  return type === ADDRESS && external !== true && outputs["token"] !== undefined ? [outputs] : [];
}
