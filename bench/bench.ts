import type { Figure } from "./report";
import type { SlowDisk } from "./slow-disk";

/** How the benches are run. */
export interface BenchContext {
  /** Whether few rounds will do: a check rather than a measurement. */
  readonly isShort: boolean;
  /** Undefined where there is none to be had. */
  readonly slowDisk: SlowDisk | undefined;
  /** Numbers of leases that registers are compared at; the first is the one that the others are held against. */
  readonly leases: readonly number[];
  /** The database that a PostgreSQL server of the user's own offers; undefined to start one for the bench. */
  readonly postgres: string | undefined;
}

/** Measures some figures. */
export type Bench = (context: BenchContext) => Promise<readonly Figure[]>;
