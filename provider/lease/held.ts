import { MacpoolError } from "../error";
import { classify } from "../mac/classify";
import { formatMac, type Mac } from "../mac/mac";
import { contains, formatRange } from "../mac/range";
import { shellWord } from "../shell-word";
import type { AcquireRequest, Lease, Rule } from "./lease";
import type { LedgerView } from "./ledger";
import { ANONYMOUS, isByHand } from "./owner";
import { type Pool, reservationText } from "./pool";

/** The address an owner is entitled to, and by which rule. */
export interface Entitlement {
  readonly rule: Rule;
  readonly address: Mac;
}

/**
 * Returns the address that `request` must get because the owner has it, had it or names it; undefined when a new one
 * is to be allocated. First match wins: requested address, own live lease, adopted lease, own released lease. The request
 * comes first because a replacement asks for another address while the first lives; what the owner holds already is kept. `live` are
 * the owner's live leases in the pool, under every installation, newest first.
 *
 * @throws MacpoolError ADDRESS_OUTSIDE_POOL, ADDRESS_RESERVED, ADDRESS_TAKEN or ADDRESS_QUARANTINED when the requested
 * address cannot be had.
 */
export function entitlement(
  request: AcquireRequest,
  pool: Pool,
  live: readonly Lease[],
  view: LedgerView,
): Entitlement | undefined {
  const { requestedAddress, heldAs } = request;
  if (requestedAddress !== undefined) return claim({ ...request, ...heldAs }, requestedAddress, pool, view);
  if (request.owner === ANONYMOUS) return undefined;
  const own = ownLease(request, live);
  if (own !== undefined) return { rule: "keep", address: own.address };
  const foreign = live.find((lease) => lease.installation !== request.installation);
  if (request.adopt === true && foreign !== undefined) return { rule: "adopt", address: foreign.address };
  const before = view
    .released(request.owner, pool.name)
    .find((lease) => lease.rotation === request.rotation && isAllocatable(lease.address, pool, view));
  return before === undefined ? undefined : { rule: "reclaim", address: before.address };
}

/** Returns whether the pool may hand out `address` at all, whoever has it now. */
export function isAllocatable(address: Mac, pool: Pool, view: LedgerView): boolean {
  return contains(pool.ranges, address) && view.reservationAt(address) === undefined;
}

/** Returns when the quarantine of a released lease ends, in milliseconds since 1970. */
export function quarantineEnd(lease: Lease, pool: Pool): number {
  return (lease.releasedAt ?? Number.POSITIVE_INFINITY) + pool.quarantineSeconds * 1000;
}

/** Returns which of `live`, the owner's leases as {@link entitlement} takes them, `request` keeps. */
export function ownLease(request: AcquireRequest, live: readonly Lease[]): Lease | undefined {
  const own = live.filter(
    (lease) =>
      lease.pool === request.pool && lease.installation === request.installation && lease.rotation === request.rotation,
  );
  // In the middle of two names being swapped, both leases carry one name; what the state says tells them apart.
  return own.find((lease) => lease.address === request.preferred) ?? own.find((lease) => lease.slot === 0) ?? own[0];
}

function claim(request: AcquireRequest, address: Mac, pool: Pool, view: LedgerView): Entitlement {
  const lease = view.at(address);
  // The same declaration asks again: a retry after a crash, or a replacement that keeps its address.
  if (lease?.releasedAt === undefined && lease !== undefined && isSameDeclaration(lease, request)) {
    return { rule: "keep", address };
  }
  assertClaimable(address, pool, view);
  if (lease === undefined) return { rule: "claim", address };
  if (lease.releasedAt === undefined) return takeOver(request, lease);
  const isOwn = lease.owner === request.owner && request.owner !== ANONYMOUS;
  if (!isOwn && view.now < quarantineEnd(lease, pool)) throw quarantined(lease, pool);
  return { rule: isOwn ? "reclaim" : "claim", address };
}

function isSameDeclaration(lease: Lease, request: AcquireRequest): boolean {
  return (
    request.owner !== ANONYMOUS &&
    lease.pool === request.pool &&
    lease.owner === request.owner &&
    lease.installation === request.installation
  );
}

function takeOver(request: AcquireRequest, lease: Lease): Entitlement {
  const isOurs = lease.owner === request.owner && request.owner !== ANONYMOUS;
  const isFromHand = isByHand(lease.installation) && request.owner !== ANONYMOUS;
  if ((isOurs || isFromHand) && request.adopt === true) return { rule: "adopt", address: lease.address };
  throw new MacpoolError(
    "ADDRESS_TAKEN",
    `${formatMac(lease.address)} is taken: pool "${lease.pool}" leased it to ${ownerText(lease.owner)} (installation ${lease.installation || "none"}) on ${dateText(lease.acquiredAt)}. ${remedyFor(request, lease)}`,
    { details: { address: formatMac(lease.address), holder: lease.owner, installation: lease.installation } },
  );
}

function remedyFor({ owner, installation }: AcquireRequest, lease: Lease): string {
  const isAskedByHand = isByHand(installation);
  if (isByHand(lease.installation)) {
    return isAskedByHand
      ? `To give it to another owner, or to one anew: macpool adopt ${formatMac(lease.address)} --owner ${owner === ANONYMOUS ? "OWNER" : shellWord(owner)}`
      : "It was given by hand: set adopt, with this address, to bring it under this program.";
  }
  return !isAskedByHand && lease.owner === owner && owner !== ANONYMOUS
    ? "It is the same owner in another installation (another backend, or state that was lost): set adopt to take it over."
    : "Choose another address, or release that one first.";
}

function assertClaimable(address: Mac, pool: Pool, view: LedgerView): void {
  const text = formatMac(address);
  const verdict = classify(address, { universal: pool.universal });
  if (verdict.claim === "refuse") {
    throw new MacpoolError("INVALID_MAC", `${text} cannot be given to a NIC: ${verdict.note}`, {
      details: { address: text },
    });
  }
  if (!contains(pool.ranges, address)) {
    const home = view.pools().find((other) => contains(other.ranges, address));
    throw new MacpoolError(
      "ADDRESS_OUTSIDE_POOL",
      `${text} is not in pool "${pool.name}" (${pool.ranges.map(formatRange).join(", ")}). ${
        home === undefined ? "No pool of this register holds it." : `It belongs to pool "${home.name}": set pool.`
      }`,
      { details: { address: text, pool: pool.name } },
    );
  }
  const reserved = view.reservationAt(address);
  if (reserved !== undefined) {
    throw new MacpoolError(
      "ADDRESS_RESERVED",
      `${text} is never given out, for it lies in what is reserved: ${reservationText(reserved)}. Choose another address.`,
      { details: { address: text, pool: pool.name } },
    );
  }
}

function quarantined(lease: Lease, pool: Pool): MacpoolError {
  const until = dateText(quarantineEnd(lease, pool));
  return new MacpoolError(
    "ADDRESS_QUARANTINED",
    `${formatMac(lease.address)} was released by ${ownerText(lease.owner)} and stays in quarantine until ${until}: pool "${pool.name}" gives it to nobody else before. Wait, or choose another address.`,
    { details: { address: formatMac(lease.address), holder: lease.owner, until } },
  );
}

/** Returns `owner` as words in an error message. */
export function ownerText(owner: string): string {
  return owner === ANONYMOUS ? "an anonymous owner" : `"${owner}"`;
}

/** Returns a time in milliseconds since 1970 as ISO 8601 in UTC, to the second. */
export function dateText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
