import { isSameManager, type Manager } from "../lease/pool";
import type { LeaseStore } from "../store/store";
import { runtime } from "./runtime";
import { UNKNOWN } from "./schema";

/** What a state remembers of a pool or a reservation besides its definition. */
export interface ManagedState extends Manager {
  readonly storeId: string;
}

/** Returns the declaration that checked inputs are of; an installation that is not known yet is one nobody has had. */
export function managerOf(inputs: {
  readonly owner?: string | undefined;
  readonly installation?: string | undefined;
}): Manager {
  return { owner: inputs.owner ?? "", installation: inputs.installation ?? UNKNOWN };
}

/**
 * Returns under which of its names a declaration manages something: the register knows it by the old one until `update`
 * has renamed it, and after a crash by the new one. The first of `names` when by none.
 */
export function nameInForce(managedBy: Manager | undefined, names: readonly [Manager, ...Manager[]]): Manager {
  return names.find((name) => isSameManager(managedBy, name)) ?? names[0];
}

/**
 * Remembers that `manager` created what it manages already, the pool or reservation called `id`. A replacement that keeps
 * the name (`--target-replace`) does so before the engine deletes the old one, which is the same thing.
 */
export function noteRecreated(id: string, { owner, installation }: Manager): void {
  runtime().noteRecreated([id, owner, installation].join("\n"));
}

/** Returns whether what is to be deleted is what has replaced it, and must stay; true once for each replacement. */
export function isRecreated(id: string, { owner, installation }: Manager): boolean {
  return runtime().takeRecreated([id, owner, installation].join("\n"));
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
