import type { StoreContext } from "./store";

/** A clock that is behind by less than this is one that was set right in the meantime. */
const TOLERATED_MILLISECONDS = 60_000;

const MINUTE = 60_000;

/** What tells the time of a transaction. */
export type Clock = Pick<ForwardClock, "notBefore">;

/**
 * The clock of one open register. It never goes behind what the register has recorded, and says so, once, when the
 * machine's is more than a minute behind that: quarantines end late until it has caught up.
 */
export class ForwardClock {
  readonly #context: Pick<StoreContext, "clock" | "warn">;
  readonly #location: string;
  #hasWarned = false;

  constructor(context: Pick<StoreContext, "clock" | "warn">, location: string) {
    this.#context = context;
    this.#location = location;
  }

  /** Returns the time, or `last` when that is later; both in milliseconds since 1970. */
  notBefore(last: number): number {
    return this.#notBefore(last, this.#context.clock());
  }

  /** Returns this clock as it is now, standing still: for work that is run again and must ask the same again. */
  stopped(): Clock {
    const now = this.#context.clock();
    return { notBefore: (last) => this.#notBefore(last, now) };
  }

  #notBefore(last: number, now: number): number {
    if (now < last - TOLERATED_MILLISECONDS && !this.#hasWarned) this.#warn(now, last);
    return Math.max(now, last);
  }

  #warn(now: number, last: number): void {
    this.#hasWarned = true;
    const minutes = Math.floor((last - now) / MINUTE);
    this.#context.warn(
      `The clock of this machine is ${minutes} min behind the last change in register ${this.#location} (${new Date(last).toISOString()}). No address is in danger, but quarantines end late until it has caught up. Check the clock of this machine and of those that use the register.`,
    );
  }
}
