import { setTimeout as pause } from "node:timers/promises";
import type { Patience } from "../patience";
import { isBusy, isLost, translate } from "./postgres-error";

/**
 * Returns what `attempt` resolves to, trying again while the server is out of reach or a lock is held.
 *
 * `isPassing` tells which errors are worth another attempt.
 *
 * @throws MacpoolError REGISTER_UNREACHABLE or REGISTER_BUSY after `giveUpAfter`; otherwise what `attempt` throws.
 */
export async function withRetries<T>(
  patience: Patience,
  attempt: () => Promise<T>,
  isPassing = (error: unknown) => isBusy(error) || isLost(error),
): Promise<T> {
  const start = performance.now();
  let hasWarned = false;
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      const waited = performance.now() - start;
      if (waited > patience.giveUpAfter) throw translate(error, patience.location);
      if (waited > patience.warnAfter && !hasWarned) {
        hasWarned = true;
        patience.warn(`${translate(error, patience.location).message} Waiting.`);
      }
      await backOff(tries);
    }
  }
}

/** Waits for longer and longer, up to a second; the jitter keeps those who failed together from meeting again. */
export async function backOff(tries: number): Promise<void> {
  await pause(Math.random() * Math.min(1000, 2 ** (tries + 2)));
}
