import { z } from "zod";
import { formatMac } from "../../mac/mac";
import { formatRange, parseRange } from "../../mac/range";
import { flag, inputParser, type Partially, refused, stateParser, text } from "../schema";

/** The inputs of a MacReservation, as the SDK sends them and `check` returns them. */
const inputSchema = z.object({
  owner: z.string(),
  installation: z.string(),
  range: z.string({ error: "a range is a string, such as 52:54:00" }).transform(refused(parseRange)),
  reason: text.optional(),
  adopt: flag.optional(),
});

/** Checked inputs of a MacReservation. */
export type ReservationInputs = Partially<z.output<typeof inputSchema>>;

export const { parseInputs, parseNews, valid } = inputParser(inputSchema, "MacReservation", [
  "owner",
  "installation",
  "range",
]);

/** Returns checked inputs as the wire has them, with both ends of the range. */
export function wireOf({ range, ...inputs }: ReservationInputs) {
  if (range === undefined) return inputs;
  return { ...inputs, range: formatRange(range), start: formatMac(range.start), end: formatMac(range.end) };
}

/** What the outputs in a state say of the reservation, whichever version wrote them; throws INTERNAL for others. */
export const parseState = stateParser(
  z.object({
    range: z.string().transform(refused(parseRange)),
    owner: z.string(),
    installation: z.string(),
    token: z.string().optional(),
    storeId: z.string(),
  }),
  "MacReservation",
);
