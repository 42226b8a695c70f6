import { z } from "zod";
import { MacpoolError } from "../../provider/error";
import { quote } from "../../provider/mac/quote";
import { type Declaration, declarationsOf } from "./declarations";
import { leasesOf, type ReadLease } from "./leases";
import { resourceSchema } from "./state-resource";

const PROVIDER = "pulumi:providers:pulumi-nodejs";

/** `apitype.UntypedDeployment` and `DeploymentV3` in pulumi/pulumi, sdk/go/common/apitype; version 4 only adds features. */
const schema = z.object({
  version: z.union([z.literal(3), z.literal(4)]).optional(),
  deployment: z.object({
    manifest: z.object({ time: z.string().optional() }).optional(),
    resources: z.array(resourceSchema).nullish(),
  }),
});

/** What one export says. */
export interface StackExport {
  readonly file: string;
  /** `PROJECT/STACK`. */
  readonly stack: string;
  /** When the state was written, in milliseconds since 1970; 0 when it does not say. */
  readonly writtenAt: number;
  /** Ids of the provider resources, with which the installations of the stack's leases begin. */
  readonly providers: readonly string[];
  readonly leases: readonly ReadLease[];
  readonly declarations: readonly Declaration[];
}

/**
 * Reads what `pulumi stack export` printed.
 *
 * @throws MacpoolError INVALID_FILE when it is something else, or holds encrypted secrets where they matter.
 */
export function readStackExport(file: string, content: string): StackExport {
  const result = schema.safeParse(parseJson(file, content));
  if (!result.success) throw notAnExport(file, `see "${result.error.issues[0]?.path.join(".") ?? ""}"`);
  const { manifest, resources } = result.data.deployment;
  const list = resources ?? [];
  const stack = stackOf(list[0]?.urn);
  const time = Date.parse(manifest?.time ?? "");
  const writtenAt = Number.isNaN(time) ? 0 : time;
  return {
    file,
    stack,
    writtenAt,
    providers: list.flatMap(({ type, id }) => (type === PROVIDER && id !== undefined ? [id] : [])),
    leases: leasesOf(file, stack, list),
    declarations: declarationsOf(file, { stack, writtenAt }, list),
  };
}

function parseJson(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw notAnExport(file, cause instanceof SyntaxError ? quote(cause.message) : "it is nested too deeply");
  }
}

function notAnExport(file: string, why: string): MacpoolError {
  return new MacpoolError(
    "INVALID_FILE",
    `${file} is not what "pulumi stack export" prints (${why}). Export the stack again: pulumi stack export > stack.json`,
    { details: { file } },
  );
}

/** Every URN of a state begins with `urn:pulumi:STACK::PROJECT::`. */
function stackOf(urn = ""): string {
  const [, stack = "", project = ""] = /^urn:pulumi:(.*?)::(.*?)::/.exec(urn) ?? [];
  return stack === "" ? "(an empty stack)" : `${project}/${stack}`;
}
