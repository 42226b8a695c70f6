import { MacpoolError } from "../../error";
import type { Patience } from "../patience";
import { isBusy } from "./sqlite-error";
import { sleepAfter } from "./turns";

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
