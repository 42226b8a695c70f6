import { onInterruption } from "../interruption";
import { escapeField } from "./escape";

/** Work shorter than this is done before a line about it could be read. */
const DELAY_MILLISECONDS = 1000;
const INTERVAL_MILLISECONDS = 100;
/** A transaction of as many leases takes about a second. */
const LONG_STEP = 20_000;
const ERASE_LINE = "\r\u001b[K";

/** Tells a person that something goes on. */
export interface Progress {
  /** Says how far it has come, in `unit`s (default: what it was started with); cheap enough to call for every item. */
  tell(done: number, total?: number, unit?: string): void;
  /** Says that `total` are to be done in one step, which shows nothing of itself: at once, if it will take a second. */
  announce(total: number, unit?: string): void;
  /** Takes the line away. */
  end(): void;
}

/** Where progress is shown. */
export interface ProgressScreen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Starts telling of `what`, such as "leases checked": a line on stderr, only on a terminal, only after a second, and gone
 * at the end. `clock` is in milliseconds.
 */
export function startProgress(
  what: string,
  screen: ProgressScreen = process.stderr,
  clock: () => number = Date.now,
): Progress {
  if (screen.isTTY !== true) return { tell: () => undefined, announce: () => undefined, end: () => undefined };
  let next = clock() + DELAY_MILLISECONDS;
  let isShown = false;
  const erase = () => {
    if (isShown) screen.write(ERASE_LINE);
    isShown = false;
  };
  const show = (text: string) => {
    isShown = true;
    screen.write(`${ERASE_LINE}${escapeField(text)}`);
  };
  const forget = onInterruption(erase);
  return {
    tell(done, total, unit = what) {
      const now = clock();
      if (now < next) return;
      next = now + INTERVAL_MILLISECONDS;
      show(`${done.toLocaleString("en")}${total === undefined ? "" : ` of ${total.toLocaleString("en")}`} ${unit}`);
    },
    announce(total, unit = what) {
      if (total >= LONG_STEP) show(`${total.toLocaleString("en")} ${unit}`);
    },
    end() {
      forget();
      erase();
    },
  };
}
