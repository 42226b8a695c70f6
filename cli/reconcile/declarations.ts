import { z } from "zod";
import { MacpoolError } from "../../provider/error";
import type { Manager, PoolSpec, Reservation } from "../../provider/lease/pool";
import { formatRange, parseRange } from "../../provider/mac/range";
import type { LeaseStore } from "../../provider/store/store";
import { isOwn, outputsAs, parsing, placeOf, type StateResource } from "./state-resource";

const POOL = "pulumi-nodejs:dynamic/macpool:MacPool";
const RESERVATION = "pulumi-nodejs:dynamic/macpool:MacReservation";

const range = z.string().transform(parsing(parseRange));
const common = { storeId: z.string(), owner: z.string(), installation: z.string() };
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
  readonly by: Manager;
  readonly stack: string;
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
  stack: string,
  resources: readonly StateResource[],
): readonly Declaration[] {
  return resources.flatMap((resource): readonly Declaration[] => {
    const { type, delete: isCondemned, outputs } = resource;
    if (!isOwn(resource) || isCondemned === true || outputs?.["storeId"] === undefined) return [];
    const place = placeOf(file, resource);
    if (type === POOL) {
      const { storeId, owner, installation, ...pool } = outputsAs(poolSchema, outputs, place);
      return [{ storeId, by: { owner, installation }, stack, pool }];
    }
    if (type !== RESERVATION) return [];
    const { storeId, owner, installation, range, reason } = outputsAs(reservationSchema, outputs, place);
    return [{ storeId, by: { owner, installation }, stack, reservation: { ...range, reason } }];
  });
}

/** A declared pool or reservation, and why the register cannot have it. */
export interface Declared {
  readonly declaration: Declaration;
  readonly name: string;
  readonly verdict: "insert" | "conflict";
  readonly reason: string;
}

/**
 * Makes the declared pools and reservations that the register does not have, and returns what each of them came to. In a
 * register made anew, one that is there by default becomes what is declared.
 */
export async function putDeclared(
  declarations: readonly Declaration[],
  register: LeaseStore,
  isAnew: boolean,
): Promise<readonly Declared[]> {
  const pools = new Set((await register.pools()).map(({ name }) => name));
  const reserved = new Set((await register.reserved()).map(formatRange));
  const results: Declared[] = [];
  for (const declaration of declarations) {
    const { pool, reservation, by } = declaration;
    const name = pool?.name ?? (reservation === undefined ? "" : formatRange(reservation));
    if (pool !== undefined && (isAnew || !pools.has(name))) {
      results.push(await outcomeOf(declaration, `pool ${name}`, () => register.createPool(pool, by, isAnew)));
      pools.add(name);
    }
    if (reservation !== undefined && (isAnew || !reserved.has(name))) {
      results.push(await outcomeOf(declaration, `reserved ${name}`, () => register.reserve(reservation, by, isAnew)));
      reserved.add(name);
    }
  }
  return results;
}

async function outcomeOf(declaration: Declaration, name: string, work: () => Promise<unknown>): Promise<Declared> {
  try {
    await work();
    return { declaration, name, verdict: "insert", reason: "The register does not have it." };
  } catch (error) {
    if (!MacpoolError.is(error) || error.code.startsWith("REGISTER_")) throw error;
    return { declaration, name, verdict: "conflict", reason: error.message };
  }
}
