import type { StoreContext } from "./store";

/** How long to wait for a register that is locked or out of reach, in milliseconds, and whom to tell. */
export interface Patience {
  readonly warnAfter: number;
  readonly giveUpAfter: number;
  readonly warn: (message: string) => void;
  readonly location: string;
}

/** Milliseconds until the user is told of a wait, and until we give up. Default 5 000 and 60 000. */
export interface Waiting {
  readonly warnAfter?: number;
  readonly giveUpAfter?: number;
}

/** Returns the patience of work on the register at `location`, of which `context` is told. */
export function patienceOf(location: string, { warn }: Pick<StoreContext, "warn">, waiting: Waiting = {}): Patience {
  const { warnAfter = 5_000, giveUpAfter = 60_000 } = waiting;
  return { warnAfter, giveUpAfter, warn, location };
}
