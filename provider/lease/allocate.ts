import { MacpoolError } from "../error";
import type { Mac } from "../mac/mac";
import { ATTEMPTS, derive } from "./derive";
import { dateText, type Entitlement, isAllocatable, quarantineEnd } from "./held";
import type { AcquireRequest } from "./lease";
import type { LedgerView } from "./ledger";
import { ANONYMOUS } from "./owner";
import type { Pool } from "./pool";

/**
 * Returns a new address of `pool` for `request`: a derived candidate of the owner, else the next of the sequence, in the
 * pool's order, else the longest-released one whose quarantine is over.
 *
 * @throws MacpoolError POOL_EXHAUSTED with the pool's counts and when the next address becomes free.
 */
export function allocate(request: AcquireRequest, pool: Pool, view: LedgerView): Entitlement {
  const derived = isDerived(request, pool) ? derivedCandidate(request, pool, view) : undefined;
  if (derived !== undefined) return { rule: "derive", address: derived };
  const next = (pool.order === "relaxed" ? view.nextRelaxed?.(pool) : undefined) ?? view.nextUnissued(pool);
  if (next !== undefined) return { rule: "sequence", address: next };
  for (const lease of view.longestReleased(pool.name)) {
    if (quarantineEnd(lease, pool) > view.now) break;
    if (isAllocatable(lease.address, pool, view)) return { rule: "reuse", address: lease.address };
  }
  throw exhausted(pool, view);
}

/** Returns whether the owner's name chooses the address. */
export function isDerived(request: AcquireRequest, pool: Pool): boolean {
  return pool.strategy === "derived" && request.owner !== ANONYMOUS && request.sequential !== true;
}

/**
 * Returns the first derived candidate of the owner that is free, `request.preferred` before the others if it is one of
 * them; undefined when none is.
 */
export function derivedCandidate(
  request: AcquireRequest,
  pool: Pool,
  view: LedgerView,
  isPromised: (address: Mac) => boolean = () => false,
): Mac | undefined {
  let first: Mac | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const address = derive(pool, request.owner, attempt);
    if (isPromised(address) || !isFree(address, request.owner, pool, view)) continue;
    if (request.preferred === undefined || request.preferred === address) return address;
    first ??= address;
  }
  return first;
}

function isFree(address: Mac, owner: string, pool: Pool, view: LedgerView): boolean {
  if (!isAllocatable(address, pool, view)) return false;
  const lease = view.at(address);
  if (lease === undefined) return true;
  // The owner's own released address under this name is what changed keepers ask to get away from; the one under the
  // same keepers would have been reclaimed before.
  return lease.owner !== owner && quarantineEnd(lease, pool) <= view.now;
}

function exhausted(pool: Pool, view: LedgerView): MacpoolError {
  const usage = view.usage(pool);
  const next =
    usage.nextFreeAt === undefined
      ? "No address becomes free by itself."
      : `The next becomes free at ${dateText(usage.nextFreeAt)}.`;
  return new MacpoolError(
    "POOL_EXHAUSTED",
    `Pool "${pool.name}" has no address left: ${usage.size} in all, ${usage.live} live, ${usage.quarantined} in quarantine, ${usage.reserved} reserved. ${next} Release leases, add a range, or use another pool.`,
    {
      details: {
        pool: pool.name,
        size: usage.size,
        live: usage.live,
        quarantined: usage.quarantined,
        reserved: usage.reserved,
        ...(usage.nextFreeAt === undefined ? {} : { nextFreeAt: dateText(usage.nextFreeAt) }),
      },
    },
  );
}
