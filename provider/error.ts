/** Every code a {@link MacpoolError} can carry. Codes are stable: scripts and tests match them, never the prose. */
export type ErrorCode =
  | "INVALID_MAC"
  | "INVALID_RANGE"
  | "INVALID_POOL"
  | "INVALID_OWNER"
  | "INVALID_CONFIG"
  | "POOL_NOT_FOUND"
  | "POOL_CONFLICT"
  | "POOL_EXHAUSTED"
  | "RESERVATION_CONFLICT"
  | "ADDRESS_TAKEN"
  | "ADDRESS_RESERVED"
  | "ADDRESS_QUARANTINED"
  | "ADDRESS_OUTSIDE_POOL"
  | "LEASE_NOT_FOUND"
  | "OWNER_AMBIGUOUS"
  | "RESERVATION_NOT_FOUND"
  | "REGISTER_MISSING"
  | "REGISTER_EXISTS"
  | "REGISTER_UNUSABLE"
  | "REGISTER_FOREIGN"
  | "REGISTER_CORRUPT"
  | "REGISTER_TOO_NEW"
  | "REGISTER_MISMATCH"
  | "REGISTER_ROLLED_BACK"
  | "REGISTER_FULL"
  | "REGISTER_BUSY"
  | "REGISTER_UNREACHABLE"
  | "NATIVE_MODULE"
  | "INVALID_FILE"
  | "INTERNAL";

const brand = Symbol.for("pulumi-macpool/error");

/** What {@link MacpoolError} can carry beside its code and message. */
export interface ErrorOptions {
  readonly cause?: unknown;
  /** Machine-readable facts, printed by `--json`. Never a secret. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/**
 * The one error of this package. The message alone must serve the user: what happened, to which pool or address, what to
 * do. It has no `id` property: Pulumi's dynamic provider host would take an error with one for a half-created resource
 * (`grpcResponseFromError` in pulumi/pulumi, sdk/nodejs/cmd/dynamic-provider/index.ts).
 */
export class MacpoolError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number>>;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MacpoolError";
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Returns whether `value` is one of our errors, also when it comes from a second copy of this package. */
  static is(value: unknown): value is MacpoolError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
