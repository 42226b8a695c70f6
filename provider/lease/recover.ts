import { classify } from "../mac/classify";
import { formatMac } from "../mac/mac";
import { contains, formatRange } from "../mac/range";
import { dateText, ownerText } from "./held";
import { isChangeOf, type Labels, type Lease } from "./lease";
import type { Ledger, LedgerView } from "./ledger";
import { PlannedPools } from "./overlay";
import { type Pool, reservationText } from "./pool";
import { liveOf, slotFor } from "./transact";

/** A lease as the state of a stack has it. */
export interface StatedLease
  extends Pick<Lease, "address" | "pool" | "owner" | "installation" | "rotation" | "token">,
    Labels {
  /** The change of the register that the state is of. */
  readonly seq: number;
  /** Names the stack, for messages. */
  readonly stack: string;
}

/**
 * What a stated lease comes to:
 * - `present`: the register has it;
 * - `insert`: the register has no live lease of the address, and gets the state's;
 * - `renew`: the register has the lease as it was before, and gets the state's token or takes note of the state's change;
 * - `stale`: the register knows what the state says and went on from there: nothing to do;
 * - `conflict`: the register cannot have it; `reason` says why and what to do;
 * - `duplicate`: another stated lease names the address under another token. Unless somebody has it, the register keeps it
 *   for the later grant, so that no third one gets it; the other NIC must get another address.
 */
export type Verdict = "present" | "insert" | "renew" | "stale" | "conflict" | "duplicate";

/** A stated lease and what it comes to. */
export interface Recovery {
  readonly stated: StatedLease;
  readonly verdict: Verdict;
  /** One sentence or two for the user; never with a token. */
  readonly reason: string;
}

/** Returns what each stated lease comes to, in the order given, with the pools `planned` in force. Writes nothing. */
export function assess(
  stated: readonly StatedLease[],
  register: LedgerView,
  planned: readonly Pool[] = [],
): readonly Recovery[] {
  const view = new PlannedPools(register, planned);
  const rivals = rivalsOf(stated);
  return stated.map((one) => judge(one, rivals, view));
}

/**
 * Puts the leases back that are to be inserted or renewed, each with one event of kind `recover`, and returns what each
 * stated lease came to. Repeating it writes nothing.
 */
export function recover(stated: readonly StatedLease[], ledger: Ledger): readonly Recovery[] {
  const rivals = rivalsOf(stated);
  const latest = latestOf(stated);
  const newest = stated.reduce((seq, one) => Math.max(seq, one.seq), 0);
  return stated.map((one) => {
    const recovery = judge(one, rivals, ledger);
    if (isToPutBack(recovery, latest, ledger)) {
      // So that a lease that was put back is newer than every state that was looked at, and no other change gets the
      // number that a state remembers.
      ledger.startAbove(newest);
      putBack(one, ledger);
    }
    return recovery;
  });
}

function isToPutBack({ stated, verdict }: Recovery, latest: ReadonlySet<StatedLease>, view: LedgerView): boolean {
  if (verdict !== "duplicate") return verdict === "insert" || verdict === "renew";
  const lease = view.at(stated.address);
  const isHeld = lease !== undefined && lease.releasedAt === undefined;
  return !isHeld && latest.has(stated) && obstacleTo(stated, view) === undefined;
}

/** Returns, for each address, the lease of the latest change. */
function latestOf(stated: readonly StatedLease[]): ReadonlySet<StatedLease> {
  const latest = new Map<number, StatedLease>();
  for (const one of stated) {
    if (one.seq > (latest.get(one.address)?.seq ?? -1)) latest.set(one.address, one);
  }
  return new Set(latest.values());
}

type Rivals = ReadonlyMap<StatedLease, StatedLease>;

/** Returns, for each lease whose address another one names under another token, that other one. */
function rivalsOf(stated: readonly StatedLease[]): Rivals {
  const first = new Map<number, StatedLease>();
  const contested = new Map<number, StatedLease>();
  for (const one of stated) {
    const other = first.get(one.address);
    if (other === undefined) first.set(one.address, one);
    else if (other.token !== one.token) contested.set(one.address, one);
  }
  return new Map(
    stated.flatMap((one) => {
      const last = contested.get(one.address);
      const rival = last?.token === one.token ? first.get(one.address) : last;
      return rival === undefined ? [] : [[one, rival] as const];
    }),
  );
}

function judge(one: StatedLease, rivals: Rivals, view: LedgerView): Recovery {
  const rival = rivals.get(one);
  if (rival !== undefined) {
    return found(
      one,
      "duplicate",
      `Stack ${rival.stack} has this address too, for "${rival.owner}": two NICs use one address. The register keeps it for the later grant. Take the NIC out of one stack's state (pulumi state delete URN) and run pulumi up there: it gets another address. Then reconcile again.`,
    );
  }
  const lease = view.at(one.address);
  if (lease === undefined) return insertion(one, view, "The register has no lease of it.");
  if (lease.releasedAt !== undefined) return released(one, lease, lease.releasedAt, view);
  if (lease.token === one.token) return sameGrant(one, lease, view);
  if (lease.owner !== one.owner || lease.installation !== one.installation) return held(one, lease);
  if (hasMovedOn(one, lease, view)) {
    return found(one, "stale", "The owner was granted it again since this state was written: the export is old.");
  }
  return found(
    one,
    "renew",
    "The owner has it under another token, and the register does not know the state's change.",
  );
}

function sameGrant(one: StatedLease, lease: Lease, view: LedgerView): Recovery {
  if (knows(one, view)) return found(one, "present", "The register has it.");
  if (lease.seq > one.seq && view.event(lease.seq)?.kind === "recover") {
    return found(one, "present", "It was put back before.");
  }
  return found(one, "renew", "The register has it, and does not know the state's change.");
}

function released(one: StatedLease, lease: Lease, at: number, view: LedgerView): Recovery {
  const by = `${ownerText(lease.owner)} at ${dateText(at)}`;
  if (hasMovedOn(one, lease, view)) {
    return found(
      one,
      "stale",
      `It was released by ${by}, after what this state says: the export is old, or it was released by hand and the next pulumi up asserts it again.`,
    );
  }
  return insertion(one, view, `The register has it as released by ${by}.`);
}

function held(one: StatedLease, lease: Lease): Recovery {
  return found(
    one,
    "conflict",
    `The register has leased it to ${ownerText(lease.owner)} (installation ${lease.installation || "none"}), the state to "${one.owner}" (installation ${one.installation || "none"}). If the state is right, release the other (macpool release --force ${formatMac(one.address)}) and reconcile again; if the export is old, there is nothing to do.`,
  );
}

function insertion(one: StatedLease, view: LedgerView, reason: string): Recovery {
  const obstacle = obstacleTo(one, view);
  return obstacle === undefined ? found(one, "insert", reason) : found(one, "conflict", obstacle);
}

function obstacleTo({ address, pool: name }: StatedLease, view: LedgerView): string | undefined {
  const pool = view.pool(name);
  const home = view.pools().find((other) => contains(other.ranges, address));
  const elsewhere = home === undefined ? "" : ` Pool "${home.name}" has the address.`;
  if (pool === undefined) {
    return `The register has no pool "${name}".${elsewhere} Create it (macpool pool create ${name} --range PREFIX) and reconcile again.`;
  }
  const verdict = classify(address, { universal: pool.universal });
  if (verdict.claim === "refuse") return `It cannot be given to a NIC: ${verdict.note}`;
  if (!contains(pool.ranges, address)) {
    return `It is not in pool "${name}" (${pool.ranges.map(formatRange).join(", ")}).${elsewhere} Add it (macpool pool update ${name} --add-range RANGE) and reconcile again.`;
  }
  const reserved = view.reservationAt(address);
  if (reserved === undefined) return undefined;
  return `It lies in what is reserved: ${reservationText(reserved)}. End the reservation (macpool reserve remove ${formatRange(reserved)}) or give the NIC another address.`;
}

/** Whether the register knows the change the state is of, and not another one under its number. */
function knows(one: StatedLease, view: LedgerView): boolean {
  return isChangeOf(view.event(one.seq), one.address, one);
}

/**
 * Whether the lease is of a later change than the state, in one and the same history. A number that is missing though
 * later ones exist is from before the register was made anew, which left it out.
 */
function hasMovedOn(one: StatedLease, lease: Lease, view: LedgerView): boolean {
  return lease.seq > one.seq && (knows(one, view) || view.event(one.seq) === undefined);
}

function putBack(one: StatedLease, ledger: Ledger): void {
  const before = ledger.at(one.address);
  const live = before?.releasedAt === undefined ? before : undefined;
  const words = wordsOf(one, live);
  const pool = live?.pool ?? one.pool;
  const identity = { ...words, pool };
  const slot = slotFor(identity, one.address, liveOf(identity, ledger));
  const { seq, at } = ledger.append({ ...identity, kind: "recover", address: one.address });
  const acquiredAt = live?.acquiredAt ?? at;
  ledger.put({ ...identity, address: one.address, token: one.token, slot, seq, acquiredAt, releasedAt: undefined });
}

/** A lease that was changed under this token after the state was written has the newer words. */
function wordsOf(one: StatedLease, live: Lease | undefined) {
  const isNewer = live !== undefined && live.token === one.token && live.seq > one.seq;
  const { owner, installation, rotation, description, tags } = isNewer ? live : one;
  return { owner, installation, rotation, description, tags };
}

function found(stated: StatedLease, verdict: Verdict, reason: string): Recovery {
  return { stated, verdict, reason };
}
