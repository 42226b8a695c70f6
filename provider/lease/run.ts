import { MacpoolError } from "../error";
import { formatMac, type Mac } from "../mac/mac";
import { contains } from "../mac/range";
import { isDerived } from "./allocate";
import { ATTEMPTS, derive } from "./derive";
import { dateText, type Entitlement, isAllocatable, quarantineEnd } from "./held";
import type { AcquireRequest, Lease, Rule } from "./lease";
import type { LedgerView } from "./ledger";
import { type Pool, reservationText } from "./pool";

/** What is known of a contiguous block when its addresses are chosen. */
export interface RunRequest {
  /** The block's owner, which the start of a new run is derived from. */
  readonly owner: string;
  /** One request an index. */
  readonly members: readonly AcquireRequest[];
  readonly pool: Pool;
  readonly view: LedgerView;
}

/** Consecutive addresses by index, with the rule by which each was found. */
export type Run = readonly Entitlement[];

/**
 * Returns the run that the block has, would adopt or had, grown at its end as far as needed; undefined when it needs a
 * new one: it has none, its addresses are not consecutive, or what it had was given away since.
 *
 * @throws MacpoolError as {@link grownRun}, when the block holds a run that cannot grow.
 */
export function ownRun(request: RunRequest): Run | undefined {
  const { members, pool, view } = request;
  const live = members.map((member) => view.live(member.owner, pool.name));
  const kept = members.map((member, index) => addresses(live[index] ?? [], isOwn(member), member.preferred));
  if (isAny(kept[0])) return heldRun(kept, "keep", request);
  const adopted = members.map((member, index) => addresses(live[index] ?? [], isAdopted(member)));
  if (isAny(adopted[0])) return heldRun(adopted, "adopt", request);
  const had = longest(
    members.map((member) => addresses(view.released(member.owner, pool.name), isReclaimable(member, request))),
  );
  return had.length === 0 || !isGrowable(had, request) ? undefined : runOf(had, "reclaim", request);
}

function heldRun(choices: readonly (readonly Mac[])[], rule: Rule, request: RunRequest): Run | undefined {
  const stretch = longest(choices);
  const isScattered = choices.slice(stretch.length).some(isAny);
  return isScattered && !isGrowable(stretch, request) ? undefined : runOf(stretch, rule, request);
}

function isAny(addresses: readonly Mac[] = []): boolean {
  return addresses.length > 0;
}

/**
 * Returns what the members from `length` on get in a block whose first `length` addresses begin at `start`.
 *
 * @throws MacpoolError ADDRESS_OUTSIDE_POOL, ADDRESS_RESERVED, ADDRESS_TAKEN or ADDRESS_QUARANTINED naming the first
 * address that cannot be had.
 */
export function grownRun(start: Mac, length: number, request: RunRequest): Run {
  return request.members.slice(length).map((member, index) => {
    const address = start + length + index;
    const rule = growthRule(address, member, request);
    if (rule === undefined) throw cannotGrow(address, length, request);
    return { rule, address };
  });
}

/** Returns the first derived run of the block's owner that is free: `preferred` before the others if it is one of them. */
export function derivedRun(request: RunRequest, isPromised: (address: Mac, owner: string) => boolean): Run | undefined {
  const { owner, members, pool } = request;
  const [first] = members;
  if (first === undefined || !isDerived(first, pool)) return undefined;
  const starts = Array.from({ length: ATTEMPTS }, (_, attempt) => derive(pool, owner, attempt));
  const inOrder = starts.toSorted((one, other) => Number(other === first.preferred) - Number(one === first.preferred));
  const start = inOrder.find((candidate) =>
    members.every((member, index) => {
      const address = candidate + index;
      return !isPromised(address, member.owner) && isFree(address, member.owner, request);
    }),
  );
  return start === undefined ? undefined : members.map((_, index) => ({ rule: "derive", address: start + index }));
}

/** Returns the first run from the pool's cursor on that was never issued. */
export function sequenceRun(request: RunRequest): Run | undefined {
  const { members, pool, view } = request;
  const isUnissued = (address: Mac) => isAllocatable(address, pool, view) && view.at(address) === undefined;
  let start = view.nextUnissued(pool);
  while (start !== undefined) {
    const first = start;
    const obstacle = members.findIndex((_, index) => !isUnissued(first + index));
    if (obstacle === -1) return members.map((_, index) => ({ rule: "sequence", address: first + index }));
    start = view.nextUnissued(pool, first + obstacle + 1);
  }
  return undefined;
}

/**
 * Returns the lowest run of the pool that may be given out, issued before or not.
 *
 * @throws MacpoolError POOL_EXHAUSTED when there is none.
 */
export function anyRun(request: RunRequest): Run {
  // What the members had under other keepers is what those ask to get away from, and is given when there is nothing else.
  const run =
    lowestRun(request, (address, { owner }) => isFree(address, owner, request)) ??
    lowestRun(request, (address) => isFree(address, undefined, request));
  if (run === undefined) throw noRun(request);
  return run;
}

function lowestRun(
  { members, pool, view }: RunRequest,
  mayHave: (address: Mac, member: AcquireRequest) => boolean,
): Run | undefined {
  for (const range of pool.ranges) {
    let start = range.start;
    while (start + members.length - 1 <= range.end) {
      const first = start;
      // From the end, so that no address is looked at for every run that it could be part of.
      const obstacle = members.findLastIndex((member, index) => !mayHave(first + index, member));
      if (obstacle === -1)
        return members.map((_, index) => ({ rule: ruleOf(view.at(first + index)), address: first + index }));
      start = (view.reservationAt(first + obstacle)?.end ?? first + obstacle) + 1;
    }
  }
  return undefined;
}

interface Stretch {
  readonly start: Mac;
  /** How many members have their address in it, from index 0 on. */
  readonly length: number;
}

/** Returns the longest run in what each member could have, the first of several; one of length 0 when there is none. */
function longest(choices: readonly (readonly Mac[])[]): Stretch {
  let best: Stretch = { start: 0, length: 0 };
  for (const start of choices[0] ?? []) {
    const end = choices.findIndex((addresses, index) => !addresses.includes(start + index));
    const length = end === -1 ? choices.length : end;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Returns the addresses of the leases that match, the preferred one first, then the one that counts as "the" lease. */
function addresses(leases: readonly Lease[], matches: (lease: Lease) => boolean, preferred?: Mac) {
  const rank = (lease: Lease) => (lease.address === preferred ? 0 : lease.slot === 0 ? 1 : 2);
  return leases
    .filter(matches)
    .toSorted((one, other) => rank(one) - rank(other))
    .map(({ address }) => address);
}

function isOwn(member: AcquireRequest | undefined) {
  return (lease: Lease) => lease.installation === member?.installation && lease.rotation === member.rotation;
}

function isAdopted({ adopt, installation }: AcquireRequest) {
  return (lease: Lease) => adopt === true && lease.installation !== installation;
}

function isReclaimable(member: AcquireRequest, { pool, view }: RunRequest) {
  return (lease: Lease) => lease.rotation === member.rotation && isAllocatable(lease.address, pool, view);
}

function isGrowable({ start, length }: Stretch, request: RunRequest): boolean {
  return request.members
    .slice(length)
    .every((member, index) => growthRule(start + length + index, member, request) !== undefined);
}

function runOf({ start, length }: Stretch, rule: Rule, request: RunRequest): Run {
  const head = Array.from({ length }, (_, index): Entitlement => ({ rule, address: start + index }));
  return [...head, ...grownRun(start, length, request)];
}

/**
 * Unlike a new run, one that grows may take back what its own members released, whatever the keepers were. What a member
 * has is its own: the state of a stack does not know of a growth that was cut off after it was written.
 */
function growthRule(address: Mac, member: AcquireRequest, request: RunRequest): Rule | undefined {
  const { pool, view } = request;
  const lease = view.at(address);
  const isHeld = lease?.owner === member.owner && lease.pool === pool.name && lease.releasedAt === undefined;
  if (isHeld && isOwn(member)(lease)) return "keep";
  if (isHeld && isAdopted(member)(lease)) return "adopt";
  const isReleasedOwn = lease?.owner === member.owner && lease.releasedAt !== undefined;
  if (isReleasedOwn && isAllocatable(address, pool, view)) return "reclaim";
  return isFree(address, member.owner, request) ? ruleOf(lease) : undefined;
}

/** Returns whether an address may be given to `owner` as a new one; without an owner, to whoever had it before, too. */
function isFree(address: Mac, owner: string | undefined, { pool, view }: RunRequest): boolean {
  if (!isAllocatable(address, pool, view)) return false;
  const lease = view.at(address);
  return lease === undefined || (lease.owner !== owner && quarantineEnd(lease, pool) <= view.now);
}

function ruleOf(lease: Lease | undefined): Rule {
  return lease === undefined ? "sequence" : "reuse";
}

function cannotGrow(address: Mac, length: number, { members, pool, view }: RunRequest): MacpoolError {
  const [code, reason] = obstacleAt(address, pool, view);
  const count = members.length;
  return new MacpoolError(
    code,
    `The contiguous block cannot have ${count} addresses: after its first ${length} the next to add is ${formatMac(address)}, which ${reason}. Nothing was changed. Leave count at ${length}, change a keeper to get a new run of ${count}, or set contiguous to false.`,
    { details: { address: formatMac(address), pool: pool.name, count, length } },
  );
}

function obstacleAt(address: Mac, pool: Pool, view: LedgerView) {
  if (!contains(pool.ranges, address)) return ["ADDRESS_OUTSIDE_POOL", `lies outside pool "${pool.name}"`] as const;
  const reserved = view.reservationAt(address);
  if (reserved !== undefined)
    return ["ADDRESS_RESERVED", `lies in what is reserved: ${reservationText(reserved)}`] as const;
  const lease = view.at(address);
  if (lease?.releasedAt === undefined) return ["ADDRESS_TAKEN", `is leased to "${lease?.owner ?? ""}"`] as const;
  const until = dateText(quarantineEnd(lease, pool));
  return ["ADDRESS_QUARANTINED", `"${lease.owner}" released and is in quarantine until ${until}`] as const;
}

function noRun({ members, pool, view }: RunRequest): MacpoolError {
  const { size, live, quarantined, reserved } = view.usage(pool);
  const count = members.length;
  return new MacpoolError(
    "POOL_EXHAUSTED",
    `Pool "${pool.name}" has no ${count} consecutive addresses left in one range: ${size} in all, ${live} live, ${quarantined} in quarantine, ${reserved} reserved. Ask for fewer, leave contiguous out, add a range, or use another pool.`,
    { details: { pool: pool.name, count, size, live, quarantined, reserved } },
  );
}
