import type { Lease } from "../../lease/lease";
import type { Mac } from "../../mac/mac";
import type { DraftEvent, DraftLedger } from "./draft-ledger";
import type { PartCursor } from "./parts";
import type { Answers, OwnerInPool } from "./questions";

/** What the register says of a draft. */
export interface Reply {
  /** Whether all that the draft relied on was so, and it was therefore written. */
  readonly holds: boolean;
  /** The numbers that its events got, in order. */
  readonly numbers: readonly number[];
  /** Their time, in milliseconds since 1970: the draft's, unless the register had a later one by then. */
  readonly at: number | null;
}

/** What one statement relies on and writes. */
export interface Portion {
  readonly version: number;
  readonly writeId: string;
  readonly owners: readonly (OwnerInPool & { readonly leases: number })[];
  /** The number of the lease that each address had, 0 for none. */
  readonly addresses: readonly (readonly [Mac, number])[];
  /** Where sequences went on, and go on now. */
  readonly cursors: readonly { readonly pool: string; readonly from: Mac; readonly to: Mac }[];
  /** Where parts of relaxed pools go on, unless they are further by now. */
  readonly parts: readonly PartCursor[];
  readonly events: readonly DraftEvent[];
  readonly leases: readonly WrittenLease[];
}

/** A lease as it is written. */
export interface WrittenLease {
  readonly lease: Lease;
  readonly isNew: boolean;
  /** Whether it begins now, at the time of its event. */
  readonly begins: boolean;
}

/** Tells the id of an installation or actor. */
export type IdOf = (name: string) => number;

/** Returns all that a draft relies on and writes. */
export function portionOf(draft: DraftLedger, answers: Answers): Portion {
  const addresses = [...new Set([...draft.asked.leases, ...draft.written.keys()])];
  return {
    version: draft.definitions.versionLeft,
    writeId: draft.writeId,
    owners: [...draft.asked.owners].map(([key, owner]) => ({ ...owner, leases: answers.owners.get(key)?.length ?? 0 })),
    addresses: addresses.map((address) => [address, draft.before(address)?.seq ?? 0]),
    cursors: [...draft.movedCursors].map(([pool, to]) => ({ pool, from: answers.cursors.get(pool) ?? 0, to })),
    parts: draft.parts.moved,
    events: draft.events,
    leases: [...draft.written.values()].map((lease) => writtenOf(lease, draft)),
  };
}

/** Returns how a lease of a draft is written. */
export function writtenOf(lease: Lease, draft: DraftLedger): WrittenLease {
  const before = draft.before(lease.address);
  // One that goes on began before, though it may have been at what is the time again.
  const goesOn = before?.releasedAt === undefined && before?.acquiredAt === lease.acquiredAt;
  return { lease, isNew: isNewIn(draft, lease), begins: !goesOn && lease.acquiredAt === draft.now };
}

/** Returns whether the register has no lease of that address, as far as the draft knows. */
export function isNewIn(draft: DraftLedger, { address }: Lease): boolean {
  return draft.before(address) === undefined;
}
