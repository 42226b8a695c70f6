import type { Bag } from "../../provider/resource/schema";
import { BLOCK_LOADER, POOL_LOADER, RESERVATION_LOADER } from "../../sdk/loader";
import { declared } from "./stack";

/** Returns what the SDK sends for a MacAddressBlock of three, with `more` over it. */
export function declaredBlock(more: Bag = {}): Bag {
  return declared({ owner: "acme/net/prod/nics", count: 3, __provider: BLOCK_LOADER, ...more });
}

/** Returns what the SDK sends for a MacPool, with `more` over it. */
export function declaredPool(more: Bag = {}): Bag {
  const pool = { owner: "acme/net/prod/lab", name: "lab", ranges: ["52:54:00"], rotation: undefined };
  return declared({ ...pool, __provider: POOL_LOADER, ...more });
}

/** Returns what the SDK sends for a MacReservation, with `more` over it. */
export function declaredReservation(more: Bag = {}): Bag {
  const reservation = { owner: "acme/net/prod/printers", range: "42:0a", rotation: undefined };
  return declared({ ...reservation, __provider: RESERVATION_LOADER, ...more });
}
