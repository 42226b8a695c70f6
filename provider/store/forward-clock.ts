import type { StoreContext } from "./store";

/** A clock that is behind by less than this is one that was set right in the meantime. */
const TOLERATED_MILLISECONDS = 60_000;

const MINUTE = 60_000;

/** Tells the time of a register. */
export interface RegisterClock {
  /** Returns the time, or `last` when that is later; both in milliseconds since 1970. */
  notBefore(last: number): number;
}

/**
 * The clock of one open register. It never goes behind what the register has recorded, and says so, once, when the
 * machine's is more than a minute behind that: quarantines end late until it has caught up.
 */
export class ForwardClock implements RegisterClock {
  readonly #context: Pick<StoreContext, "clock" | "warn">;
  readonly #location: string;
  #hasWarned = false;

  constructor(context: Pick<StoreContext, "clock" | "warn">, location: string) {
    this.#context = context;
    this.#location = location;
  }

  notBefore(last: number): number {
    return this.#forward(this.#context.clock(), last);
  }

  /**
   * Returns a clock that stands still, for one piece of work that is done again whenever it asked for more: what it asks
   * must not depend on how long the answers take. It shows the time of now, or the first `last` that it is told of when
   * that is later; 0 tells of nothing.
   */
  standing(): RegisterClock {
    const now = this.#context.clock();
    let shown: number | undefined;
    return {
      notBefore: (last) => {
        if (last > 0) shown ??= this.#forward(now, last);
        return shown ?? now;
      },
    };
  }

  #forward(now: number, last: number): number {
    if (now < last - TOLERATED_MILLISECONDS && !this.#hasWarned) this.#warn(now, last);
    return Math.max(now, last);
  }

  #warn(now: number, last: number): void {
    this.#hasWarned = true;
    const minutes = Math.floor((last - now) / MINUTE);
    this.#context.warn(
      `The clock of this machine is ${minutes} min behind the last change in register ${this.#location} (${new Date(last).toISOString()}). No address is given twice, but quarantines that begin now end late; if another machine's clock was ahead, earlier ones ended too soon. Check the clock of this machine and of those that use the register.`,
    );
  }
}
