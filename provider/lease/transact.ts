import { MacpoolError } from "../error";
import { formatMac, type Mac } from "../mac/mac";
import { allocate, derivedCandidate, isDerived } from "./allocate";
import { type Entitlement, entitlement } from "./held";
import type { AcquireRequest, Labels, Lease, RegisterEvent } from "./lease";
import type { Ledger, LedgerView } from "./ledger";
import { PlannedPools } from "./overlay";
import { ANONYMOUS, isByHand } from "./owner";
import type { Pool } from "./pool";

/** A derived pool below this size is too likely to hold a surprise between preview and update to promise from. */
export const SMALLEST_PREDICTABLE_POOL = 2 ** 24;

/** A lease that was granted, by which rule, and what the user should know about it. */
export interface Grant {
  readonly lease: Lease;
  readonly rule: Entitlement["rule"];
  readonly warning: string | undefined;
}

/**
 * Grants one address inside the ledger's transaction. Nothing is written when it throws.
 *
 * @throws MacpoolError POOL_NOT_FOUND, POOL_EXHAUSTED and those of {@link entitlement}.
 */
export function acquire(request: AcquireRequest, ledger: Ledger): Grant {
  const pool = requirePool(request.pool, ledger);
  const live = liveOf(request, ledger);
  const chosen = entitlement(request, pool, live, ledger) ?? allocate(request, pool, ledger);
  const granted = record(request, chosen, live, ledger);
  if (chosen.rule === "sequence") ledger.setCursor(pool.name, chosen.address + 1);
  return granted;
}

/** Writes the lease of an address that the rules chose for `request`, whose owner has the leases `live` in its pool. */
export function record(request: AcquireRequest, chosen: Entitlement, live: readonly Lease[], ledger: Ledger): Grant {
  const held = chosen.rule === "keep" || chosen.rule === "adopt" ? ledger.at(chosen.address) : undefined;
  const { seq, at } = ledger.append(eventOf(chosen.rule, chosen.address, request));
  const lease: Lease = {
    address: chosen.address,
    pool: request.pool,
    owner: request.owner,
    installation: request.installation,
    rotation: request.rotation,
    slot: slotFor(request, chosen.address, live),
    token: ledger.newToken(),
    seq,
    acquiredAt: held?.acquiredAt ?? at,
    releasedAt: undefined,
    ...labelsOf(request, held),
  };
  ledger.put(lease);
  return { lease, rule: chosen.rule, warning: namesake(lease, live) };
}

function labelsOf({ description, tags, keepsLabels = [] }: AcquireRequest, held: Lease | undefined): Labels {
  if (held === undefined) return { description, tags };
  return {
    description: keepsLabels.includes("description") ? held.description : description,
    tags: keepsLabels.includes("tags") ? held.tags : tags,
  };
}

/**
 * Returns the address that {@link acquire} would grant now, with the pools `planned` in force, and by which rule;
 * undefined when that cannot be promised. Writes nothing.
 *
 * @throws MacpoolError POOL_NOT_FOUND and those of {@link entitlement}.
 */
export function predict(
  request: AcquireRequest,
  register: LedgerView,
  isPromised: (address: Mac) => boolean,
  planned: readonly Pool[] = [],
): Entitlement | undefined {
  const view = new PlannedPools(register, planned);
  const pool = requirePool(request.pool, view);
  const known = entitlement(request, pool, liveOf(request, view), view);
  if (known !== undefined) return known;
  if (!isDerived(request, pool) || pool.size < SMALLEST_PREDICTABLE_POOL) return undefined;
  const address = derivedCandidate(request, pool, view, isPromised);
  return address === undefined ? undefined : { rule: "derive", address };
}

/** Names the lease a caller holds a token for. */
export interface LeaseRef {
  readonly address: Mac;
  readonly token: string;
}

/**
 * Ends the lease if it is live and the token is its own, and starts its quarantine. Returns the released lease, or
 * undefined when there is nothing to release: repeating a release, or releasing what somebody else holds by now, is
 * no error and changes nothing.
 */
export function release(ref: LeaseRef, ledger: Ledger): Lease | undefined {
  const lease = liveByToken(ref, ledger);
  if (lease === undefined) return undefined;
  const { seq, at } = ledger.append(eventOf("release", lease.address, lease));
  const released = { ...lease, slot: 0, seq, releasedAt: at };
  ledger.put(released);
  return released;
}

/** What may change on a live lease without changing its address. */
export interface LeaseChange extends LeaseRef, Labels {
  readonly owner: string;
  readonly installation: string;
}

/** Renames or relabels the lease. Returns it, or undefined when it is not live under that token. */
export function update(change: LeaseChange, ledger: Ledger): Lease | undefined {
  const lease = liveByToken(change, ledger);
  if (lease === undefined) return undefined;
  const { owner, installation, description, tags } = change;
  const request = { ...lease, owner, installation };
  const { seq } = ledger.append(eventOf("update", lease.address, request));
  const changed: Lease = {
    ...request,
    description,
    tags,
    slot: slotFor(request, lease.address, liveOf(request, ledger)),
    seq,
  };
  ledger.put(changed);
  return changed;
}

/**
 * Gives a live lease to another owner, or to the same one anew, and ends its token. Returns the grant, or undefined when
 * the lease is not live under that token.
 */
export function takeOver(change: LeaseChange, ledger: Ledger): Grant | undefined {
  const lease = liveByToken(change, ledger);
  if (lease === undefined) return undefined;
  const { address, owner, installation, description, tags } = change;
  const request = { ...lease, owner, installation, description, tags };
  return record(request, { rule: "adopt", address }, liveOf(request, ledger), ledger);
}

/**
 * Returns the pool called `name`.
 *
 * @throws MacpoolError POOL_NOT_FOUND, listing the pools there are.
 */
export function requirePool(name: string, view: Pick<LedgerView, "pool" | "pools">): Pool {
  const pool = view.pool(name);
  if (pool !== undefined) return pool;
  const known = view.pools().map((other) => other.name);
  throw new MacpoolError(
    "POOL_NOT_FOUND",
    `There is no pool ${JSON.stringify(name.slice(0, 80))}. This register has: ${known.join(", ") || "none"}.`,
    { details: { pool: name.slice(0, 80) } },
  );
}

function eventOf(
  kind: RegisterEvent["kind"],
  address: Mac,
  { pool, owner, installation }: Pick<Lease, "pool" | "owner" | "installation">,
) {
  return { kind, address, pool, owner, installation };
}

function liveByToken(ref: LeaseRef, view: LedgerView): Lease | undefined {
  const lease = view.at(ref.address);
  return lease !== undefined && lease.releasedAt === undefined && lease.token === ref.token ? lease : undefined;
}

type Identity = Pick<Lease, "owner" | "pool" | "installation" | "rotation">;

/**
 * Returns the owner's live leases in the pool, newest first. Nobody in particular holds nothing that anybody could ask for
 * again.
 */
export function liveOf({ owner, pool }: Pick<Identity, "owner" | "pool">, view: LedgerView): readonly Lease[] {
  return owner === ANONYMOUS ? [] : view.live(owner, pool);
}

/**
 * Returns the slot of a live lease: 0, unless another of `live`, the owner's leases in the pool, has that one under the same
 * installation and keepers.
 */
export function slotFor(identity: Identity, address: Mac, live: readonly Lease[]): Mac {
  if (identity.owner === ANONYMOUS) return address;
  const isOccupied = live.some(
    (lease) =>
      lease.address !== address &&
      lease.slot === 0 &&
      lease.installation === identity.installation &&
      lease.rotation === identity.rotation,
  );
  return isOccupied ? address : 0;
}

function namesake(granted: Lease, live: readonly Lease[]): string | undefined {
  const { owner, pool, installation } = granted;
  const other = live.find((lease) => lease.installation !== installation && lease.address !== granted.address);
  if (other === undefined) return undefined;
  const also = `Owner "${owner}" also holds ${formatMac(other.address)} in pool "${pool}" under installation ${other.installation || "none"}`;
  if (isByHand(installation)) return `${also}. It was left alone; ${formatMac(granted.address)} is leased besides.`;
  return `${also}: another stack of the same name, or a lost state. It was left alone; this stack got ${formatMac(granted.address)}. Set adopt to take the other lease over instead.`;
}
