import type { Alias } from "@pulumi/pulumi/proto/alias_pb";

/** The type of the resource at the root of every program. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

/** Which stack a URN belongs to. */
export interface StackName {
  readonly project: string;
  readonly stack: string;
}

/** Returns the chain of types inside a URN: `parent$child`. */
function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** Returns the resource's own type inside a URN. */
export function typeOf(urn: string): string {
  return qualifiedType(urn).split("$").at(-1) ?? "";
}

/** Returns the logical name inside a URN; it may itself contain `::`. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** Tells whether a type is that of a provider resource. */
export function isProviderType(type: string): boolean {
  return type.startsWith("pulumi:providers:");
}

/** Tells whether a URN is that of a provider which the engine made by itself. */
export function isDefaultProvider(urn: string): boolean {
  return isProviderType(typeOf(urn)) && nameOf(urn) === "default";
}

/** Builds a URN; the root stack is no visible parent. */
export function createUrn(where: StackName, type: string, name: string, parent = ""): string {
  const parents = qualifiedType(parent);
  const chain = parents === "" || parents === STACK_TYPE ? type : `${parents}$${type}`;
  return `urn:pulumi:${where.stack}::${where.project}::${chain}::${name}`;
}

/** A resource about to be registered, as far as its aliases depend on it. */
export interface Named {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
}

/**
 * Returns the URNs a resource may be found under in old state, besides its own: those its `aliases` option spells out,
 * and those it inherits when its parent was itself found under an alias.
 */
export function aliasUrns(
  where: StackName,
  named: Named,
  aliases: readonly Alias[],
  foundUnder: ReadonlyMap<string, string>,
): string[] {
  const own = aliases.map((alias) => aliasUrn(where, named, alias, foundUnder));
  const oldParent = foundUnder.get(named.parent);
  if (oldParent === undefined) return own;
  const inherit = (type: string, name: string) => inheritedUrn(where, type, name, nameOf(named.parent), oldParent);
  return [...own, inherit(named.type, named.name), ...own.map((urn) => inherit(typeOf(urn), nameOf(urn)))];
}

function aliasUrn(where: StackName, named: Named, alias: Alias, foundUnder: ReadonlyMap<string, string>): string {
  const spec = alias.getSpec();
  if (spec === undefined) return alias.getUrn();
  const asked = spec.getParenturn();
  const parent = asked === "" ? named.parent : (foundUnder.get(asked) ?? asked);
  const there = { project: spec.getProject() || where.project, stack: spec.getStack() || where.stack };
  return createUrn(there, spec.getType() || named.type, spec.getName() || named.name, spec.getNoparent() ? "" : parent);
}

/** A child whose name begins with its parent's name is taken to have been named after it. */
function inheritedUrn(where: StackName, type: string, name: string, parentName: string, oldParent: string): string {
  const oldName = name.startsWith(parentName) ? nameOf(oldParent) + name.slice(parentName.length) : name;
  return createUrn(where, type, oldName, oldParent);
}
