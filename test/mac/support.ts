import fc from "fast-check";
import { MacpoolError } from "../../provider/error";
import { highestMac, type Mac } from "../../provider/mac/mac";
import type { Range } from "../../provider/mac/range";

/** Returns the error that `act` throws; fails when it throws none, or one that is not ours. */
export function faultOf(act: () => unknown): MacpoolError {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    if (MacpoolError.is(error)) return error;
    throw error;
  }
  throw new Error(`expected an error, got ${JSON.stringify(result)}`);
}

/** Returns the code of the error that `act` throws. */
export function codeOf(act: () => unknown): string {
  return faultOf(act).code;
}

/** Any 48-bit address, bounds and the corners of 32-bit arithmetic included. */
export const anyMac: fc.Arbitrary<Mac> = fc.oneof(
  fc.integer({ min: 0, max: highestMac }),
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 47, highestMac - 1, highestMac),
);

/** Any range of 48-bit addresses that runs forwards. */
export const anyRange: fc.Arbitrary<Range> = fc
  .tuple(anyMac, anyMac)
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

/** Ranges inside 0..31 that may touch and overlap: small enough to be checked address by address. */
export const smallRanges: fc.Arbitrary<readonly Range[]> = fc.array(
  fc.tuple(fc.nat(31), fc.nat(7)).map(([start, more]) => ({ start, end: Math.min(31, start + more) })),
  { maxLength: 8 },
);

/** Returns every address of small `ranges` in the order in which they stand. */
export function addressesOf(ranges: readonly Range[]): readonly Mac[] {
  return ranges.flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, index) => start + index));
}

/** Returns the six octets of `mac`, worked out with big integers. */
export function octetsOf(mac: Mac): readonly number[] {
  return [40n, 32n, 24n, 16n, 8n, 0n].map((shift) => Number((BigInt(mac) >> shift) & 0xffn));
}

/** Returns whether the I/G bit is set. */
export function isGroupAddress(mac: Mac): boolean {
  return (octetsOf(mac)[0] ?? Number.NaN) % 2 === 1;
}
