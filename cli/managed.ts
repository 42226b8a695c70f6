import { MacpoolError } from "../provider/error";
import { type Manager, withoutToken } from "../provider/lease/pool";

/** Returns who manages a pool or a reservation, in words; "" for nobody. */
export function managerText(manager: Manager | undefined): string {
  return manager?.owner ?? "";
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
    { details: { ...withoutToken(manager) } },
  );
}
