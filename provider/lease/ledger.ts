import type { Mac } from "../mac/mac";
import type { Range } from "../mac/range";
import type { Lease, PoolUsage, RegisterEvent } from "./lease";
import type { Pool, Reservation } from "./pool";

/** What the rules need to know of a register. Every answer is of one moment: inside one transaction. */
export interface LedgerView {
  /** Milliseconds since 1970; never before the newest event. */
  readonly now: number;
  /** The event with this number. */
  event(seq: number): RegisterEvent | undefined;
  pool(name: string): Pool | undefined;
  pools(): readonly Pool[];
  /** The name of every pool, deleted ones too. */
  poolNamesEver(): readonly string[];
  /** Every reserved range, also those that no register may hand out; ascending, possibly overlapping. */
  reservations(): readonly Reservation[];
  reservationAt(address: Mac): Reservation | undefined;
  /** The reservation with exactly these ends. */
  reservationOf(range: Range): Reservation | undefined;
  /** The lease of an address, live or released. */
  at(address: Mac): Lease | undefined;
  /** Live leases of an owner in a pool under every installation, newest first; none in a pool that does not exist. */
  live(owner: string, pool: string): readonly Lease[];
  /** Released leases of an owner in a pool, also a deleted one, whose address nobody got since, newest first. */
  released(owner: string, pool: string): readonly Lease[];
  /** The live lease of a pool with the lowest address from `start` to `end`. */
  liveWithin(start: Mac, end: Mac, pool: string): Lease | undefined;
  /** How many live leases lie in the range. */
  countLive(range: Range): number;
  /** Where the pool's sequence goes on. */
  cursor(pool: string): Mac;
  /** The lowest address at or above `from`, by default the pool's cursor, that has no lease and is not reserved. */
  nextUnissued(pool: Pool, from?: Mac): Mac | undefined;
  /**
   * An address like those of {@link nextUnissued}, out of order; undefined when there is none for which it need not wait.
   * Only a register that several can write to at the same time has it.
   */
  nextRelaxed?(pool: Pool): Mac | undefined;
  /** Released leases of a pool, longest-released first. */
  longestReleased(pool: string): Iterable<Lease>;
  usage(pool: Pool): PoolUsage;
}

/** A register inside a write transaction. */
export interface Ledger extends LedgerView {
  /** Records the event and returns its number, the register's new change counter, and its time. */
  append(event: Omit<RegisterEvent, "seq" | "at" | "actor">): Pick<RegisterEvent, "seq" | "at">;
  /** Makes the number of the next event greater than `seq`; without effect when it is so already. */
  startAbove(seq: number): void;
  /** Writes the lease of `lease.address`, whoever had the address before. */
  put(lease: Lease): void;
  /** Makes the pool's sequence go on at `address`; after one that {@link nextRelaxed} found, only where it found it. */
  setCursor(pool: string, address: Mac): void;
  /**
   * Writes the pool, also one that was retired. Released leases in its ranges become its own: their addresses are now
   * for it to hand out.
   */
  putPool(pool: Pool): void;
  /** Takes the pool out of use. Its released leases keep its name, for the day when it is put again. */
  retirePool(name: string): void;
  /** Writes the reservation in place of the one with the same ends. */
  putReservation(reservation: Reservation): void;
  removeReservation(range: Range): void;
  newToken(): string;
}
