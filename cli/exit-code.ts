import { type ErrorCode, MacpoolError } from "../provider/error";

/** Wrong usage. */
export const USAGE = 2;
const REFUSED = 1;
const UNUSABLE = 3;

/** Says that a command has done and reported what it could, and that something is left: exit code 1, and no more words. */
export class Failed extends Error {}

/** Says the same of a register that is missing or unsound: exit code 3. */
export class Unsound extends Failed {}

const CODES: Readonly<Record<ErrorCode, number>> = {
  INVALID_MAC: USAGE,
  INVALID_RANGE: USAGE,
  INVALID_POOL: USAGE,
  INVALID_OWNER: USAGE,
  INVALID_CONFIG: USAGE,
  INVALID_FILE: USAGE,
  POOL_NOT_FOUND: REFUSED,
  POOL_CONFLICT: REFUSED,
  POOL_EXHAUSTED: REFUSED,
  RESERVATION_CONFLICT: REFUSED,
  ADDRESS_TAKEN: REFUSED,
  ADDRESS_RESERVED: REFUSED,
  ADDRESS_QUARANTINED: REFUSED,
  ADDRESS_OUTSIDE_POOL: REFUSED,
  LEASE_NOT_FOUND: REFUSED,
  OWNER_AMBIGUOUS: REFUSED,
  RESERVATION_NOT_FOUND: REFUSED,
  REGISTER_EXISTS: REFUSED,
  REGISTER_MISSING: UNUSABLE,
  REGISTER_UNUSABLE: UNUSABLE,
  REGISTER_FOREIGN: UNUSABLE,
  REGISTER_CORRUPT: UNUSABLE,
  REGISTER_TOO_NEW: UNUSABLE,
  REGISTER_MISMATCH: UNUSABLE,
  REGISTER_ROLLED_BACK: UNUSABLE,
  REGISTER_FULL: UNUSABLE,
  REGISTER_BUSY: UNUSABLE,
  REGISTER_UNREACHABLE: UNUSABLE,
  NATIVE_MODULE: UNUSABLE,
  INTERNAL: UNUSABLE,
};

/** Returns the exit code for what went wrong: 1 refused, 2 wrong usage, 3 register unusable or a fault of ours. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Unsound) return UNUSABLE;
  if (error instanceof Failed) return REFUSED;
  return MacpoolError.is(error) ? CODES[error.code] : UNUSABLE;
}
