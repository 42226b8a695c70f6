import type { Mac } from "../mac/mac";
import { contains, type Range } from "../mac/range";
import type { Lease, PoolUsage, RegisterEvent } from "./lease";
import type { Ledger, LedgerView } from "./ledger";
import { isSameManager, type Manager, type Pool, type Reservation } from "./pool";

/** What another view says; for views that differ from it in something. */
export class LedgerOverlay implements LedgerView {
  protected readonly base: LedgerView;

  constructor(base: LedgerView) {
    this.base = base;
  }

  get now(): number {
    return this.base.now;
  }

  event(seq: number): RegisterEvent | undefined {
    return this.base.event(seq);
  }

  pool(name: string): Pool | undefined {
    return this.base.pool(name);
  }

  pools(): readonly Pool[] {
    return this.base.pools();
  }

  poolNamesEver(): readonly string[] {
    return this.base.poolNamesEver();
  }

  reservations(): readonly Reservation[] {
    return this.base.reservations();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.base.reservationAt(address);
  }

  reservationOf(range: Range): Reservation | undefined {
    return this.base.reservationOf(range);
  }

  at(address: Mac): Lease | undefined {
    return this.base.at(address);
  }

  live(owner: string, pool: string): readonly Lease[] {
    return this.base.live(owner, pool);
  }

  released(owner: string, pool: string): readonly Lease[] {
    return this.base.released(owner, pool);
  }

  liveWithin(start: Mac, end: Mac, pool: string): Lease | undefined {
    return this.base.liveWithin(start, end, pool);
  }

  countLive(range: Range): number {
    return this.base.countLive(range);
  }

  cursor(pool: string): Mac {
    return this.base.cursor(pool);
  }

  nextUnissued(pool: Pool, from?: Mac): Mac | undefined {
    return this.base.nextUnissued(pool, from);
  }

  longestReleased(pool: string): Iterable<Lease> {
    return this.base.longestReleased(pool);
  }

  usage(pool: Pool): PoolUsage {
    return this.base.usage(pool);
  }
}

/** The register as it will be when pools that a program declares are in force. */
export class PlannedPools extends LedgerOverlay {
  readonly #planned: ReadonlyMap<string, Pool>;

  constructor(base: LedgerView, planned: readonly Pool[]) {
    super(base);
    this.#planned = new Map(planned.map((pool) => [pool.name, pool]));
  }

  override pool(name: string): Pool | undefined {
    return this.#planned.get(name) ?? this.base.pool(name);
  }

  override pools(): readonly Pool[] {
    const others = this.base.pools().filter(({ name }) => !this.#planned.has(name));
    return [...others, ...this.#planned.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A pool takes in what was released where it will be, whichever pool that was of. */
  override released(owner: string, pool: string): readonly Lease[] {
    const ranges = this.#planned.get(pool)?.ranges;
    if (ranges === undefined) return this.base.released(owner, pool);
    return [...new Set([pool, ...this.base.poolNamesEver()])]
      .flatMap((name) => this.base.released(owner, name))
      .filter((lease) => lease.pool === pool || contains(ranges, lease.address))
      .toSorted((one, other) => other.seq - one.seq);
  }
}

/**
 * A register to try on what a declaration wants of a pool: nothing is written. Whatever else the declaration manages is
 * left out, because a pool that gets another name is deleted before it is created.
 */
export class Rehearsal extends PlannedPools implements Ledger {
  readonly #by: Manager | undefined;
  readonly #name: string;

  constructor(base: LedgerView, planned: readonly Pool[], name: string, by: Manager | undefined) {
    super(
      base,
      planned.filter(({ managedBy }) => by === undefined || !isSameManager(managedBy, by)),
    );
    this.#by = by;
    this.#name = name;
  }

  override pools(): readonly Pool[] {
    const by = this.#by;
    if (by === undefined) return super.pools();
    return super.pools().filter(({ name, managedBy }) => name === this.#name || !isSameManager(managedBy, by));
  }
  append() {
    return { seq: 0, at: this.now };
  }

  put(): void {
    // Nothing is written, here and below.
  }

  startAbove(): void {}

  setCursor(): void {}

  putPool(): void {}

  retirePool(): void {}

  putReservation(): void {}

  removeReservation(): void {}

  newToken(): string {
    return "";
  }
}
