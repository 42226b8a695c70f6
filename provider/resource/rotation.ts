import { isChanged } from "./diff";
import type { Bag } from "./schema";

/**
 * Returns new inputs with the old digest of the keepers where the keepers are the old ones. The SDK sends the digest of
 * what the program says, and `ignoreChanges: ["keepers"]` puts back the old keepers but not their digest.
 */
export function withRotationInForce(olds: Bag, news: Bag): Bag {
  const isKept = olds["rotation"] !== undefined && olds["keepers"] !== undefined && !isChanged(["keepers"], olds, news);
  return isKept ? { ...news, rotation: olds["rotation"] } : news;
}
