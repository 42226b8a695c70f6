import { MacpoolError } from "../../error";
import type { Patience } from "../patience";
import { isBusy } from "./sqlite-error";

/**
 * Returns what `attempt` returns, trying again while another process holds the lock.
 *
 * @throws MacpoolError REGISTER_BUSY after `giveUpAfter`; otherwise what `attempt` throws.
 */
export async function withPatience<T>(patience: Patience, attempt: () => T): Promise<T> {
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
        patience.warn(`Another process holds the lock of register ${patience.location}. It may be suspended. Waiting.`);
      }
      // Blocking in the driver would freeze the whole provider, so we wait here. The jitter keeps writers from meeting.
      await new Promise((next) => setTimeout(next, 1 + Math.random() * 3));
    }
  }
}

function timedOut(patience: Patience, cause: unknown): MacpoolError {
  const seconds = Math.round(patience.giveUpAfter / 1000);
  return new MacpoolError(
    "REGISTER_BUSY",
    `Register ${patience.location} stayed locked by another process for ${seconds} s; nothing was written. Look for a suspended pulumi or macpool process, end it, and run again.`,
    { cause },
  );
}
