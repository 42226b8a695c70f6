import * as pulumi from "@pulumi/pulumi";

/** What Pulumi itself calls the organization of a backend that has none; also used by `setMocks` without one. */
const NO_ORGANIZATION = "organization";

/** What separates the parts of a name, starts an escape, or is refused by the register (`parseOwner`). */
const UNSAFE = /[%/\p{Cc}\p{Cs}]/gu;

/**
 * Returns the owner text of the resource `name` of type `type` below `parent`: see {@link ownerFromUrn}.
 *
 * It is a plain promise on purpose. An Output would carry the parent as a dependency, depending on a component means to
 * wait for all its children, and so two NICs of one VM component would wait for each other for ever.
 */
export function ownerOf(name: string, type: string, parent?: pulumi.Resource): Promise<string> {
  const organization = currentOrganization();
  const urn = pulumi.createUrn(name, type, parent?.urn.apply(withoutName));
  const text = new Promise<string>((resolve) => {
    urn.apply(resolve);
  });
  return text.then((known) => ownerFromUrn(known, organization));
}

/**
 * Returns the owner as an input: the one that the program gives, else the default. It is claimed at once when it is a
 * text, else as soon as it is known. The default is an input too, because a transformation may change the owner, and two
 * resources must not have one.
 */
export function ownerInputs(
  given: pulumi.Input<string> | undefined,
  defaultOwner: Promise<string>,
  claim: (owner: string, explicit: boolean) => string,
): { readonly owner: pulumi.Input<string>; readonly defaultOwner: Promise<string> } {
  if (given === undefined) return { owner: defaultOwner.then((owner) => claim(owner, false)), defaultOwner };
  if (typeof given === "string") return { owner: claim(given, true), defaultOwner };
  return { owner: pulumi.output(given).apply((owner) => claim(owner, true)), defaultOwner };
}

/**
 * Returns the owner text for a URN: `<organization>/<project>/<stack>/[<parent type chain>/]<name>`, such as
 * `acme/network/prod/web-1-nic` or `acme/network/prod/lab:vm:Vm/web-2-nic`. The chain is the URN's own, parents joined
 * by `$`, without the resource's type, which is the same for every MacAddress.
 *
 * Different URNs of one resource type give different owners. In every part but the chain `/`, `%` and what the register
 * refuses become `%` and their code point in hexadecimal (`vm/eth0` becomes `vm%2Feth0`), so the first three slashes and
 * the last one are always separators, and slashes within the chain (`aws:ec2/instance:Instance`) need no escape.
 *
 * URN syntax: `urn:pulumi:<stack>::<project>::<qualified type>::<name>`, where only the name may hold `::`
 * (sdk/go/common/resource/urn/urn.go).
 *
 * @throws Error when `urn` is not the URN of a resource.
 */
export function ownerFromUrn(urn: string, organization: string): string {
  const [, stack, project, qualifiedType, name] = /^urn:pulumi:(.*?)::(.*?)::(.*?)::(.*)$/s.exec(urn) ?? [];
  if (stack === undefined || project === undefined || qualifiedType === undefined || name === undefined) {
    throw new Error(`${JSON.stringify(urn)} is not the URN of a resource.`);
  }
  const chain = qualifiedType.split("$").slice(0, -1).join("$");
  return [scopeOf(organization, project, stack), ...(chain === "" ? [] : [chain]), escapePart(name)].join("/");
}

/** Returns what tells the stack that is being deployed from all others of its backend: what its default owners begin with. */
export function currentScope(): string {
  return scopeOf(currentOrganization(), pulumi.getProject(), pulumi.getStack());
}

function scopeOf(...parts: readonly [organization: string, project: string, stack: string]): string {
  return parts.map(escapePart).join("/");
}

/**
 * A two-digit escape never begins with `D` and one for a lone surrogate always does (`%D800`), so escapes of different
 * length cannot be mistaken for each other. UTF-8 would turn all lone surrogates into one character.
 */
function escapePart(part: string): string {
  return part.replace(UNSAFE, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/**
 * `createUrn` cuts its parent's URN at the last `::`, which is wrong when the parent's name holds one. A URN carries no
 * parent names, so the name is dropped beforehand.
 */
function withoutName(urn: string): string {
  return `${urn.split("::", 3).join("::")}::`;
}

/** `getOrganization` throws when none is set, as in unit tests that call `setMocks` without one. */
function currentOrganization(): string {
  try {
    return pulumi.getOrganization();
  } catch {
    return NO_ORGANIZATION;
  }
}
