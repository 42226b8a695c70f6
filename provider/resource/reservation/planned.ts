import { MacpoolError } from "../../error";
import { formatRange } from "../../mac/range";
import { runtime } from "../runtime";
import type { ReservationInputs } from "./schema";

/** Characters of an owner that a message repeats: nobody bounds how long one may be. */
const LONGEST_NAME = 1024;

interface Planned {
  readonly range: string;
  readonly mayTake: boolean;
}

/** What the program of each process reserves, by owner. */
const known = new WeakMap<object, Map<string, Planned>>();

/**
 * Remembers what a declaration reserves, in the place of what it asked for before, also as `former`: `check` comes twice
 * for one that is replaced. Only what will be counts, not what is; and with `adopt` one may take over
 * the range of another that goes in a later update.
 *
 * @throws MacpoolError RESERVATION_CONFLICT when another declaration of the program reserves the same range.
 */
export function announce({ owner, range: wanted, adopt = false }: ReservationInputs, former: string | undefined): void {
  // What is not known yet is nobody else's.
  if (owner === undefined || wanted === undefined) return;
  const process = runtime();
  const planned = known.get(process) ?? new Map<string, Planned>();
  const range = formatRange(wanted);
  if (former !== undefined) planned.delete(former);
  known.set(process, planned.set(owner, { range, mayTake: adopt }));
  const [rival] = [...planned].find(([name, other]) => name !== owner && other.range === range && !other.mayTake) ?? [];
  if (rival === undefined || adopt) return;
  throw new MacpoolError(
    "RESERVATION_CONFLICT",
    `${range} is reserved twice in this program: "${rival.slice(0, LONGEST_NAME)}" reserves it too. Remove one of the two.`,
    { details: { range, owner: rival } },
  );
}
