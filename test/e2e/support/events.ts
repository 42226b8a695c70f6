import { isDeepStrictEqual } from "node:util";
import type { Properties } from "../../host/harness";
import type { Outcome } from "./engine";

/** The part of an engine event that is read (pulumi/pulumi, sdk/go/common/apitype/events.go). */
interface EngineEvent {
  readonly preludeEvent?: object;
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
}

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: Bags | null;
  readonly new?: Bags | null;
}

interface Bags {
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** What a step is called here; a replacement is told by its last two steps. Others are no changes. */
const CHANGES: Readonly<Record<string, string | undefined>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
  "delete-replaced": "delete",
};

const STACK = "pulumi:pulumi:Stack";

/** Reads what the last pass of an operation did from its event log; `up` logs its preview first. */
export function readEvents(log: string): Pick<Outcome, "changes" | "outputs"> {
  const events = log
    .split("\n")
    .filter((line) => line !== "")
    .map((line): EngineEvent => JSON.parse(line));
  const start = events.findLastIndex((event) => event.preludeEvent !== undefined);
  const steps = events.slice(start).flatMap((event) => event.resOutputsEvent?.metadata ?? []);
  const stack = steps.findLast((step) => step.type === STACK);
  return { changes: changesOf(steps.filter(hasEffect)), outputs: stack?.new?.outputs ?? {} };
}

/** A refresh that runs the program reports an update of every provider resource, also of one that stays as it is. */
function hasEffect({ op, type, old, new: next }: StepMetadata): boolean {
  const isProvider = type.startsWith("pulumi:providers:");
  return (
    op !== "update" || !isProvider || !isDeepStrictEqual([old?.inputs, old?.outputs], [next?.inputs, next?.outputs])
  );
}

/** Returns steps as words, without the stack itself and the providers that the engine makes by itself. */
export function changesOf(steps: readonly { readonly op: string; readonly urn: string }[]): string[] {
  return steps
    .flatMap(({ op, urn }) => {
      const [, , type = "", name = ""] = urn.split("::");
      const change = CHANGES[op];
      return change === undefined || type === STACK || name === "default" ? [] : [`${change} ${name}`];
    })
    .sort();
}
