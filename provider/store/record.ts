import type { Lease, RegisterEvent } from "../lease/lease";
import type { Pool, Reservation } from "../lease/pool";
import type { Mac } from "../mac/mac";

/**
 * One piece of a whole register, the same for every kind of store. A register is `register`, then its pools by name, its
 * own reservations by start and end, its leases by address and its events by number.
 */
export type RegisterRecord =
  | {
      readonly record: "register";
      readonly storeId: string;
      /** Milliseconds since 1970. */
      readonly createdAt: number;
      /** Up to this one, numbers of events may be missing: PostgreSQL draws some in vain. Left out where none is. */
      readonly gapsUntil?: number | undefined;
    }
  | {
      readonly record: "pool";
      /** Without ranges when retired. */
      readonly pool: Pool;
      /** Where the pool's sequence goes on. */
      readonly cursor: Mac;
      /** Whether it was deleted; its released leases still name it. */
      readonly isRetired: boolean;
    }
  | { readonly record: "reservation"; readonly reservation: Reservation }
  | { readonly record: "lease"; readonly lease: Lease }
  | {
      readonly record: "event";
      readonly event: RegisterEvent;
      /** Number of the event before this one in the history of its address. */
      readonly before: number | undefined;
    };
