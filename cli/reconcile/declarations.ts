import { z } from "zod";
import { MacpoolError } from "../../provider/error";
import { dateText } from "../../provider/lease/held";
import type { Manager, PoolSpec, Reservation } from "../../provider/lease/pool";
import { formatRange, parseRange } from "../../provider/mac/range";
import type { LeaseStore } from "../../provider/store/store";
import { isOwn, outputsAs, parsing, placeOf, type StateResource } from "./state-resource";

const POOL = "pulumi-nodejs:dynamic/macpool:MacPool";
const RESERVATION = "pulumi-nodejs:dynamic/macpool:MacReservation";

const range = z.string().transform(parsing(parseRange));
const common = {
  storeId: z.string(),
  owner: z.string(),
  installation: z.string(),
  token: z.string().min(1).max(200).optional(),
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
      const { storeId, owner, installation, token, ...pool } = outputsAs(poolSchema, outputs, place);
      return [{ storeId, by: { owner, installation, token }, stack, writtenAt, pool }];
    }
    if (type !== RESERVATION) return [];
    const { storeId, owner, installation, token, range, reason } = outputsAs(reservationSchema, outputs, place);
    return [{ storeId, by: { owner, installation, token }, stack, writtenAt, reservation: { ...range, reason } }];
  });
}

/** A declared pool or reservation that the register does not have, and what becomes of it. */
export interface Declared {
  readonly declaration: Declaration;
  readonly name: string;
  readonly verdict: "insert" | "stale" | "conflict";
  readonly reason: string;
}

/** Where declared pools and reservations are compared and put. */
export interface Registers {
  /** What knows the history. */
  readonly register: LeaseStore;
  /** What they are put into: the register, or a copy of it to try them on. */
  readonly target: LeaseStore;
  /** Whether the register was made anew: then it has no history, and what is there by default becomes what is declared. */
  readonly isAnew: boolean;
}

/**
 * Makes the declared pools and reservations that the register does not have, and returns what each of them came to. One
 * that its program has deleted since the state was written stays deleted.
 */
export async function putDeclared(
  declarations: readonly Declaration[],
  registers: Registers,
): Promise<readonly Declared[]> {
  const { target, isAnew } = registers;
  const there = new Set([
    ...(await target.pools()).map(({ name }) => name),
    ...(await target.reserved()).map(formatRange),
  ]);
  const results: Declared[] = [];
  for (const declaration of declarations) {
    const name = nameOf(declaration);
    if (there.has(name) && !isAnew) continue;
    const declared = await put(declaration, registers);
    if (declared.verdict !== "stale") there.add(name);
    results.push(declared);
  }
  return results;
}

/** No pool is called like a range. */
function nameOf({ pool, reservation }: Declaration): string {
  if (pool !== undefined) return pool.name;
  return reservation === undefined ? "" : formatRange(reservation);
}

async function put(declaration: Declaration, { register, target, isAnew }: Registers): Promise<Declared> {
  const { pool, reservation, by } = declaration;
  const name = `${pool === undefined ? "reserved" : "pool"} ${nameOf(declaration)}`;
  const deletedAt = isAnew ? undefined : await deletedSince(declaration, register);
  if (deletedAt !== undefined) {
    const reason = `Its program deleted it at ${dateText(deletedAt)}, after this state was written: the export is old.`;
    return { declaration, name, verdict: "stale", reason };
  }
  try {
    if (pool !== undefined) await target.createPool(pool, by, isAnew);
    if (reservation !== undefined) await target.reserve(reservation, by, isAnew);
    return { declaration, name, verdict: "insert", reason: "The register does not have it." };
  } catch (error) {
    if (!MacpoolError.is(error) || error.code.startsWith("REGISTER_")) throw error;
    return { declaration, name, verdict: "conflict", reason: error.message };
  }
}

/** Returns when the declaration's own program deleted it, in milliseconds since 1970, if that was after its state was written. */
async function deletedSince({ by, pool, reservation, writtenAt }: Declaration, register: LeaseStore) {
  let deletedAt: number | undefined;
  for await (const { kind, at, installation, ...event } of register.history({ owner: by.owner })) {
    if (installation !== by.installation || at <= writtenAt) continue;
    const isPool = kind === "delete-pool" && event.pool === pool?.name;
    const isReservation = kind === "unreserve" && event.address === reservation?.start;
    if (isPool || isReservation) deletedAt = at;
  }
  return deletedAt;
}
