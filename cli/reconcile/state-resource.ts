import { z } from "zod";
import { MacpoolError } from "../../provider/error";
import { quote } from "../../provider/mac/quote";
import { reveal } from "./reveal";

/** One resource of a state, as far as we look at it (`apitype.ResourceV3` in pulumi/pulumi, sdk/go/common/apitype). */
export const resourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  delete: z.boolean().optional(),
  external: z.boolean().optional(),
  pendingReplacement: z.boolean().optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});

/** A resource of a state. */
export type StateResource = z.output<typeof resourceSchema>;

/** Returns whether the stack has the resource itself: it was not only looked up, and not deleted to be made anew. */
export function isOwn({ external, pendingReplacement }: StateResource): boolean {
  return external !== true && pendingReplacement !== true;
}

/** Property bag of a resource in a state. */
export type Outputs = Readonly<Record<string, unknown>>;

/** Returns `parse` as a zod transform whose MacpoolError becomes an issue. */
export function parsing<T>(parse: (text: string) => T) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!MacpoolError.is(error)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  };
}

/**
 * Returns the outputs of one of our resources, with secrets in clear.
 *
 * @throws MacpoolError INVALID_FILE naming the property that is not what this package writes, or is encrypted.
 */
export function outputsAs<T extends z.ZodObject>(schema: T, outputs: Outputs, place: string): z.output<T> {
  const wanted = Object.keys(schema.shape).filter((key) => outputs[key] !== undefined && outputs[key] !== null);
  const known = Object.fromEntries(wanted.map((key) => [key, reveal(outputs[key], `${place}, "${key}"`)]));
  const result = schema.safeParse(known);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0] ?? { path: [], message: "unreadable" };
  throw new MacpoolError(
    "INVALID_FILE",
    `${place}, ${quote(path.join("."))}: ${message} The state was edited, or is broken.`,
  );
}

/** Returns where a resource stands, for messages. */
export function placeOf(file: string, { urn }: StateResource): string {
  return `${file}, resource ${urn}`;
}
