import { MacpoolError } from "../error";
import { assertPoolRanges } from "../mac/classify";
import { formatRange, normalizeRanges, parsePrefix, type Range, rangesSize } from "../mac/range";

/** How a pool chooses an address for an owner: see {@link ../lease/allocate}. */
export type Strategy = "derived" | "sequential";

/**
 * How addresses of a sequence follow each other: strictly, or with gaps that are filled later, so that those who ask at
 * the same time need not wait for each other. Registers in a file are always strict.
 */
export type Order = "strict" | "relaxed";

/** A pool as an operator writes it; everything but name and ranges has a default. */
export interface PoolSpec {
  readonly name: string;
  readonly ranges: readonly Range[];
  /** Default `derived`. */
  readonly strategy?: Strategy | undefined;
  /** Default `strict`. */
  readonly order?: Order | undefined;
  /** Time a released address is kept from other owners, in seconds. Default 86 400 (24 h). */
  readonly quarantineSeconds?: number | undefined;
  /** Whether the ranges are an owned OUI, that is universally administered. Default false. */
  readonly universal?: boolean | undefined;
  readonly description?: string | undefined;
}

/** The declaration, in a program, that manages a pool or a reservation. */
export interface Manager {
  readonly owner: string;
  readonly installation: string;
  /**
   * What it was granted under, new with every creation. Undefined where a version made it that had none, or in what
   * speaks of the declaration alone.
   */
  readonly token?: string | undefined;
}

/** A pool in force: ranges ascending, disjoint and allowed. */
export interface Pool {
  readonly name: string;
  readonly ranges: readonly Range[];
  readonly strategy: Strategy;
  readonly order: Order;
  readonly quarantineSeconds: number;
  readonly universal: boolean;
  readonly description: string;
  /** Number of addresses in `ranges`. */
  readonly size: number;
  /** Undefined when no code manages the pool: it was made by `init` or by hand. */
  readonly managedBy: Manager | undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const DAY_SECONDS = 86_400;
const MAX_QUARANTINE_SECONDS = 100 * 366 * DAY_SECONDS;

/**
 * Returns the pool that `spec` describes, with defaults filled in and ranges in ascending order.
 *
 * @throws MacpoolError INVALID_POOL for a bad name or quarantine; INVALID_RANGE for ranges that are empty, inverted,
 * overlapping, or that hold an address which is not unicast or, unless `universal`, not locally administered.
 */
export function definePool(spec: PoolSpec, managedBy?: Manager): Pool {
  const quarantineSeconds = spec.quarantineSeconds ?? DAY_SECONDS;
  if (!NAME.test(spec.name)) {
    throw new MacpoolError(
      "INVALID_POOL",
      `Pool name ${JSON.stringify(spec.name.slice(0, 80))} is not allowed: use 1 to 63 letters, digits, ".", "_" or "-", starting with a letter or digit.`,
    );
  }
  if (!Number.isInteger(quarantineSeconds) || quarantineSeconds < 0 || quarantineSeconds > MAX_QUARANTINE_SECONDS) {
    throw new MacpoolError(
      "INVALID_POOL",
      `Pool "${spec.name}": quarantine must be a whole number of seconds from 0 to 100 years, not ${quarantineSeconds}.`,
    );
  }
  const universal = spec.universal ?? false;
  const ranges = normalizeRanges(spec.ranges);
  assertPoolRanges(ranges, universal);
  return {
    name: spec.name,
    ranges,
    strategy: spec.strategy ?? "derived",
    order: spec.order ?? "strict",
    quarantineSeconds,
    universal,
    description: spec.description ?? "",
    size: rangesSize(ranges),
    managedBy,
  };
}

/** A range that no pool hands out, and why. */
export interface Reservation extends Range {
  readonly reason: string;
  /** Undefined when no code manages the reservation. */
  readonly managedBy?: Manager | undefined;
}

/** Returns a reservation as words in a message: its range, and its reason where it has one. */
export function reservationText(reservation: Reservation): string {
  const { reason } = reservation;
  return reason === "" ? formatRange(reservation) : `${formatRange(reservation)} (${reason})`;
}

/** Returns whether two declarations are one, or both are none; under which token does not matter. */
export function isSameManager(one: Manager | undefined, other: Manager | undefined): boolean {
  return one?.owner === other?.owner && one?.installation === other?.installation;
}

/** Returns a manager as it may be shown: who sees the token could end what it manages. */
export function withoutToken(manager: Manager | undefined): Omit<Manager, "token"> | undefined {
  return manager === undefined ? undefined : { owner: manager.owner, installation: manager.installation };
}

/**
 * Returns whether what is managed by `managedBy` was granted to `by`, and not anew since. The token decides, also where the
 * answer to a rename was lost; the declaration, where the register knows no token. A state without one knows nothing of
 * what was granted under one.
 */
export function isGrantedTo(managedBy: Manager | undefined, by: Manager): boolean {
  if (managedBy === undefined) return false;
  return managedBy.token === undefined ? isSameManager(managedBy, by) : managedBy.token === by.token;
}

/** The name of the pool that every new register has, and that a preview without a register takes as given. */
export const DEFAULT_POOL = "default";

/** Returns the pool `default` of a new register: every address under `prefix`, derived. */
export function defaultPool(prefix = "42"): Pool {
  return definePool({ name: DEFAULT_POOL, ranges: [parsePrefix(prefix)] });
}

/** Reserved in every new register: Google Cloud builds instance addresses as 42:01 plus the IPv4 address. */
export const DEFAULT_RESERVATIONS: readonly Reservation[] = [
  { ...parsePrefix("42:01"), reason: "Google Cloud instance addresses" },
];
