import { rotationText } from "./rotation";
import { type Bag, holdsUnknown, labels, UNKNOWN } from "./schema";

/**
 * Returns new inputs as the program means them, after transformations and `ignoreChanges`. For each property that
 * `ignoreChanges` names the engine puts back the old input, or takes the new one away where there was none
 * (`processIgnoreChanges` in pulumi/pulumi, step_generator.go). Neither knows what goes with a property.
 */
export function asGiven(olds: Bag, news: Bag): Bag {
  return { ...withRequest(olds, news), rotation: rotationOf(news["keepers"]) };
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
