import { createHash } from "node:crypto";

/** Addresses one after another, in milliseconds of quarantine. */
export interface ModelPool {
  readonly first: number;
  readonly size: number;
  readonly isDerived: boolean;
  readonly quarantine: number;
}

/** Returns every address of the pool, ascending. */
export function addressesOf({ first, size }: ModelPool): readonly number[] {
  return Array.from({ length: size }, (_, index) => first + index);
}

/** Returns the addresses that an owner's name stands for, best first: SHA-256 of "macpool/derive/1", pool, owner and attempt. */
export function candidates(name: string, { first, size }: ModelPool, owner: string): readonly number[] {
  return Array.from({ length: 16 }, (_, attempt) => {
    const digest = createHash("sha256").update(`macpool/derive/1\n${name}\n${owner}\n${attempt}`).digest("hex");
    return first + Number(BigInt(`0x${digest.slice(0, 16)}`) % BigInt(size));
  });
}
