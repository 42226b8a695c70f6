import { MacpoolError } from "../../error";
import type { StoreContext } from "../store";
import { isBusy } from "./sqlite-error";
import { sleepAfter } from "./turns";

/** How long to wait for a lock, in milliseconds, and whom to tell. */
export interface Patience {
  readonly warnAfter: number;
  readonly giveUpAfter: number;
  readonly warn: (message: string) => void;
  readonly location: string;
}

/** Milliseconds until the user is told of a lock, and until we give up. Default 5 000 and 60 000. */
export interface Waiting {
  readonly warnAfter?: number;
  readonly giveUpAfter?: number;
}

/** Returns the patience of work on the register at `location`, of which `context` is told. */
export function patienceOf(location: string, { warn }: Pick<StoreContext, "warn">, waiting: Waiting = {}): Patience {
  const { warnAfter = 5_000, giveUpAfter = 60_000 } = waiting;
  return { warnAfter, giveUpAfter, warn, location };
}

/**
 * Returns what `attempt` returns, trying again while another process holds the lock, whenever `untilNextTry` resolves: it
 * is told the milliseconds since the first try.
 *
 * @throws MacpoolError REGISTER_BUSY after `giveUpAfter`; otherwise what `attempt` throws.
 */
export async function withPatience<T>(patience: Patience, attempt: () => T, untilNextTry = sleepAfter): Promise<T> {
  const start = performance.now();
  let hasWarned = false;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const waited = performance.now() - start;
      if (waited > patience.giveUpAfter) throw timedOut(patience, error);
      if (waited > patience.warnAfter && !hasWarned) {
        hasWarned = true;
        patience.warn(
          `Another process holds the lock of register ${patience.location}. It may be suspended. Waiting, ${secondsOf(patience)} s at most.`,
        );
      }
      // Blocking in the driver would freeze the whole provider, so we wait here.
      await untilNextTry(waited);
    }
  }
}

function timedOut(patience: Patience, cause: unknown): MacpoolError {
  return new MacpoolError(
    "REGISTER_BUSY",
    `Register ${patience.location} stayed locked by another process for ${secondsOf(patience)} s; nothing was written. Look for a suspended pulumi or macpool process, end it, and run again.`,
    { cause },
  );
}

function secondsOf({ giveUpAfter }: Patience): number {
  return Math.round(giveUpAfter / 1000);
}
