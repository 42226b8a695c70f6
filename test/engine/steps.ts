import { randomUUID } from "node:crypto";
import type { Alias } from "@pulumi/pulumi/proto/alias_pb";
import type { Diffed, Properties } from "../host/harness";
import type { Pass } from "./pass";
import type { Resource } from "./state";
import { aliasUrns, createUrn, isProviderType, nameOf, typeOf } from "./urn";
import { mapBag, same, secret, UNKNOWN } from "./values";

/** What the program asks for. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly inputs: Properties;
  readonly dependencies: readonly string[];
  readonly provider: string;
  readonly aliases: readonly Alias[];
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** The program's word on it; `undefined` leaves it to the provider. */
  readonly deleteBeforeReplace: boolean | undefined;
}

/** What is to be done for a goal. */
export interface Step {
  readonly op: "create" | "update" | "replace" | "same";
  readonly urn: string;
  readonly goal: Goal;
  readonly inputs: Properties;
  readonly old: Resource | undefined;
  readonly deleteFirst: boolean;
}

/** Decides what to do for a goal: finds its old state, asks check and diff. Plans are made one at a time. */
export async function plan(pass: Pass, goal: Goal): Promise<Step> {
  const urn = createUrn(pass.where, goal.type, goal.name, goal.parent);
  if (pass.seen.has(urn)) throw new Error(`Duplicate resource URN '${urn}'; try giving it a unique name`);
  pass.seen.add(urn);
  const old = findOld(pass, urn, goal);
  if (!goal.custom || isProviderType(goal.type)) return planWithoutProvider(pass, urn, goal, old);
  const adopted = old?.external === true || pass.targetReplace.has(urn) ? undefined : old;
  const inputs = await check(pass, urn, goal, adopted);
  if (adopted === undefined) {
    const deleteFirst = goal.deleteBeforeReplace ?? false;
    return { op: old === undefined ? "create" : "replace", urn, goal, inputs, old, deleteFirst };
  }
  const diff = await pass.providers.get(goal.provider).diff(adopted, inputs);
  return planFromDiff(pass, urn, goal, adopted, inputs, diff);
}

async function planFromDiff(
  pass: Pass,
  urn: string,
  goal: Goal,
  old: Resource,
  inputs: Properties,
  diff: Diffed,
): Promise<Step> {
  const step = { urn, goal, inputs, old, deleteFirst: false };
  if (diff.changes !== true) return { ...step, op: "same" };
  if (diff.replaces.length === 0) return { ...step, op: "update" };
  if (old.protect === true && goal.protect) throw new Error(`unable to replace resource ${urn}: it is protected`);
  // What check carried over from the old resource does not hold for its successor.
  const fresh = await check(pass, urn, goal, undefined);
  const deleteFirst = goal.deleteBeforeReplace ?? diff.deleteBeforeReplace;
  return { ...step, op: "replace", inputs: fresh, deleteFirst };
}

function findOld(pass: Pass, urn: string, goal: Goal): Resource | undefined {
  const aliases = aliasUrns(pass.where, goal, goal.aliases, pass.foundUnder);
  const old = [urn, ...aliases].map((candidate) => pass.snapshot.old(candidate)).find((found) => found !== undefined);
  if (old === undefined || old.urn === urn) return old;
  const taken = pass.seen.has(old.urn) || [...pass.foundUnder.values()].includes(old.urn);
  if (taken) throw new Error(`Duplicate resource alias '${old.urn}' applied to resource with URN '${urn}'`);
  pass.foundUnder.set(urn, old.urn);
  return old;
}

/** A provider resource is changed in place whatever changes: dynamic providers implement no DiffConfig. */
function planWithoutProvider(pass: Pass, urn: string, goal: Goal, old: Resource | undefined): Step {
  const step = { urn, goal, inputs: goal.inputs, old, deleteFirst: false };
  if (old === undefined) return { ...step, op: "create" };
  if (pass.targetReplace.has(urn)) return { ...step, op: "replace" };
  return { ...step, op: same(goal.custom ? old.outputs : old.inputs, goal.inputs) ? "same" : "update" };
}

/** `processIgnoreChanges`: what is ignored gets its old value, or goes where it had none. */
function withOldOnes(news: Properties, olds: Properties, ignored: readonly string[]): Properties {
  const isIgnored = (key: string) => ignored.includes(key) || ignored.includes("*");
  const kept = Object.entries(news).filter(([key]) => !isIgnored(key));
  const old = Object.entries(olds).filter(([key]) => isIgnored(key));
  return Object.fromEntries([...kept, ...old]);
}

async function check(pass: Pass, urn: string, goal: Goal, old: Resource | undefined): Promise<Properties> {
  const news = old === undefined ? goal.inputs : withOldOnes(goal.inputs, old.inputs, goal.ignoreChanges);
  const checked = await pass.providers.get(goal.provider).check(old?.inputs ?? {}, news);
  if (checked.failures.length === 0) return checked.inputs;
  const reasons = checked.failures.map((failure) => `${failure.property}: ${failure.reason}`);
  throw new Error(`${goal.type} resource '${nameOf(urn)}' is invalid: ${reasons.join("; ")}`);
}

/** Carries out a plan and records the result. */
export async function apply(pass: Pass, step: Step): Promise<Resource> {
  if (step.op === "replace" && step.deleteFirst && step.old !== undefined) await remove(pass, step.old);
  const made = isProviderType(step.goal.type) ? makeProvider(pass, step) : await make(pass, step);
  const next = withSecretOutputs(describe(step, made), step.goal.additionalSecretOutputs);
  if (step.op === "replace") {
    pass.snapshot.put(next);
    if (step.old !== undefined && !step.deleteFirst) pass.snapshot.condemn(step.old);
  } else {
    pass.snapshot.put(next, step.old);
  }
  pass.note(step.op, step.urn);
  return next;
}

type Made = Pick<Resource, "id" | "outputs">;

async function make(pass: Pass, step: Step): Promise<Made> {
  const { urn, inputs, old, goal } = step;
  if (step.op === "same" && old !== undefined) return old;
  if (!goal.custom) return { id: "", outputs: {} };
  const provider = pass.providers.get(goal.provider);
  const updating = step.op === "update" && old !== undefined;
  if (pass.dryRun) return { id: updating ? old.id : "", outputs: provider.predict(inputs) };
  const made = updating
    ? { id: old.id, outputs: await provider.update(old, urn, inputs) }
    : await provider.create(urn, inputs);
  pass.survive(updating ? "update" : "create", urn);
  return made;
}

/** Provider resources live in the engine: their id is a UUID, their outputs are their inputs. */
function makeProvider(pass: Pass, step: Step): Made {
  const kept = step.op === "create" || step.op === "replace" ? undefined : step.old;
  const id = kept?.id ?? (pass.dryRun ? UNKNOWN : randomUUID());
  // An unchanged provider runs with its old inputs, as the engine's SameStep has it.
  const inputs = step.op === "same" && kept !== undefined ? kept.inputs : step.inputs;
  pass.providers.configure(`${step.urn}::${id}`, inputs);
  return { id, outputs: inputs };
}

function describe(step: Step, made: Made): Resource {
  const { goal, urn } = step;
  return {
    urn,
    type: typeOf(urn),
    custom: goal.custom,
    id: made.id,
    inputs: step.inputs,
    outputs: made.outputs,
    parent: goal.parent,
    dependencies: goal.dependencies,
    provider: goal.provider,
    ...(goal.protect ? { protect: true } : {}),
    ...(goal.retainOnDelete ? { retainOnDelete: true } : {}),
  };
}

function withSecretOutputs(resource: Resource, keys: readonly string[]): Resource {
  const outputs = mapBag(resource.outputs, (value, key) => (keys.includes(key) ? secret(value) : value));
  return { ...resource, outputs };
}

/** What the program wants to look up with `.get()`. */
export type ReadGoal = Pick<Goal, "type" | "name" | "parent" | "inputs" | "dependencies" | "provider"> & { id: string };

/** Reads a resource that someone else manages; previews do it too. */
export async function read(pass: Pass, goal: ReadGoal): Promise<Resource> {
  const urn = createUrn(pass.where, goal.type, goal.name, goal.parent);
  if (pass.seen.has(urn)) throw new Error(`Duplicate resource URN '${urn}'; try giving it a unique name`);
  pass.seen.add(urn);
  const { id: asked, ...rest } = goal;
  const provider = pass.providers.get(goal.provider);
  const found = asked === UNKNOWN ? undefined : await provider.read(asked, goal.inputs, goal.inputs);
  const id = found?.id || asked;
  const { name: _name, ...described } = rest;
  const next = { ...described, urn, custom: true, external: true, id, outputs: found?.outputs ?? {} };
  const old = pass.snapshot.old(urn);
  if (old !== undefined && old.external !== true && old.id !== asked) {
    pass.snapshot.put(next);
    pass.snapshot.condemn(old);
  } else {
    pass.snapshot.put(next, old);
  }
  pass.note("read", urn);
  return next;
}

/** Deletes a resource; what Pulumi does not own is only forgotten. */
export async function remove(pass: Pass, old: Resource): Promise<void> {
  const owned = old.custom && !isProviderType(old.type) && old.external !== true && old.retainOnDelete !== true;
  if (owned && !pass.dryRun) {
    await pass.providers.get(old.provider).delete(old);
    pass.survive("delete", old.urn);
  }
  pass.snapshot.remove(old);
  if (old.external !== true) pass.note("delete", old.urn);
}
