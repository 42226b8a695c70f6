/**
 * Names that a column or a property may have, without case, spaces, `_` and `-`; of several the first in this order counts.
 * Beside the others an `address` is one of IP, as in Kea's lease file.
 */
export const COLUMNS = {
  address: ["mac", "macaddress", "hwaddress", "hwaddr", "hardwareaddress", "address"],
  owner: ["owner", "name", "hostname"],
  pool: ["pool"],
  description: ["description"],
  tags: ["tags"],
} as const;

/** What is read of a row or an object. */
export type Column = keyof typeof COLUMNS;

/** Returns `name` as {@link COLUMNS} spells it. */
export function columnName(name: string): string {
  return name.toLowerCase().replace(/["\s_-]/g, "");
}
