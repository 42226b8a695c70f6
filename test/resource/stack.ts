import type { Bag } from "../../provider/resource/schema";
import { LOADER } from "../../sdk/loader";
import type { Provider } from "./lab";

/** The handlers of one type of resource. */
export type Handlers = Pick<Provider, "check" | "create" | "delete" | "read" | "update"> & {
  readonly diff: Provider["pool"]["diff"];
};

/** A resource as a stack's state has it. */
export interface Saved {
  readonly id: string;
  /** The checked inputs. */
  readonly inputs: Bag;
  readonly outputs: Bag;
}

/** Returns what the SDK sends for a MacAddress, with `more` over it; undefined leaves a property out. */
export function declared(more: Bag = {}): Bag {
  const all = { owner: "acme/net/prod/nic", installation: "stack-1", rotation: "", __provider: LOADER, ...more };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Returns what `check` is given, for the one resource of its owner. */
export function sent(news: Bag): Bag {
  return { defaultOwner: String(news["owner"]), ...news };
}

/**
 * Asks `check` as the host does, which puts the loader back, for the one resource of its owner. Fails when the inputs are
 * refused.
 */
export async function checked(provider: Handlers, olds: Bag, news: Bag): Promise<Bag> {
  const { inputs, failures = [] } = await provider.check(olds, sent(news));
  if (failures.length > 0) throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
  return { ...inputs, __provider: news["__provider"] };
}

/** Returns what a preview shows as the address of a resource. */
export async function shown(provider: Handlers, olds: Bag, news: Bag): Promise<unknown> {
  return (await checked(provider, olds, news))["address"];
}

/** Declares a new resource, or one that replaces another, and returns it as saved. */
export async function create(provider: Handlers, news: Bag): Promise<Saved> {
  return grant(provider, await checked(provider, {}, news));
}

/** Lets `create` grant what was checked before. */
export async function grant(provider: Handlers, inputs: Bag): Promise<Saved> {
  const { id, outs } = await provider.create(inputs);
  return { id, inputs, outputs: { ...outs, __provider: inputs["__provider"] } };
}

/** What a step of `pulumi up` did with a resource. */
export interface Step extends Saved {
  readonly op: "same" | "update" | "replace";
}

/** Takes a declared resource to its new inputs as the engine does: a replacement is created before the old one goes. */
export async function up(provider: Handlers, old: Saved, news: Bag): Promise<Step> {
  const inputs = await checked(provider, old.inputs, news);
  const { changes, replaces } = await provider.diff(old.id, old.outputs, inputs);
  if (replaces.length > 0) {
    const saved = await create(provider, news);
    await provider.delete(old.id, old.outputs);
    return { ...saved, op: "replace" };
  }
  if (!changes) return { ...old, inputs, op: "same" };
  const { outs } = await provider.update(old.id, old.outputs, inputs);
  return { id: old.id, inputs, outputs: { ...outs, __provider: inputs["__provider"] }, op: "update" };
}
