import type { InitialContent, LeaseStore, StoreContext } from "../../provider/store/store";
import { ACTOR, TestClock } from "../store/support";

/**
 * What happens to a change: the process dies before it is committed, or before it is acknowledged; or the commit fails, as
 * on a full disk, and the process goes on.
 */
export type Moment = "before the commit" | "after the commit" | "instead of the commit";

/** Whatever makes one change. */
export type Work<T> = (store: LeaseStore) => Promise<T>;

/**
 * A register together with what can happen to the machine that it lives on. What is true of one kind of register must be
 * true of each, so a model run knows registers only by this.
 */
export interface Machine {
  readonly clock: TestClock;
  /** Every token that was handed out, oldest first, those of changes that were lost included. */
  readonly tokens: readonly string[];
  /** The register as it is open now. */
  readonly store: LeaseStore;
  /** Makes one change and returns its answer. */
  write<T>(work: Work<T>): Promise<T>;
  /** Begins a change that nobody hears the end of and, where the process dies, opens what was left. */
  crash(moment: Moment, work: Work<unknown>): Promise<void>;
  /** Closes the register and opens it again. */
  reopen(): Promise<void>;
  /** Takes a backup and returns what puts it in the register's place. */
  backup(): Promise<() => Promise<void>>;
  /** Closes the register and removes it. */
  end(): Promise<void>;
}

/** Starts a machine with a new register. */
export type StartMachine = (content: InitialContent) => Promise<Machine>;

/** Clock and tokens, both under the test's control. */
export class Chance {
  readonly clock = new TestClock();
  readonly tokens: string[] = [];
  #next = 0;

  /** Lets the next tokens be those that came after the first `count` before; for whoever does something once more. */
  repeatFrom(count: number): void {
    this.#next = count;
  }

  /** Lets the next tokens be new ones. */
  renew(): void {
    this.#next = this.tokens.length;
  }

  /** Returns what a store is opened with. */
  context(): StoreContext {
    return { clock: () => this.clock.now, newToken: () => this.#token(), actor: ACTOR, warn: () => undefined };
  }

  #token(): string {
    const token = `token-${this.#next}`;
    if (this.#next === this.tokens.length) this.tokens.push(token);
    this.#next += 1;
    return token;
  }
}
