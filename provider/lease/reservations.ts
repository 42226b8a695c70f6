import { neverAllocated } from "../mac/classify";
import type { Mac } from "../mac/mac";
import { type Range, rangeAt, unionRanges } from "../mac/range";
import type { Reservation } from "./pool";

const BUILT_IN: readonly Reservation[] = neverAllocated.map((range) => ({ ...range, reason: "protocol addresses" }));

/** A register's own reservations and those that every register has. */
export class Reservations {
  readonly #own = new Map<string, Reservation>();
  /** Made when it is asked for, so that adding thousands sorts them once. */
  #sorted: { readonly all: readonly Reservation[]; readonly withheld: readonly Range[] } | undefined;

  constructor(own: Iterable<Reservation> = []) {
    for (const reservation of own) this.put(reservation);
  }

  /** Returns every reservation, by start and then by end. */
  all(): readonly Reservation[] {
    return this.#inOrder().all;
  }

  /** Returns the register's own reservations, by start and then by end. */
  own(): readonly Reservation[] {
    return [...this.#own.values()].sort(byEnds);
  }

  /** Returns the reservation with exactly the ends of `range`. */
  of(range: Range): Reservation | undefined {
    return this.#own.get(keyOf(range)) ?? BUILT_IN.find((other) => keyOf(other) === keyOf(range));
  }

  /** Returns the first reservation that holds `address`. */
  at(address: Mac): Reservation | undefined {
    const { all, withheld } = this.#inOrder();
    // Nearly every address is free, and that is found out fast; which of several overlapping ones it is can take time.
    if (rangeAt(withheld, address) === undefined) return undefined;
    return all.find((range) => range.start <= address && address <= range.end);
  }

  /** Adds a reservation, or replaces the one with the same ends. */
  put(reservation: Reservation): void {
    this.#own.set(keyOf(reservation), reservation);
    this.#sorted = undefined;
  }

  /** Removes the register's own reservation with exactly the ends of `range`. */
  remove(range: Range): void {
    this.#own.delete(keyOf(range));
    this.#sorted = undefined;
  }

  #inOrder() {
    if (this.#sorted === undefined) {
      const all = [...this.#own.values(), ...BUILT_IN].sort(byEnds);
      this.#sorted = { all, withheld: unionRanges(all) };
    }
    return this.#sorted;
  }
}

function keyOf({ start, end }: Range): string {
  return `${start}-${end}`;
}

function byEnds(one: Range, other: Range): number {
  return one.start - other.start || one.end - other.end;
}
