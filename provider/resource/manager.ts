import { isSameManager, type Manager } from "../lease/pool";
import { newToken } from "../store/open";
import type { LeaseStore } from "../store/store";
import { runtime } from "./runtime";
import { type Partially, UNKNOWN } from "./schema";

/** What a state remembers of a pool or a reservation besides its definition. */
export interface ManagedState extends Manager {
  readonly storeId: string;
}

/**
 * Returns the declaration that checked inputs or a state are of, with the token of the state; an installation that is not
 * known yet is one nobody has had.
 */
export function managerOf({ owner = "", installation = UNKNOWN, token }: Partially<Manager>): Manager {
  return { owner, installation, ...(token === undefined ? {} : { token }) };
}

/**
 * Returns the declaration that checked inputs are of, under a token that nobody has had: what it creates is its own, also
 * where a replacement finds what it is to create. The state of what was replaced has another token, so that its deletion,
 * whenever it comes, ends nothing.
 */
export function grantee(inputs: Partially<Manager>): Manager {
  return { ...managerOf(inputs), token: newToken() };
}

/**
 * Returns under which of its names a declaration manages something: the register knows it by the old one until `update`
 * has renamed it, and after a crash by the new one. The first of `names` when by none.
 */
export function nameInForce(managedBy: Manager | undefined, names: readonly [Manager, ...Manager[]]): Manager {
  return names.find((name) => isSameManager(managedBy, name)) ?? names[0];
}

/**
 * Returns the register that a state is of.
 *
 * @throws MacpoolError those of `Runtime.registerOf`. A pool or a reservation does not tell an older copy of a register from
 * the newest one; the leases do.
 */
export function registerOf({ storeId }: ManagedState): Promise<LeaseStore> {
  return runtime().registerOf({ storeId });
}

/** Returns `bag` without the properties that are undefined, which the host refuses ("Unexpected struct type."). */
export function defined(bag: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(bag).filter(([, value]) => value !== undefined));
}
