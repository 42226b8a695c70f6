import { z } from "zod";
import { MacpoolError } from "../error";
import { isWellFormed, parseOwner } from "../lease/owner";
import { classify } from "../mac/classify";
import { formatMac, parseMac } from "../mac/mac";

/** What stands for a value that is not known yet (`unknownValue` in pulumi/pulumi, sdk/nodejs/runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const MAX_TEXT = 4096;

/** Texts by key. */
export const labels = z.record(z.string(), z.string({ error: "every value must be a string" }), {
  error: 'must be an object of strings, such as { rack: "a3" }',
});

export const poolName = z.string({ error: "a pool is named by a string" }).min(1, "a pool's name is not empty");

export const flag = z.boolean({ error: "must be true or false" });

/** A note for people. */
export const text = z
  .string({ error: "must be a string" })
  .max(MAX_TEXT, `must not be longer than ${MAX_TEXT} characters`)
  .refine(isWellFormed, "must be well-formed Unicode");

/** What tells a resource from the others of its program, whatever its owner is: see {@link ./run-owners}. */
export const defaultOwner = z.string().optional();

/** The inputs of a MacAddress, as the SDK sends them and `check` returns them. */
const inputSchema = z.object({
  owner: z.string({ error: "an owner must be a string" }).transform(refused(parseOwner)),
  defaultOwner,
  installation: z.string(),
  rotation: z.string(),
  pool: poolName.optional(),
  requestedAddress: z.string({ error: "an address must be a string" }).transform(refused(claimable)).optional(),
  adopt: flag.optional(),
  keepers: labels.optional(),
  description: text.optional(),
  tags: labels.optional(),
  address: z.string().transform(refused(canonical)).optional(),
});

/** Inputs of a resource after a look at each of them alone; a property whose value is not known yet is absent. */
export type Partially<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** Checked inputs of a MacAddress. */
export type Inputs = Partially<z.output<typeof inputSchema>>;

/** A property bag as the host hands it over. */
export type Bag = Readonly<Record<string, unknown>>;

/** One reason why inputs cannot be accepted, shown by Pulumi beside the property. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Inputs after a look at each of them alone. */
export interface Parsed<T> {
  readonly inputs: Partially<T>;
  /** Properties that are not known yet, at any depth, with their value as it came. */
  readonly unknowns: Bag;
  readonly failures: readonly Failure[];
}

/** Reads the inputs of one type of resource. */
export interface InputParser<T> {
  /** Returns the inputs that can be used, those that are not known yet, and what is wrong with the others. */
  parseInputs(bag: Bag): Parsed<T>;
  /** Returns the same for a resource's new inputs, where nothing that identifies it may be missing. */
  parseNews(bag: Bag): Parsed<T>;
  /**
   * Returns inputs that were checked before; they are looked at again because nothing else stands between them and the
   * register.
   *
   * @throws MacpoolError INVALID_CONFIG naming the first property at fault; INTERNAL when one is not known.
   */
  valid(bag: Bag): Partially<T>;
}

/**
 * Returns the parser for a class of the SDK.
 *
 * @param required Properties that the SDK sends whatever the user wrote.
 * @param names Properties that the user writes under another name.
 */
export function inputParser<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  resource: string,
  required: readonly string[],
  names: Readonly<Record<string, string>> = {},
): InputParser<z.output<z.ZodObject<Shape>>> {
  type Known = z.output<z.ZodObject<Shape>>;
  // Made once: deriving a schema takes longer than using it.
  const lenient = schema.partial();
  const keys = Object.keys(schema.shape);
  const nameOf = (property: string): string =>
    (Object.hasOwn(names, property) ? names[property] : undefined) ?? property;

  function parseInputs(bag: Bag): Parsed<Known> {
    const known: Record<string, unknown> = {};
    const unknowns: Record<string, unknown> = {};
    for (const key of keys) {
      if (bag[key] !== undefined && bag[key] !== null) (holdsUnknown(bag[key]) ? unknowns : known)[key] = bag[key];
    }
    const result = lenient.safeParse(known);
    if (result.success) return { inputs: result.data as Partially<Known>, unknowns, failures: [] };
    const failures = result.error.issues.map((issue) => ({
      property: nameOf(String(issue.path[0] ?? "")),
      reason: issue.path.length > 1 ? `${issue.path.slice(1).join(".")}: ${issue.message}` : issue.message,
    }));
    for (const issue of result.error.issues) delete known[String(issue.path[0])];
    return { inputs: parseInputs(known).inputs, unknowns, failures };
  }

  function parseNews(bag: Bag): Parsed<Known> {
    const parsed = parseInputs(bag);
    const missing = required.filter((key) => bag[key] === undefined || bag[key] === null);
    const reason = `is missing: a ${resource} is made by the class of that name in pulumi-macpool, which sends it`;
    return { ...parsed, failures: [...parsed.failures, ...missing.map((key) => ({ property: nameOf(key), reason }))] };
  }

  function valid(bag: Bag): Partially<Known> {
    const { inputs, failures, unknowns } = parseNews(bag);
    const failure = failures[0];
    if (failure !== undefined) throw new MacpoolError("INVALID_CONFIG", `${failure.property}: ${failure.reason}`);
    const unknown = Object.keys(unknowns)[0];
    if (unknown !== undefined) throw new MacpoolError("INTERNAL", `"${unknown}" is not known, so nothing was written.`);
    return inputs;
  }

  return { parseInputs, parseNews, valid };
}

const names = { requestedAddress: "address" };

export const { parseInputs, parseNews, valid } = inputParser(
  inputSchema,
  "MacAddress",
  ["owner", "installation", "rotation"],
  names,
);

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
export const parseState = stateParser(stateSchema, "MacAddress");

/** Returns what reads the outputs that a state has of a class of the SDK; it throws INTERNAL as {@link parseState}. */
export function stateParser<State>(schema: z.ZodType<State>, resource: string): (outputs: Bag) => State {
  return (outputs) => {
    const result = schema.safeParse(outputs);
    if (result.success) return result.data;
    const property = String(result.error.issues[0]?.path[0] ?? "");
    throw new MacpoolError(
      "INTERNAL",
      `The stack's state of this ${resource} has no usable "${property}": it was edited, or written by something else. Restore it with: pulumi stack import`,
    );
  };
}

/** Returns the canonical text of an address. */
export function canonical(text: string): string {
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
export function holdsUnknown(value: unknown): boolean {
  // In a list and not by recursion: nobody bounds the depth, and the stack is no measure for it.
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (next === UNKNOWN) return true;
    if (typeof next === "object" && next !== null) for (const part of Object.values(next)) waiting.push(part);
  }
  return false;
}

/** Returns `parse` as a zod transform whose MacpoolError becomes an issue on the property. */
export function refused<From, To>(parse: (value: From) => To): (value: From, context: z.RefinementCtx) => To {
  return (value, context) => {
    try {
      return parse(value);
    } catch (error) {
      if (!MacpoolError.is(error)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  };
}
