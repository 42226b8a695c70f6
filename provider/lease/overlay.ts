import type { Mac } from "../mac/mac";
import type { Lease, PoolUsage, RegisterEvent } from "./lease";
import type { LedgerView } from "./ledger";
import type { Pool, Reservation } from "./pool";

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

  reservations(): readonly Reservation[] {
    return this.base.reservations();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.base.reservationAt(address);
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
