import { isDeepStrictEqual } from "node:util";
import type { AcquireRequest, Name } from "../lease/lease";
import { rotationText } from "./rotation";
import { type Bag, type Failure, holdsUnknown, labels, UNKNOWN } from "./schema";

/** What a program may tell Pulumi to ignore, as the engine names it. */
const IGNORABLE = [
  "owner",
  "pool",
  "address",
  "requestedAddress",
  "adopt",
  "keepers",
  "description",
  "tags",
  "count",
  "contiguous",
];

/**
 * Returns new inputs as the program means them, after transformations and `ignoreChanges`. For each property that
 * `ignoreChanges` names the engine puts back the old input, or takes the new one away where there was none
 * (`processIgnoreChanges` in pulumi/pulumi, step_generator.go). Neither knows what goes with a property.
 */
function asGiven(olds: Bag, news: Bag): Bag {
  return { ...withRequest(olds, news), rotation: rotationOf(news["keepers"]) };
}

/**
 * New inputs of one run as the program means them. Where a resource is replaced, the engine checks it a second time, without
 * old inputs and without `ignoreChanges` (`generateStepsFromDiff` in pulumi/pulumi, step_generator.go). What it had put back
 * the first time is put back again, or an address would move because of what the program told Pulumi to ignore.
 */
export class GivenInputs {
  /** What the first check of each resource was given, by its kind and what tells it from others. */
  readonly #first = new Map<string, { readonly olds: Bag; readonly news: Bag }>();
  /** The old name of what was renamed and is replaced in the same update, by its kind, its pool and its new name. */
  readonly #renamed = new Map<string, Name>();

  /**
   * Returns the new inputs of a resource, and its old inputs also where it is checked for the second time; `kind` tells a
   * MacAddress from a MacAddressBlock, which may have its name.
   */
  of(kind: Kind, olds: Bag, news: Bag): { readonly given: Bag; readonly before: Bag } {
    const { defaultOwner } = news;
    if (defaultOwner === undefined) return { given: asGiven(olds, news), before: olds };
    const key = `${kind}\n${defaultOwner}`;
    const first = this.#first.get(key);
    this.#first.delete(key);
    // Only a resource that there is has old inputs.
    if (olds["owner"] !== undefined) this.#first.set(key, { olds, news });
    else if (first !== undefined) {
      const given = asGiven(first.olds, { ...news, ...unchanged(first.olds, first.news) });
      return { given, before: this.#noteRenamed(kind, first.olds, given) ? first.olds : olds };
    }
    return { given: asGiven(olds, news), before: olds };
  }

  /** Returns the old name of a resource that is created as the replacement of itself under another one. */
  nameBefore(kind: Kind, { pool, ...now }: Name & Pick<AcquireRequest, "pool">): Name | undefined {
    return this.#renamed.get(nameKey(kind, pool, now));
  }

  /** The register knows the lease by the old name, so that a replacement under the new one would get another address. */
  #noteRenamed(kind: Kind, olds: Bag, news: Bag): boolean {
    const { owner, installation, pool } = olds;
    if (typeof owner !== "string" || typeof installation !== "string") return false;
    if (owner === news["owner"] && installation === news["installation"]) return false;
    // In another pool it gets another address anyway.
    this.#renamed.set(nameKey(kind, pool, news), { owner, installation });
    return true;
  }
}

type Kind = "nic" | "block";

function nameKey(
  kind: Kind,
  pool: unknown,
  now: { readonly owner?: unknown; readonly installation?: unknown },
): string {
  return [kind, pool, now.owner, now.installation].join("\n");
}

/** Returns what is the same in both, also what is in neither: all that `ignoreChanges` can have named. */
function unchanged(olds: Bag, news: Bag): Bag {
  const keys = IGNORABLE.filter((key) => isDeepStrictEqual(olds[key], news[key]));
  return Object.fromEntries(keys.map((key) => [key, news[key]]));
}

/**
 * Returns a failure where `ignoreChanges` names everything, so that `defaultOwner` was taken away: without it nobody could say
 * whether another resource has the same owner (see {@link ./run-owners}). The SDK spells it out (sdk/ignored.ts); what a
 * transformation puts into the options it does not see.
 */
export function anonymity(olds: Bag, news: Bag): readonly Failure[] {
  if (olds["owner"] === undefined || news["defaultOwner"] !== undefined) return [];
  const reason =
    'of everything, set by a transformation, also hides which resource this is, and two NICs could get one address without a word. Name what to ignore, such as ["keepers", "tags"].';
  return [{ property: "ignoreChanges", reason }];
}

/** The SDK sends one that is secret where a keeper is, because the engine carries that over by name. */
function rotationOf(keepers: unknown): string {
  if (holdsUnknown(keepers)) return UNKNOWN;
  // Those that are no texts are refused on their own property.
  return rotationText(labels.safeParse(keepers).data ?? {});
}

/**
 * What programs call `address` the SDK sends as `requestedAddress`. So an `address` that comes here was put back, if it is
 * the old one, and otherwise a transformation gives it.
 */
function withRequest(olds: Bag, news: Bag): Bag {
  const { address, ...others } = news;
  if (address === undefined) return others;
  if (address !== olds["address"]) return { ...others, requestedAddress: address };
  const { requestedAddress: _, ...rest } = others;
  const before = olds["requestedAddress"];
  return before === undefined ? rest : { ...rest, requestedAddress: before };
}
