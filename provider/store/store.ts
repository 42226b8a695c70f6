import type { PoolChange } from "../lease/administer";
import type { BlockRequest } from "../lease/block";
import type { Entitlement } from "../lease/held";
import type { AcquireRequest, Lease, PoolUsage, RegisterEvent } from "../lease/lease";
import type { Manager, Pool, PoolSpec, Reservation } from "../lease/pool";
import type { Recovery, StatedLease } from "../lease/recover";
import type { Grant, LeaseChange, LeaseRef } from "../lease/transact";
import type { Mac } from "../mac/mac";
import type { Range } from "../mac/range";
import type { RegisterRecord } from "./record";

/** Time, randomness and identity of the writer: parameters, so that tests can choose them. */
export interface StoreContext {
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A text that nobody can guess and that never comes twice. */
  readonly newToken: () => string;
  /** `user@host`, or the CI job; recorded with every event. */
  readonly actor: string;
  /** Told what the user should know while something goes on, such as a lock that is held for long. */
  readonly warn: (message: string) => void;
  /** The password of the register, where it has one and its URL does not carry it. */
  readonly storePassword?: string | undefined;
}

/** What a new register holds. */
export interface InitialContent {
  readonly storeId: string;
  readonly pools: readonly PoolSpec[];
  readonly reservations: readonly Reservation[];
  /** The change counter starts above this; default 0. For a register that is made anew for stacks that know a later change. */
  readonly seqAbove?: number | undefined;
}

/** What one of several requests came to: its value, or its own error while the others went on. */
export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

/** Which leases {@link LeaseStore.list} returns; without a field, that field does not matter. */
export interface LeaseFilter {
  readonly pool?: string | undefined;
  /** Exact owner. */
  readonly owner?: string | undefined;
  /** Owners that begin with this text. */
  readonly ownerPrefix?: string | undefined;
  readonly state?: "live" | "released" | undefined;
}

/** Which events {@link LeaseStore.history} returns. */
export interface EventFilter {
  /** What happened to leases of this address. Reserving a range that begins with it is not among that. */
  readonly address?: Mac | undefined;
  readonly owner?: string | undefined;
}

/** What identifies a register and how far it has come. */
export interface RegisterIdentity {
  /** A UUID given at `init`; a copy of the register has the same one. */
  readonly storeId: string;
  /** The change counter; it never goes back, unless an older copy was put in the register's place. */
  readonly seq: number;
}

/** How the caller follows work on a whole register, and ends it early. */
export interface Following {
  /** Aborting it makes the work undo what it did, and fail with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far the work has come, in `unit`s such as "pages copied". */
  readonly progress?: ((done: number, total: number, unit: string) => void) | undefined;
}

/** What a verification found. */
export interface Verification {
  /** One sentence a fault; empty when the register is sound. */
  readonly faults: readonly string[];
  /** Set when each of them says itself what mends it; otherwise a backup does. */
  readonly isMendable?: boolean;
  readonly leases: number;
}

/**
 * A register. Every verb is one atomic step: it happens wholly and durably before its promise resolves, or not at all.
 * Verbs of any number of stores on one register may run at the same time.
 *
 * Every store behaves alike: each sentence here has a case in test/store/contract.ts.
 */
export interface LeaseStore {
  /** Where the register is, for messages; without any password. */
  readonly location: string;

  /** Returns the register's id and its present change counter. */
  identity(): Promise<RegisterIdentity>;

  /**
   * Adds a pool, managed by `by` if given, under its token, and returns it. A name that was deleted comes back: its owners get their
   * released addresses again, and quarantine holds. A pool that `by` manages already (a retry after a crash), or any
   * with `adopt`, becomes what `spec` says, defaults included, and `by` manages it.
   *
   * @throws MacpoolError POOL_CONFLICT when the name exists otherwise, a range overlaps another pool, or a lease of the
   * existing pool would lie outside; those of `definePool`.
   */
  createPool(spec: PoolSpec, by?: Manager, adopt?: boolean): Promise<Pool>;

  /**
   * Returns what {@link createPool} would return now, with the pools `planned` in force besides. A pool of another name
   * that `by` manages counts as deleted. Never writes.
   *
   * @throws MacpoolError as `createPool`.
   */
  predictPool(spec: PoolSpec, by?: Manager, adopt?: boolean, planned?: readonly Pool[]): Promise<Pool>;

  /**
   * Changes a pool and returns it; fields left out stay, and `addRanges` come to the ranges it has. Its own leases stay what they are. With `by`, that declaration
   * manages it from now on, under its token; otherwise its manager stays.
   *
   * @throws MacpoolError POOL_NOT_FOUND; POOL_CONFLICT when a range overlaps another pool or leaves a lease outside.
   */
  updatePool(name: string, change: PoolChange, by?: Manager): Promise<Pool>;

  /**
   * Deletes a pool and returns true; returns false when there is none or, with `by`, when it is managed under another token
   * than `by`'s or, where the register knows none, by another declaration. Its released leases stay for the day when a pool of that name is
   * created again.
   *
   * @throws MacpoolError POOL_CONFLICT while it has live leases, with their number and one of them.
   */
  deletePool(name: string, by?: Manager): Promise<boolean>;

  /** Returns every pool, by name. */
  pools(): Promise<readonly Pool[]>;

  /**
   * Grants one address a request, in the order given, and returns an outcome for each, in that order. The rules are
   * those of `transact.ts`. A request that fails writes nothing and does not disturb the others.
   */
  acquire(requests: readonly AcquireRequest[]): Promise<readonly Settled<Grant>[]>;

  /**
   * Returns the address {@link acquire} would grant now and by which rule, or undefined when that cannot be promised;
   * `isPromised` names addresses that were already promised to somebody else, `planned` the pools that will be in force
   * by then, in place of those of the same names. Never writes.
   *
   * @throws MacpoolError as the failing outcome of `acquire` would hold, except POOL_EXHAUSTED.
   */
  predict(
    request: AcquireRequest,
    isPromised?: (address: Mac) => boolean,
    planned?: readonly Pool[],
  ): Promise<Entitlement | undefined>;

  /**
   * Grants all addresses of a block, in order of index, or fails and writes nothing. The rules are those of `block.ts`:
   * what the block holds stays, also under its token, and what lies beyond its count is released in the same step.
   *
   * @throws MacpoolError POOL_NOT_FOUND, POOL_EXHAUSTED, or the ADDRESS_ code about an address that it must have.
   */
  acquireBlock(request: BlockRequest): Promise<readonly Grant[]>;

  /**
   * Returns, by index, what {@link acquireBlock} would grant now, and undefined where that cannot be promised;
   * `isPromised` names addresses that were already promised to another owner, `planned` is as in {@link predict}. Never
   * writes.
   *
   * @throws MacpoolError as `acquireBlock` would fail, except POOL_EXHAUSTED.
   */
  predictBlock(
    request: BlockRequest,
    isPromised?: (address: Mac, owner: string) => boolean,
    planned?: readonly Pool[],
  ): Promise<readonly (Entitlement | undefined)[]>;

  /**
   * Ends each lease that is live under its token and starts its quarantine; returns the released lease, or undefined
   * where there was nothing to release, which is no error.
   */
  release(refs: readonly LeaseRef[]): Promise<readonly (Lease | undefined)[]>;

  /** Renames or relabels a live lease; returns it, or undefined when it is not live under that token. */
  update(change: LeaseChange): Promise<Lease | undefined>;

  /**
   * Gives a live lease to another owner, or to the same one anew: the address stays, the token ends. Returns the grant, or
   * undefined when it is not live under that token.
   */
  takeOver(change: LeaseChange): Promise<Grant | undefined>;

  /** Returns the lease of an address, live or released, or undefined when nobody ever had it. */
  find(address: Mac): Promise<Lease | undefined>;

  /**
   * Yields the leases that match, without holding all of them in memory: by address; with `owner` or `ownerPrefix` by
   * owner, in the order of UTF-8 bytes, the live ones of an owner before its released ones, and those by address. A lease
   * that others change meanwhile is listed by address as it was or as it is; by owner it may also come twice, or not at
   * all.
   */
  list(filter?: LeaseFilter): AsyncIterable<Lease>;

  /**
   * Keeps a range from ever being handed out, managed by `by` if given, under its token. Live leases in it stay. Repeating
   * it changes nothing, but for the reason and the token that the reservation's own manager gives; with `adopt`, `by`
   * becomes the manager of what somebody else reserved.
   *
   * @throws MacpoolError INVALID_RANGE when start is after end; RESERVATION_CONFLICT when `by` is given and the same
   * range is reserved by anybody else, or in every register.
   */
  reserve(reservation: Reservation, by?: Manager, adopt?: boolean): Promise<void>;

  /**
   * Returns how many live leases lie in the range, if {@link reserve} would take it now. Never writes.
   *
   * @throws MacpoolError as `reserve`.
   */
  predictReservation(reservation: Reservation, by?: Manager, adopt?: boolean): Promise<number>;

  /**
   * Ends a reservation, whose addresses become allocatable; returns whether there was one with exactly these ends and,
   * with `by`, managed under `by`'s token or, where the register knows none, by that declaration.
   */
  unreserve(range: Range, by?: Manager): Promise<boolean>;

  /** Returns every reservation of this register, ascending. */
  reserved(): Promise<readonly Reservation[]>;

  /**
   * Yields the events that match, oldest first. For one address that takes as long as the address's own history, however
   * long the register's is.
   */
  history(filter?: EventFilter): AsyncIterable<RegisterEvent>;

  /** Returns the event with the number `seq`, or undefined when the register has not come so far. */
  event(seq: number): Promise<RegisterEvent | undefined>;

  /**
   * Returns how full a pool is.
   *
   * @throws MacpoolError POOL_NOT_FOUND.
   */
  stats(pool: string): Promise<PoolUsage>;

  /**
   * Yields everything the register holds, deleted pools and tokens included, as it is at one moment: when the first record
   * is asked for. Others may write meanwhile.
   */
  dump(): AsyncIterable<RegisterRecord>;

  /**
   * Checks the whole register and returns what is wrong with it; changes nothing. Others have their turn between one
   * question and the next. Once a fault was found, this store writes nothing: every verb that would fails with
   * REGISTER_CORRUPT.
   */
  verify(following?: Following): Promise<Verification>;

  /**
   * Puts leases back that the states of stacks name and the register has lost, all in one step, and returns what each
   * comes to, in the order given; with `apply` false it only says so, for the day when the pools `planned` are in force,
   * and writes nothing. The rules are those of `recover.ts`. Repeating it writes nothing.
   */
  recover(stated: readonly StatedLease[], apply: boolean, planned?: readonly Pool[]): Promise<readonly Recovery[]>;

  /** Waits for what is under way and lets go of the register. Closing twice is no error. */
  close(): Promise<void>;
}
