import { MacpoolError } from "../provider/error";
import type { Manager } from "../provider/lease/pool";

/** Returns who manages a pool or a reservation, in words; "" for nobody. */
export function managerText(manager: Manager | undefined): string {
  return manager?.owner ?? "";
}

/** Returns who manages a pool or a reservation, as JSON has it: without the token, with which it can be ended. */
export function managerJson(manager: Manager | undefined): Omit<Manager, "token"> | null {
  return manager === undefined ? null : { owner: manager.owner, installation: manager.installation };
}

/**
 * Refuses to change by hand what a program declares.
 *
 * @throws MacpoolError POOL_CONFLICT.
 */
export function assertUnmanaged(what: string, manager: Manager | undefined, isForced: boolean): void {
  if (manager === undefined || isForced) return;
  throw new MacpoolError(
    "POOL_CONFLICT",
    `${what} is managed by "${manager.owner}" (installation ${manager.installation}), whose next update would undo this. Change that program, or repeat this with --force when it is gone.`,
    { details: { ...managerJson(manager) } },
  );
}
