import { z } from "zod";
import { MacpoolError } from "../../error";
import { memberOwner } from "../../lease/block";
import { parseOwner } from "../../lease/owner";
import { parseMac } from "../../mac/mac";
import {
  canonical,
  defaultOwner,
  flag,
  inputParser,
  labels,
  type Partially,
  poolName,
  refused,
  stateParser,
  text,
} from "../schema";

/** A block is one transaction, and every preview looks at each of its addresses. */
const LARGEST = 1024;

const SIZE = `a block has 1 to ${LARGEST} addresses: give a whole number in that range`;

/** The inputs of a MacAddressBlock, as the SDK sends them and `check` returns them. */
const inputSchema = z.object({
  owner: z.string({ error: "an owner must be a string" }).transform(refused(blockOwner)),
  defaultOwner,
  installation: z.string(),
  rotation: z.string(),
  count: z.int({ error: SIZE }).min(1, SIZE).max(LARGEST, SIZE),
  contiguous: flag.optional(),
  pool: poolName.optional(),
  adopt: flag.optional(),
  keepers: labels.optional(),
  description: text.optional(),
  tags: labels.optional(),
  addresses: z.array(z.string().transform(refused(canonical))).optional(),
  known: z.array(z.string()).optional(),
});

/** Checked inputs of a MacAddressBlock. */
export type BlockInputs = Partially<z.output<typeof inputSchema>>;

const required = ["owner", "installation", "rotation", "count"];

export const { parseInputs, parseNews, valid } = inputParser(inputSchema, "MacAddressBlock", required);

const stateSchema = z
  .object({
    addresses: z.array(z.string().transform(refused(parseMac))).min(1),
    /** One an address, as are the events that granted them. */
    tokens: z.array(z.string()),
    seqs: z.array(z.number()),
    storeId: z.string(),
    owner: z.string(),
    installation: z.string(),
    rotation: z.string(),
    pool: z.string(),
  })
  .refine(({ addresses, tokens, seqs }) => tokens.length === addresses.length && seqs.length === addresses.length, {
    path: ["tokens"],
  })
  .transform(({ addresses, tokens, seqs, ...state }) => ({
    ...state,
    refs: addresses.map((address, index) => ({ address, token: tokens[index] ?? "", seq: seqs[index] ?? 0 })),
  }));

/** What the outputs in a state say of the leases, whichever version wrote them. */
export type BlockState = z.output<typeof stateSchema>;

/**
 * Returns what the outputs in a state say of the leases.
 *
 * @throws MacpoolError INTERNAL naming the property, when they were not written by this package.
 */
export const parseState = stateParser(stateSchema, "MacAddressBlock");

/** Returns an owner that stays short enough with an index behind it. */
function blockOwner(owner: string): string {
  parseOwner(owner);
  const longest = memberOwner(owner, LARGEST - 1);
  try {
    parseOwner(longest);
  } catch (cause) {
    const words = `Owner ${JSON.stringify(owner.slice(0, 80))} is too long for a block, whose addresses add their index to it.`;
    throw new MacpoolError("INVALID_OWNER", words, { cause });
  }
  return owner;
}
