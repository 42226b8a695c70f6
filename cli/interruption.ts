import { constants } from "node:os";

type Cleanup = () => void | Promise<void>;

const cleanups = new Set<Cleanup>();
let isOver = false;

/** Returns whether Ctrl-C or `kill` has come, after which nothing is reported any more. */
export function isInterrupted(): boolean {
  return isOver;
}

/**
 * Makes `cleanup` run when Ctrl-C or `kill` ends the command, newest first; returns how to take that back. Signals are
 * looked at between two steps that wait, so never inside a transaction.
 */
export function onInterruption(cleanup: Cleanup): () => void {
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
  };
}

/** Makes SIGINT, SIGTERM and SIGHUP (the terminal was closed) clean up and end the process with 128 plus the signal's number, as a shell expects. */
export function listenForInterruptions(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void interrupt(128 + constants.signals[signal]));
  }
}

async function interrupt(exitCode: number): Promise<void> {
  isOver = true;
  for (const cleanup of [...cleanups].toReversed()) {
    try {
      await cleanup();
    } catch {
      // The others must have their turn, and the process ends in any case.
    }
  }
  process.exit(exitCode);
}
