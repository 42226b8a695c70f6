import { isDeepStrictEqual } from "node:util";
import { MacpoolError } from "../error";
import type { Mac } from "../mac/mac";
import { allocate, derivedCandidate, isDerived } from "./allocate";
import { type Entitlement, entitlement } from "./held";
import { type AcquireRequest, type Lease, type Name, nameOfLost } from "./lease";
import type { Ledger, LedgerView } from "./ledger";
import { LedgerOverlay, PlannedPools } from "./overlay";
import type { Pool } from "./pool";
import { anyRun, derivedRun, grownRun, ownRun, type RunRequest, sequenceRun } from "./run";
import { type Grant, type LeaseRef, record, release, requirePool, SMALLEST_PREDICTABLE_POOL, update } from "./transact";

/** Who asks for several addresses at once. The address of index i belongs to the owner `<owner>[i]`. */
export interface BlockRequest extends Omit<AcquireRequest, "requestedAddress" | "preferred" | "sequential"> {
  readonly count: number;
  /** Whether the addresses must be consecutive, ascending by index. */
  readonly contiguous: boolean;
  /** What a preview showed, by index: see `AcquireRequest`. */
  readonly preferred?: readonly (Mac | undefined)[] | undefined;
  /** What the block has, by index: it stays, and what lies beyond `count` is released. */
  readonly held?: HeldBlock | undefined;
}

/** The addresses of a block that exists, and the name it had when it got them. */
export interface HeldBlock extends Name {
  readonly refs: readonly LeaseRef[];
}

/** Returns who holds the address of an index. */
export function memberOwner(owner: string, index: number): string {
  return `${owner}[${index}]`;
}

/** Returns the owner of the block that `owner` would be an index of, if it looks like one. */
export function blockOwnerOf(owner: string): string | undefined {
  return /^(.*)\[(?:0|[1-9]\d{0,3})\]$/s.exec(owner)?.[1];
}

/** Returns what the lease of an index of a block goes by. */
export function memberName({ owner, installation }: Name, index: number): Name {
  return { owner: memberOwner(owner, index), installation };
}

/**
 * Grants all addresses of a block, in order of index, or none: everything is planned before anything is written. An
 * index that the block holds keeps its address and token and takes on the request's owner, installation and labels; a
 * lease that was lost is asserted again at its address. A new index gets what its owner has, had or would adopt, else a
 * new address; in a contiguous block the addresses after the ones it has. A new run starts at a derived candidate of
 * the block's owner, else it is the first free one of the sequence.
 *
 * @throws MacpoolError POOL_NOT_FOUND; POOL_EXHAUSTED; ADDRESS_OUTSIDE_POOL, ADDRESS_RESERVED, ADDRESS_TAKEN or
 * ADDRESS_QUARANTINED when an address that was lost, or that a contiguous block must grow into, cannot be had.
 */
export function acquireBlock(request: BlockRequest, ledger: Ledger): readonly Grant[] {
  const pool = requirePool(request.pool, ledger);
  const plan = new Plan(ledger);
  planHeld(request, pool, plan);
  if (request.contiguous) planRun(request, pool, plan);
  else planScattered(request, pool, plan);
  const grants = plan.members.map((member) => carryOut(member, ledger));
  if (plan.goesOnAt !== undefined) ledger.setCursor(pool.name, plan.goesOnAt);
  for (const ref of request.held?.refs.slice(request.count) ?? []) release(ref, ledger);
  return grants;
}

/**
 * Returns, by index, what {@link acquireBlock} would grant now, with the pools `planned` in force; undefined where that
 * cannot be promised. What the block holds is taken as it is; `isPromised` names addresses that were promised to another
 * owner than the given one. Writes nothing.
 *
 * @throws MacpoolError POOL_NOT_FOUND, and those about an address that a contiguous block must grow into.
 */
export function predictBlock(
  request: BlockRequest,
  register: LedgerView,
  isPromised: (address: Mac, owner: string) => boolean,
  planned: readonly Pool[] = [],
): readonly (Entitlement | undefined)[] {
  const view = new PlannedPools(register, planned);
  const pool = requirePool(request.pool, view);
  const held = (request.held?.refs ?? []).slice(0, request.count);
  const kept = held.map(({ address }): Entitlement => ({ rule: "keep", address }));
  if (!request.contiguous) return [...kept, ...foreseeScattered(request, kept, pool, view, isPromised)];
  const run = foreseeRun(request, kept, pool, view, isPromised);
  // What it has is its own; only what it will have may be somebody else's by then.
  const isKnown = ({ address, rule }: Entitlement, index: number) =>
    rule === "keep" || !isPromised(address, memberOwner(request.owner, index));
  return run.map((chosen, index) => (chosen !== undefined && isKnown(chosen, index) ? chosen : undefined));
}

function foreseeScattered(
  request: BlockRequest,
  kept: readonly Entitlement[],
  pool: Pool,
  view: LedgerView,
  isPromised: (address: Mac, owner: string) => boolean,
): readonly (Entitlement | undefined)[] {
  const plan = new Plan(view);
  const all = membersOf(request);
  plan.takeAll(all.slice(0, kept.length), kept);
  const members = all.slice(kept.length);
  const known = members.map((member) => entitlement(member, pool, plan.live(member.owner, pool.name), plan));
  plan.takeAll(members, known);
  return members.map((member, index) => {
    const entitled = known[index];
    if (entitled !== undefined) return entitled;
    if (!isDerived(member, pool) || pool.size < SMALLEST_PREDICTABLE_POOL) return undefined;
    const address = derivedCandidate(member, pool, plan, (mac) => isPromised(mac, member.owner));
    if (address === undefined) return undefined;
    const chosen: Entitlement = { rule: "derive", address };
    plan.take(member, chosen);
    return chosen;
  });
}

function foreseeRun(
  request: BlockRequest,
  kept: readonly Entitlement[],
  pool: Pool,
  view: LedgerView,
  isPromised: (address: Mac, owner: string) => boolean,
): readonly (Entitlement | undefined)[] {
  const run: RunRequest = { owner: request.owner, members: membersOf(request), pool, view };
  const [first] = kept;
  if (first !== undefined) return [...kept, ...grownRun(first.address, kept.length, run)];
  const isForetold = pool.size >= SMALLEST_PREDICTABLE_POOL;
  return ownRun(run) ?? (isForetold ? derivedRun(run, isPromised) : undefined) ?? run.members.map(() => undefined);
}

/** One index of a block, and what it is to get. */
interface Member {
  readonly request: AcquireRequest;
  readonly chosen: Entitlement;
  /** The live lease under the token that the block holds, which stays. */
  readonly held: Lease | undefined;
}

/** The register as it will be once what is planned has been written. */
class Plan extends LedgerOverlay {
  readonly members: Member[] = [];
  /** Where the pool's sequence is to go on. */
  goesOnAt: Mac | undefined;
  readonly #taken = new Map<Mac, Lease>();

  override at(address: Mac): Lease | undefined {
    return this.#taken.get(address) ?? this.base.at(address);
  }

  override live(owner: string, pool: string): readonly Lease[] {
    return this.#unlessTaken(this.base.live(owner, pool));
  }

  override released(owner: string, pool: string): readonly Lease[] {
    return this.#unlessTaken(this.base.released(owner, pool));
  }

  override nextUnissued(pool: Pool, from = this.goesOnAt): Mac | undefined {
    let address = this.base.nextUnissued(pool, from);
    while (address !== undefined && this.#taken.has(address)) address = this.base.nextUnissued(pool, address + 1);
    return address;
  }

  override *longestReleased(pool: string): Iterable<Lease> {
    for (const lease of this.base.longestReleased(pool)) if (!this.#taken.has(lease.address)) yield lease;
  }

  /** Notes that the address is not to be had for another any more. */
  take(request: AcquireRequest, chosen: Entitlement | undefined): void {
    if (chosen === undefined) return;
    const { owner, installation, pool, rotation, description, tags } = request;
    const lease = { owner, installation, pool, rotation, description, tags, slot: 0, token: "", seq: 0 };
    const { address } = chosen;
    this.#taken.set(address, { ...lease, address, acquiredAt: this.now, releasedAt: undefined });
  }

  /** Notes what is known of each request. */
  takeAll(requests: readonly AcquireRequest[], chosen: readonly (Entitlement | undefined)[]): void {
    for (const [index, request] of requests.entries()) this.take(request, chosen[index]);
  }

  /** An index may hold a lease that has another one's name by now. */
  #unlessTaken(leases: readonly Lease[]): readonly Lease[] {
    return leases.filter(({ address }) => !this.#taken.has(address));
  }

  /** Adds the next index. */
  add(request: AcquireRequest, chosen: Entitlement, held?: Lease): void {
    this.take(request, chosen);
    this.members.push({ request, chosen, held });
  }
}

function planHeld(request: BlockRequest, pool: Pool, plan: Plan): void {
  const { held } = request;
  if (held === undefined) return;
  const members = membersOf(request);
  held.refs.slice(0, request.count).forEach((ref, index) => {
    const member = members[index];
    if (member === undefined) return;
    const lease = plan.at(ref.address);
    const isHeld = lease?.releasedAt === undefined && lease?.token === ref.token;
    if (isHeld) plan.add(member, { rule: "keep", address: ref.address }, lease);
    else plan.add(member, reassertion(member, ref.address, memberName(held, index), pool, plan));
  });
}

/** Returns by which rule a lost address is had again. */
function reassertion(member: AcquireRequest, address: Mac, lostWith: Name, pool: Pool, view: LedgerView): Entitlement {
  const heldAs = nameOfLost(view.at(address), lostWith, member);
  return entitlement({ ...member, requestedAddress: address, heldAs }, pool, [], view) ?? { rule: "claim", address };
}

function planScattered(request: BlockRequest, pool: Pool, plan: Plan): void {
  const members = membersOf(request).slice(plan.members.length);
  // What a member has or had comes first, so that no other member is given it.
  const known = members.map((member) => entitlement(member, pool, plan.live(member.owner, pool.name), plan));
  plan.takeAll(members, known);
  for (const [index, member] of members.entries()) plan.add(member, known[index] ?? next(member, pool, plan, request));
}

function next(member: AcquireRequest, pool: Pool, plan: Plan, { count }: BlockRequest): Entitlement {
  try {
    const chosen = allocate(member, pool, plan);
    if (chosen.rule === "sequence") plan.goesOnAt = chosen.address + 1;
    return chosen;
  } catch (error) {
    if (!MacpoolError.is(error) || error.code !== "POOL_EXHAUSTED") throw error;
    const { message, details } = error;
    throw new MacpoolError(
      error.code,
      `There are not ${count} addresses for the block, and it gets all or none. ${message}`,
      { details },
    );
  }
}

function planRun(request: BlockRequest, pool: Pool, plan: Plan): void {
  const members = membersOf(request);
  const run: RunRequest = { owner: request.owner, members, pool, view: plan };
  const length = plan.members.length;
  const [first] = plan.members;
  assertConsecutive(plan.members);
  const chosen =
    first === undefined
      ? (ownRun(run) ?? derivedRun(run, () => false) ?? sequenceRun(run) ?? anyRun(run))
      : grownRun(first.chosen.address, length, run);
  // The sequence may only leave behind what was issued, and a run may have been found beyond a gap.
  const start = chosen[0];
  if (start?.rule === "sequence" && start.address === plan.nextUnissued(pool))
    plan.goesOnAt = start.address + chosen.length;
  chosen.forEach((entitled, index) => {
    const member = members[length + index];
    if (member !== undefined) plan.add(member, entitled);
  });
}

function assertConsecutive(members: readonly Member[]): void {
  const start = members[0]?.chosen.address ?? 0;
  if (members.every(({ chosen }, index) => chosen.address === start + index)) return;
  throw new MacpoolError(
    "INTERNAL",
    "The block's addresses are not consecutive, so it must be replaced to become contiguous. Please report this as a bug.",
  );
}

function carryOut({ request, chosen, held }: Member, ledger: Ledger): Grant {
  if (held === undefined) return record(request, chosen, ledger.live(request.owner, request.pool), ledger);
  return { lease: relabelled(held, request, ledger), rule: "keep", warning: undefined };
}

function relabelled(held: Lease, request: AcquireRequest, ledger: Ledger): Lease {
  const { owner, installation, description, tags } = request;
  const change = { address: held.address, token: held.token, owner, installation, description, tags };
  const isSame = owner === held.owner && installation === held.installation && description === held.description;
  if (isSame && isDeepStrictEqual(Object.entries(tags).sort(), Object.entries(held.tags).sort())) return held;
  return update(change, ledger) ?? held;
}

/** Returns what each index of a block asks for. */
export function membersOf(request: BlockRequest): readonly AcquireRequest[] {
  const { owner, installation, pool, rotation, adopt, description, tags } = request;
  const common = { installation, pool, rotation, adopt, description, tags };
  return Array.from({ length: request.count }, (_, index) => ({
    ...common,
    owner: memberOwner(owner, index),
    preferred: request.preferred?.[index],
  }));
}
