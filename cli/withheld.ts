import { isBuiltIn } from "../provider/lease/administer";
import { type Pool, reservationText } from "../provider/lease/pool";
import { listText } from "../provider/list-text";
import { intersectSize, overlaps, type Range } from "../provider/mac/range";
import type { LeaseStore } from "../provider/store/store";
import { warn } from "./register";

/** Reservations that a message names. */
const NAMED = 5;

/**
 * Warns of each pool with an address in `ranges` that holds nothing but reserved ones. That is no error: a reservation may
 * be ended later.
 */
export async function warnOfWithheld(register: LeaseStore, ranges: readonly Range[]): Promise<void> {
  const reserved = await register.reserved();
  const touches = ({ ranges: own }: Pool) => own.some((one) => ranges.some((other) => overlaps(one, other)));
  for (const pool of (await register.pools()).filter(touches)) {
    if (intersectSize(pool.ranges, reserved) < pool.size) continue;
    const within = reserved.filter((one) => pool.ranges.some((range) => overlaps(one, range)));
    const named = listText(within.map(reservationText), NAMED);
    const canEnd = within.some((reservation) => !isBuiltIn(reservation));
    const end = canEnd ? ", or end a reservation (macpool reserve remove RANGE)" : "";
    warn(
      `Pool "${pool.name}" can grant no address: all that it has is reserved, by ${named}. Give it others (macpool pool update ${pool.name} --add-range RANGE)${end}.`,
    );
  }
}
