import { formatMac, type Mac } from "../../../provider/mac/mac";
import { contains } from "../../../provider/mac/range";
import type { Content } from "./content";
import { type Entry, entriesOf, type Violation } from "./entries";
import { Explanations, floorsOf, isGrant, textOf } from "./explain";
import type { Line } from "./history";
import { type Replayed, replay, type Step } from "./replay";

/** What a history comes to. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly counts: {
    readonly acknowledged: number;
    /** Certainly wrote nothing. */
    readonly refused: number;
    /** Nobody was told. */
    readonly unknown: number;
    /** Nobody was told, and the register has them. */
    readonly committedUnknown: number;
  };
}

/**
 * How a register numbers its events. `rising`: a number that was drawn and not used stays free, and of two that are written
 * at the same moment by machines whose clocks differ, the one with the greater number may have the earlier time.
 */
export type Numbering = "gapless" | "rising";

/**
 * Checks what processes saw of a register (`lines`, of all of them) against what it holds when they are gone. All that
 * wrote leases must be in the history. The numbers of the events are taken for the order in which everything happened:
 * it must agree with what every process saw, with the monotonic clock, and with the rules of leases, step by step.
 *
 * Knows nothing of how a register is kept: one history is checked alike whatever wrote it.
 */
export function checkHistory(lines: readonly Line[], content: Content, numbering: Numbering = "gapless"): Verdict {
  const violations: Violation[] = content.faults.map((what) => ({ promise: "content", what }));
  const entries = entriesOf(lines);
  const explanations = new Explanations(entries, content, violations);
  const { leases, steps } = replay(content, explanations, violations);
  if (numbering === "gapless") checkNumbers(content, violations);
  checkOrder(entries, content, violations);
  checkUndone(entries, steps, violations);
  checkExhausted(entries, content, violations);
  checkLeases(leases, content, violations);
  checkCounts(content, violations);
  const count = (outcome: Entry["outcome"]) => entries.filter((entry) => entry.outcome === outcome).length;
  const { committedUnknown } = explanations;
  return {
    violations,
    counts: { acknowledged: count("ok"), refused: count("fail"), unknown: count("unknown"), committedUnknown },
  };
}

function checkNumbers({ events }: Content, violations: Violation[]): void {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before === undefined) continue;
    if (event.seq !== before.seq + 1 && event.kind !== "recover") {
      violations.push({ promise: "order", what: `event ${event.seq} follows event ${before.seq}` });
    }
    if (event.at < before.at) violations.push({ promise: "order", what: `time goes back at event ${event.seq}` });
  }
}

function checkOrder(entries: readonly Entry[], { events, seq }: Content, violations: Violation[]): void {
  const newest = events.at(-1)?.seq ?? 0;
  if (seq !== newest) violations.push({ promise: "order", what: `the counter is ${seq}, the newest event ${newest}` });
  for (const [entry, floor] of floorsOf(entries)) {
    if (entry.written !== null && entry.written.seq <= floor) {
      violations.push({ promise: "order", what: `${textOf(entry)} was asked for after ${floor} was acknowledged` });
    }
  }
}

/** Whoever was told that there is nothing to release or to change must have held a token that was no longer current. */
function checkUndone(entries: readonly Entry[], steps: readonly Step[], violations: Violation[]): void {
  const grants = new Map<string, Entry>();
  const endings = new Map<Mac, Step[]>();
  for (const one of steps) {
    if (one.entry.written !== null && isGrant(one.event)) grants.set(one.entry.written.token, one.entry);
    if (one.event.kind === "update") continue;
    const address = one.event.address ?? 0;
    endings.set(address, [...(endings.get(address) ?? []), one]);
  }
  for (const entry of entries) {
    const { operation, outcome, written } = entry;
    if (outcome !== "ok" || written !== null || operation.do === "acquire") continue;
    const granted = grants.get(operation.token)?.written?.seq ?? Number.POSITIVE_INFINITY;
    const isOver = (endings.get(operation.address) ?? []).some(
      (one) => one.event.seq > granted && one.entry.invokedAt < entry.endedAt,
    );
    if (granted < Number.POSITIVE_INFINITY && !isOver) {
      violations.push({ promise: "token", what: `${textOf(entry)} did nothing though its token was current` });
    }
  }
}

/** A pool that still has addresses nobody ever got had them when it said that it was used up. */
function checkExhausted(entries: readonly Entry[], { pools }: Content, violations: Violation[]): void {
  for (const entry of entries) {
    const { operation, code } = entry;
    if (operation.do !== "acquire" || code !== "POOL_EXHAUSTED") continue;
    const { usage } = pools.find(({ name }) => name === operation.pool) ?? {};
    if (usage === undefined || usage.neverIssued === 0) continue;
    violations.push({ promise: "leak", what: `${textOf(entry)} got nothing; ${usage.neverIssued} were never issued` });
  }
}

function checkLeases(replayed: ReadonlyMap<Mac, Replayed>, { leases }: Content, violations: Violation[]): void {
  const shown = new Map(leases.map((lease) => [lease.address, lease]));
  for (const expected of replayed.values()) {
    const { token, ...rest } = expected;
    const lease = shown.get(expected.address);
    const text = `${formatMac(expected.address)} of "${expected.owner}"`;
    if (lease === undefined) {
      violations.push({ promise: "lost", what: `${text} has no lease` });
      continue;
    }
    if (expected.releasedAt !== undefined && lease.releasedAt === undefined && lease.owner === expected.owner) {
      violations.push({ promise: "resurrected", what: `${text} was released and is live` });
      continue;
    }
    const differing = Object.entries({ ...rest, token: token ?? lease.token }).filter(
      ([field, value]) => Object.entries(lease).find(([name]) => name === field)?.[1] !== value,
    );
    if (differing.length === 0) continue;
    violations.push({
      promise: "content",
      what: `${text} should have ${JSON.stringify(Object.fromEntries(differing))}`,
    });
  }
  for (const { address } of leases.filter((lease) => !replayed.has(lease.address))) {
    violations.push({ promise: "phantom", what: `${formatMac(address)} has a lease but no history` });
  }
}

/** Every address is in exactly one group, and those that hold a lease are as many as there are leases. */
function checkCounts({ pools, leases, reserved }: Content, violations: Violation[]): void {
  for (const { name, ranges, size, usage } of pools) {
    const inside = leases.filter(({ address }) => contains(ranges, address));
    const live = inside.filter(({ releasedAt }) => releasedAt === undefined).length;
    const resting = inside.filter(
      ({ address, releasedAt }) => releasedAt !== undefined && !contains(reserved, address),
    ).length;
    const sum = usage.live + usage.quarantined + usage.reusable + usage.reserved + usage.neverIssued;
    const isRight =
      usage.size === size && sum === size && usage.live === live && usage.quarantined + usage.reusable === resting;
    if (isRight) continue;
    const counted = JSON.stringify({ size, live, resting });
    violations.push({ promise: "leak", what: `pool ${name} counts ${JSON.stringify(usage)}, its leases ${counted}` });
  }
}
