import { z } from "zod";
import { definePool, type PoolSpec } from "../../lease/pool";
import { formatRange, parsePrefix, parseRange } from "../../mac/range";
import { flag, inputParser, type Partially, refused, stateParser, text } from "../schema";

const LIST = 'must be a list of ranges, such as ["52:54:00", "42:00:00:00:00:00-42:00:00:00:ff:ff"]';

/** A pool in order, to try a single property of another one on. */
const sound: PoolSpec = { name: "sound", ranges: [parsePrefix("02")] };

/** The inputs of a MacPool, as the SDK sends them and `check` returns them. */
const inputSchema = z.object({
  owner: z.string(),
  installation: z.string(),
  name: z
    .string({ error: "a pool is named by a string" })
    .transform(refused((name) => definePool({ ...sound, name }).name)),
  ranges: z.array(z.string({ error: "must be a string" }).transform(refused(parseRange)), { error: LIST }).min(1, LIST),
  strategy: z.enum(["derived", "sequential"], { error: 'must be "derived" or "sequential"' }).optional(),
  order: z.enum(["strict", "relaxed"], { error: 'must be "strict" or "relaxed"' }).optional(),
  quarantineSeconds: z
    .number({ error: "must be a number of seconds" })
    .transform(refused((quarantineSeconds) => definePool({ ...sound, quarantineSeconds }).quarantineSeconds))
    .optional(),
  universal: flag.optional(),
  description: text.optional(),
  adopt: flag.optional(),
});

/** Checked inputs of a MacPool. */
export type PoolInputs = Partially<z.output<typeof inputSchema>>;

export const { parseInputs, parseNews, valid } = inputParser(
  inputSchema,
  "MacPool",
  ["owner", "installation", "name", "ranges"],
  { name: "poolName" },
);

/** Returns the pool that checked inputs describe. */
export function specOf(inputs: PoolInputs): PoolSpec {
  const { name = "", ranges = [], strategy, order, quarantineSeconds, universal, description } = inputs;
  return { name, ranges, strategy, order, quarantineSeconds, universal, description };
}

/** Returns checked inputs as the wire has them. */
export function wireOf({ ranges, ...inputs }: PoolInputs) {
  return { ...inputs, ...(ranges === undefined ? {} : { ranges: ranges.map(formatRange) }) };
}

/** What the outputs in a state say of the pool, whichever version wrote them; throws INTERNAL for others. */
export const parseState = stateParser(
  z.object({
    name: z.string(),
    owner: z.string(),
    installation: z.string(),
    token: z.string().optional(),
    storeId: z.string(),
  }),
  "MacPool",
);
