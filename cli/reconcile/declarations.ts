import { z } from "zod";
import type { Manager, PoolSpec, Reservation } from "../../provider/lease/pool";
import { formatRange, parseRange } from "../../provider/mac/range";
import { isOwn, outputsAs, parsing, placeOf, type StateResource } from "./state-resource";

const POOL = "pulumi-nodejs:dynamic/macpool:MacPool";
const RESERVATION = "pulumi-nodejs:dynamic/macpool:MacReservation";

const range = z.string().transform(parsing(parseRange));
const common = {
  storeId: z.string(),
  owner: z.string(),
  installation: z.string(),
  token: z.string().min(1).max(200).optional(),
  adopt: z.boolean().optional(),
};
const poolSchema = z.object({
  ...common,
  name: z.string(),
  ranges: z.array(range),
  strategy: z.enum(["derived", "sequential"]).optional(),
  order: z.enum(["strict", "relaxed"]).optional(),
  quarantineSeconds: z.number().optional(),
  universal: z.boolean().optional(),
  description: z.string().optional(),
});
const reservationSchema = z.object({ ...common, range, reason: z.string().default("") });

/** A pool or a reservation that a program declares, as its state has it. */
export interface Declaration {
  readonly storeId: string;
  /** The declaration, with the token of its state. */
  readonly by: Manager;
  readonly stack: string;
  /** When the state was written, in milliseconds since 1970. */
  readonly writtenAt: number;
  /** Whether the program takes over what the register has under another manager. */
  readonly adopt: boolean;
  readonly pool?: PoolSpec | undefined;
  readonly reservation?: Reservation | undefined;
}

/**
 * Returns the pools and reservations that the resources of a state declare.
 *
 * @throws MacpoolError INVALID_FILE.
 */
export function declarationsOf(
  file: string,
  { stack, writtenAt }: Pick<Declaration, "stack" | "writtenAt">,
  resources: readonly StateResource[],
): readonly Declaration[] {
  return resources.flatMap((resource): readonly Declaration[] => {
    const { type, delete: isCondemned, outputs } = resource;
    if (!isOwn(resource) || isCondemned === true || outputs?.["storeId"] === undefined) return [];
    const place = placeOf(file, resource);
    if (type === POOL) {
      const { storeId, owner, installation, token, adopt = false, ...pool } = outputsAs(poolSchema, outputs, place);
      return [{ storeId, by: { owner, installation, token }, stack, writtenAt, adopt, pool }];
    }
    if (type !== RESERVATION) return [];
    const {
      storeId,
      owner,
      installation,
      token,
      adopt = false,
      ...rest
    } = outputsAs(reservationSchema, outputs, place);
    const reservation = { ...rest.range, reason: rest.reason };
    return [{ storeId, by: { owner, installation, token }, stack, writtenAt, adopt, reservation }];
  });
}

/** Returns what a declaration is of: the pool's name, or the range. No pool is called like a range. */
export function nameOf({ pool, reservation }: Declaration): string {
  if (pool !== undefined) return pool.name;
  return reservation === undefined ? "" : formatRange(reservation);
}
