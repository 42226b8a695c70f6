import { z } from "zod";
import { MacpoolError } from "../error";
import { parseOwner } from "../lease/owner";
import { classify } from "../mac/classify";
import { formatMac, parseMac } from "../mac/mac";

/** What stands for a value that is not known yet (`unknownValue` in pulumi/pulumi, sdk/nodejs/runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const MAX_TEXT = 4096;

const labels = z.record(z.string(), z.string({ error: "every value must be a string" }));

/** The inputs of a MacAddress, as the SDK sends them and `check` returns them. */
const inputSchema = z.object({
  owner: z.string({ error: "an owner must be a string" }).transform(refused(parseOwner)),
  installation: z.string(),
  rotation: z.string(),
  pool: z.string({ error: "a pool is named by a string" }).min(1, "a pool's name is not empty").optional(),
  requestedAddress: z.string({ error: "an address must be a string" }).transform(refused(claimable)).optional(),
  adopt: z.boolean({ error: "must be true or false" }).optional(),
  keepers: labels.optional(),
  description: z
    .string({ error: "must be a string" })
    .max(MAX_TEXT, `must not be longer than ${MAX_TEXT} characters`)
    .optional(),
  tags: labels.optional(),
  address: z.string().transform(refused(canonical)).optional(),
});

/** Made once: deriving a schema takes longer than using it. */
const lenientSchema = inputSchema.partial();

/** Checked inputs; a property whose value is not known yet is absent. */
export type Inputs = { readonly [Key in keyof Known]?: Known[Key] | undefined };
type Known = z.output<typeof inputSchema>;

/** A property bag as the host hands it over. */
export type Bag = Readonly<Record<string, unknown>>;

/** One reason why inputs cannot be accepted, shown by Pulumi beside the property. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Inputs after a look at each of them alone. */
export interface ParsedInputs {
  readonly inputs: Inputs;
  /** Properties that are not known yet, at any depth, with their value as it came. */
  readonly unknowns: Bag;
  readonly failures: readonly Failure[];
}

/** Returns the inputs in `bag` that can be used, those that are not known yet, and what is wrong with the others. */
export function parseInputs(bag: Bag): ParsedInputs {
  const known: Record<string, unknown> = {};
  const unknowns: Record<string, unknown> = {};
  for (const key of Object.keys(inputSchema.shape)) {
    if (bag[key] !== undefined && bag[key] !== null) (holdsUnknown(bag[key]) ? unknowns : known)[key] = bag[key];
  }
  const result = lenientSchema.safeParse(known);
  if (result.success) return { inputs: result.data, unknowns, failures: [] };
  const failures = result.error.issues.map((issue) => ({
    property: argumentName(String(issue.path[0] ?? "")),
    reason: issue.path.length > 1 ? `${issue.path.slice(1).join(".")}: ${issue.message}` : issue.message,
  }));
  for (const issue of result.error.issues) delete known[String(issue.path[0])];
  return { inputs: parseInputs(known).inputs, unknowns, failures };
}

/** What every MacAddress has; the SDK sends it. */
const REQUIRED = ["owner", "installation", "rotation"] as const;

/** Returns what {@link parseInputs} returns for a resource's new inputs, where nothing that identifies it may be missing. */
export function parseNews(bag: Bag): ParsedInputs {
  const parsed = parseInputs(bag);
  const missing = REQUIRED.filter((key) => bag[key] === undefined || bag[key] === null).map((property) => ({
    property,
    reason: "is missing: a MacAddress is made by the class of that name in pulumi-macpool, which sends it",
  }));
  return { ...parsed, failures: [...parsed.failures, ...missing] };
}

/** Returns the name under which a user wrote the property. */
export function argumentName(property: string): string {
  return property === "requestedAddress" ? "address" : property;
}

const stateSchema = z.object({
  address: z.string().transform(refused(parseMac)),
  token: z.string(),
  storeId: z.string(),
  seq: z.number(),
  owner: z.string(),
  installation: z.string(),
  rotation: z.string(),
  pool: z.string(),
});

/** What the outputs in a state say of the lease, whichever version wrote them. */
export type State = z.output<typeof stateSchema>;

/**
 * Returns what the outputs in a state say of the lease.
 *
 * @throws MacpoolError INTERNAL naming the property, when they were not written by this package.
 */
export function parseState(outputs: Bag): State {
  const result = stateSchema.safeParse(outputs);
  if (result.success) return result.data;
  const property = String(result.error.issues[0]?.path[0] ?? "");
  throw new MacpoolError(
    "INTERNAL",
    `The stack's state of this MacAddress has no usable "${property}": it was edited, or written by something else. Restore it with: pulumi stack import`,
  );
}

function canonical(text: string): string {
  return formatMac(parseMac(text));
}

/** Returns the canonical text of an address that some register might give to a NIC. */
function claimable(text: string): string {
  const mac = parseMac(text);
  const { claim, note } = classify(mac, { universal: true });
  if (claim !== "refuse") return formatMac(mac);
  throw new MacpoolError("INVALID_MAC", `${formatMac(mac)} cannot be given to a NIC: ${note}`);
}

/** Returns whether `value` is, or holds at any depth, something that is not known yet. */
function holdsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}

/** Returns `parse` as a zod transform whose MacpoolError becomes an issue on the property. */
function refused<T>(parse: (text: string) => T): (text: string, context: z.RefinementCtx) => T {
  return (text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!MacpoolError.is(error)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  };
}
