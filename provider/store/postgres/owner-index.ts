/** How many characters of an owner its indexes hold; at most 1,600 bytes. */
const CHARACTERS = 400;

/**
 * Returns the expression by which leases are indexed by owner, for an expression that is an owner. An entry of an index
 * has at most 2,704 bytes, and an owner may have more. Owners are in the order of these beginnings, and then in their own.
 */
export function beginningOf(owner: string): string {
  return `left(${owner}, ${CHARACTERS})`;
}

/** Returns the condition that `column` is the owner `owner`, which is found by index. */
export function isOwner(column: string, owner: string): string {
  return `${beginningOf(column)} = ${beginningOf(owner)} and ${column} = ${owner}`;
}
