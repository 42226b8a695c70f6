import { z } from "zod";
import { MacpoolError } from "../../provider/error";
import type { RegisterEvent } from "../../provider/lease/lease";
import { definePool } from "../../provider/lease/pool";
import { formatMac, type Mac, readMac } from "../../provider/mac/mac";
import { parseRange, type Range } from "../../provider/mac/range";
import type { RegisterRecord } from "../../provider/store/record";
import { FORMAT, VERSION } from "./export-write";

const KINDS: Readonly<Record<RegisterEvent["kind"], true>> = {
  keep: true,
  claim: true,
  adopt: true,
  reclaim: true,
  derive: true,
  sequence: true,
  reuse: true,
  update: true,
  release: true,
  init: true,
  recover: true,
  "create-pool": true,
  "update-pool": true,
  "delete-pool": true,
  reserve: true,
  unreserve: true,
};

const mac = z.string().transform((text, context): Mac => {
  const address = readMac(text);
  if (address !== undefined && formatMac(address) === text) return address;
  context.addIssue({ code: "custom", message: "is no address as an export spells it" });
  return z.NEVER;
});
const seq = z.int().positive();
const time = z.int();
const nullable = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullable().transform((value) => value ?? undefined);
const manager = nullable(z.strictObject({ owner: z.string(), installation: z.string(), token: z.string().optional() }));
const kind = z.custom<RegisterEvent["kind"]>((value) => typeof value === "string" && Object.hasOwn(KINDS, value));
// Passed on as it is: a tag may have a name that means something to JavaScript, such as __proto__.
const tags = z.custom<Readonly<Record<string, string>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string"),
);

const header = z.strictObject({
  format: z.literal(FORMAT),
  version: z.int(),
  storeId: z.uuid(),
  createdAt: time,
  gapsUntil: seq.optional(),
});

const pool = z.strictObject({
  record: z.literal("pool"),
  name: z.string(),
  ranges: z.array(z.string()),
  strategy: z.enum(["derived", "sequential"]),
  order: z.enum(["strict", "relaxed"]).default("strict"),
  quarantineSeconds: z.int().nonnegative(),
  universal: z.boolean(),
  description: z.string(),
  cursor: mac,
  managedBy: manager,
  isRetired: z.boolean(),
});

type PoolLine = z.infer<typeof pool>;

const line = z.discriminatedUnion("record", [
  pool,
  z.strictObject({ record: z.literal("reservation"), range: z.string(), reason: z.string(), managedBy: manager }),
  z.strictObject({
    record: z.literal("lease"),
    address: mac,
    pool: z.string(),
    owner: z.string(),
    installation: z.string(),
    rotation: z.string(),
    slot: z.union([z.literal(0), mac]),
    token: z.string(),
    seq,
    acquiredAt: time,
    releasedAt: nullable(time),
    description: z.string(),
    tags,
  }),
  z.strictObject({
    record: z.literal("event"),
    seq,
    at: time,
    kind,
    address: nullable(mac),
    pool: z.string(),
    owner: z.string(),
    installation: z.string(),
    actor: z.string(),
    before: nullable(seq),
  }),
  z.strictObject({ record: z.literal("end"), lines: z.int().positive(), sha256: z.string() }),
]);

/** What one line of an export says. */
export type ExportLine = RegisterRecord | { readonly record: "end"; readonly lines: number; readonly sha256: string };

/** Returns whether a file that begins with this line is an export of ours, of whatever version. */
export function isExport(firstLine: string): boolean {
  try {
    const value: unknown = JSON.parse(firstLine);
    return typeof value === "object" && value !== null && "format" in value && value.format === FORMAT;
  } catch {
    return false;
  }
}

/**
 * Returns what the first line of an export says.
 *
 * @throws MacpoolError INVALID_FILE when it is none, or of a version that this package does not know.
 */
export function parseHeader(text: string): RegisterRecord {
  if (!isExport(text)) throw invalid("it is not the first line of an export");
  const { version, ...register } = checked(header, text);
  if (version === VERSION)
    return {
      record: "register",
      storeId: register.storeId,
      createdAt: register.createdAt,
      gapsUntil: register.gapsUntil,
    };
  throw invalid(
    `the export has version ${version}; this version of pulumi-macpool reads ${VERSION}. Upgrade the package`,
  );
}

/**
 * Returns what a further line of an export says.
 *
 * @throws MacpoolError INVALID_FILE when it is not of the format; with codes of `definePool` as its cause.
 */
export function parseLine(text: string): ExportLine {
  const value = checked(line, text);
  switch (value.record) {
    case "pool":
      return poolRecord(value);
    case "reservation": {
      const { reason, managedBy } = value;
      return { record: "reservation", reservation: { ...rangeOf(value.range), reason, managedBy } };
    }
    case "lease": {
      const { record, ...lease } = value;
      return { record, lease };
    }
    case "event": {
      const { record, before, ...event } = value;
      return { record, event, before };
    }
    case "end":
      return value;
  }
}

function poolRecord({ cursor, isRetired, managedBy, ...value }: PoolLine): RegisterRecord {
  const ranges = value.ranges.map(rangeOf);
  const { name, strategy, order, quarantineSeconds, universal, description } = value;
  // A deleted pool has no ranges, which no pool in force may have.
  const pool = isRetired
    ? { name, ranges, strategy, order, quarantineSeconds, universal, description, size: 0, managedBy }
    : refusing(() => definePool({ ...value, ranges }, managedBy));
  return { record: "pool", pool, cursor, isRetired };
}

function rangeOf(text: string): Range {
  return refusing(() => parseRange(text));
}

function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, text: string): z.infer<Schema> {
  const result = schema.safeParse(json(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join(".") || "it"}: ${issue?.message ?? "not of the format"}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("it is not JSON", cause);
  }
}

function invalid(why: string, cause?: unknown): MacpoolError {
  return new MacpoolError("INVALID_FILE", why, { cause });
}
