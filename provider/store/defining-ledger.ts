import type { LedgerView } from "../lease/ledger";
import type { Pool, Reservation } from "../lease/pool";
import type { Mac } from "../mac/mac";
import type { Range } from "../mac/range";

/** The pools and reservations of one kind of register, as a transaction leaves them. */
interface LedgerDefinitions
  extends Pick<LedgerView, "pool" | "pools" | "poolNamesEver" | "reservations" | "reservationAt" | "reservationOf"> {
  putPool(pool: Pool): void;
  retirePool(name: string): void;
  putReservation(reservation: Reservation): void;
  removeReservation(range: Range): void;
}

/** The half of a ledger that pools and reservations are. */
export abstract class DefiningLedger<Definitions extends LedgerDefinitions> {
  /** Pools and reservations as this transaction leaves them. */
  readonly definitions: Definitions;

  constructor(definitions: Definitions) {
    this.definitions = definitions;
  }

  /** Called before each change of a pool or reservation. */
  protected abstract noteChange(): void;

  pool(name: string): Pool | undefined {
    return this.definitions.pool(name);
  }

  pools(): readonly Pool[] {
    return this.definitions.pools();
  }

  poolNamesEver(): readonly string[] {
    return this.definitions.poolNamesEver();
  }

  reservations(): readonly Reservation[] {
    return this.definitions.reservations();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.definitions.reservationAt(address);
  }

  reservationOf(range: Range): Reservation | undefined {
    return this.definitions.reservationOf(range);
  }

  putPool(pool: Pool): void {
    this.noteChange();
    this.definitions.putPool(pool);
  }

  retirePool(name: string): void {
    this.noteChange();
    this.definitions.retirePool(name);
  }

  putReservation(reservation: Reservation): void {
    this.noteChange();
    this.definitions.putReservation(reservation);
  }

  removeReservation(range: Range): void {
    this.noteChange();
    this.definitions.removeReservation(range);
  }
}
