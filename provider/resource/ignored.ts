import { isChanged } from "./diff";
import type { Bag } from "./schema";

/**
 * Returns new inputs as `ignoreChanges` means them. For each property that it names the engine puts back the old input, or
 * takes the new one away where there was none (`processIgnoreChanges` in pulumi/pulumi, step_generator.go), and leaves alone
 * what the SDK derived from it.
 */
export function withIgnoredChanges(olds: Bag, news: Bag): Bag {
  return { ...withoutRequest(olds, news), ...rotationInForce(olds, news) };
}

/** The digest of the keepers that the program has, where the old keepers, or none, were put back. */
function rotationInForce(olds: Bag, news: Bag): Bag {
  if (olds["rotation"] === undefined || isChanged(["keepers"], olds, news)) return {};
  // Without keepers the program's own digest is empty.
  const isPutBack = olds["keepers"] !== undefined || news["rotation"] !== "";
  return isPutBack ? { rotation: olds["rotation"] } : {};
}

/** Only the engine gives `address`, which programs call what we call `requestedAddress`. */
function withoutRequest(olds: Bag, news: Bag): Bag {
  if (news["address"] === undefined || news["address"] !== olds["address"]) return news;
  const { requestedAddress: _, ...others } = news;
  const before = olds["requestedAddress"];
  return before === undefined ? others : { ...others, requestedAddress: before };
}
