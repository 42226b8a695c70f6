import { onInterruption } from "../interruption";

/**
 * Runs `work` and returns its result. Ctrl-C and `kill` abort its signal, and wait until it has undone what it did.
 *
 * @throws whatever `work` throws.
 */
export async function abortable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const running = work(controller.signal);
  const forget = onInterruption(async () => {
    controller.abort();
    await running.catch(() => undefined);
  });
  try {
    return await running;
  } finally {
    forget();
  }
}
