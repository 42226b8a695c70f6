import type { RegisterEvent } from "../../../provider/lease/lease";
import { formatMac } from "../../../provider/mac/mac";
import type { Content } from "./content";
import type { Entry, Violation } from "./entries";

const GRANT = /^(keep|claim|adopt|reclaim|derive|sequence|reuse)$/;

/** Returns whether the event gave an address to somebody, or gave it anew. */
export function isGrant({ kind }: RegisterEvent): boolean {
  return GRANT.test(kind);
}

/**
 * Which operation is behind each event about a lease. Of those nobody can tell about, each explains one event at most.
 */
export class Explanations {
  readonly #acknowledged = new Map<number, Entry>();
  readonly #unknown: Unknown;
  #committedUnknown = 0;

  /** Adds acknowledgements that do not fit the register to `violations`. */
  constructor(entries: readonly Entry[], content: Content, violations: Violation[]) {
    this.#unknown = new Unknown(entries);
    const events = new Map(content.events.map((event) => [event.seq, event]));
    for (const entry of entries) {
      if (entry.written === null) continue;
      const event = events.get(entry.written.seq);
      const other = this.#acknowledged.get(entry.written.seq);
      if (event === undefined || !isEventOf(event, entry)) violations.push(lost(entry, event, content));
      else if (other === undefined) this.#acknowledged.set(event.seq, entry);
      else
        violations.push({ promise: "duplicate", what: `${textOf(entry)} and ${textOf(other)} were told of one event` });
    }
  }

  /** How many of those that nobody can tell about have been found to be behind an event. */
  get committedUnknown(): number {
    return this.#committedUnknown;
  }

  /**
   * Returns the operation behind `event`, which meets a lease with the token `current` at its address; undefined when
   * nobody asked for it. To be called once for each event, in their order.
   */
  take(event: RegisterEvent, current: string | undefined): Entry | undefined {
    const acknowledged = this.#acknowledged.get(event.seq);
    if (acknowledged !== undefined) return acknowledged;
    const entry = this.#unknown.take(event, current);
    if (entry !== undefined) this.#committedUnknown += 1;
    return entry;
  }
}

/** Returns `entry` in words for a message. */
export function textOf({ name, operation, written }: Entry): string {
  const what = operation.do === "acquire" ? operation.owner : formatMac(operation.address);
  const got = written === null ? "" : ` -> ${formatMac(written.address)} at ${written.seq}`;
  return `${name} (${operation.do} ${what}${got})`;
}

function lost(entry: Entry, event: RegisterEvent | undefined, { leases }: Content): Violation {
  const { operation } = entry;
  const isLive =
    operation.do === "release" &&
    leases.some(
      ({ address, token, releasedAt }) =>
        address === operation.address && token === operation.token && releasedAt === undefined,
    );
  const instead = event === undefined ? "no such event" : JSON.stringify(event);
  return {
    promise: isLive ? "resurrected" : "lost",
    what: `${textOf(entry)} was acknowledged, but the register has ${instead}`,
  };
}

/** Whether `event` is what `entry` asked for, and, if it was acknowledged, what it was told. */
function isEventOf(event: RegisterEvent, { operation, written }: Entry): boolean {
  if (written !== null && (event.seq !== written.seq || event.address !== written.address)) return false;
  if (operation.do === "release") return event.kind === "release" && event.address === operation.address;
  if (event.owner !== operation.owner || event.installation !== operation.installation) return false;
  if (operation.do === "acquire") return isGrant(event) && event.pool === operation.pool;
  return event.kind === "update" && event.address === operation.address;
}

/** The operations nobody can tell about. */
class Unknown {
  readonly #byKey = new Map<string, Entry[]>();
  readonly #floors: ReadonlyMap<Entry, number>;

  constructor(entries: readonly Entry[]) {
    this.#floors = floorsOf(entries);
    for (const entry of entries.filter(({ outcome }) => outcome === "unknown")) {
      const key = keyOf(entry.operation);
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), entry]);
    }
  }

  /**
   * Takes the operation that `event` came from; undefined when none can be it. Of several one that shows the current
   * token, and then the one asked for last, because a process asks again only for what it does not know.
   */
  take(event: RegisterEvent, current: string | undefined): Entry | undefined {
    const waiting = this.#byKey.get(keyOf(event)) ?? [];
    const isPossible = (entry: Entry) => (this.#floors.get(entry) ?? 0) < event.seq && isEventOf(event, entry);
    const isBest = ({ operation }: Entry) => operation.do === "acquire" || operation.token === current;
    const best = waiting.findLastIndex((entry) => isPossible(entry) && isBest(entry));
    const at = best === -1 ? waiting.findLastIndex(isPossible) : best;
    return at === -1 ? undefined : waiting.splice(at, 1)[0];
  }
}

function keyOf(subject: RegisterEvent | Entry["operation"]): string {
  if ("do" in subject) return subject.do === "acquire" ? `to ${subject.owner}` : `of ${subject.address}`;
  return isGrant(subject) ? `to ${subject.owner}` : `of ${subject.address}`;
}

/** Returns, for each operation, the greatest number that was acknowledged before it was asked for: its own is greater. */
export function floorsOf(entries: readonly Entry[]): ReadonlyMap<Entry, number> {
  const done = entries.filter(({ written }) => written !== null).toSorted((one, other) => one.endedAt - other.endedAt);
  const floors = new Map<Entry, number>();
  let next = 0;
  let floor = 0;
  for (const entry of entries) {
    for (; (done[next]?.endedAt ?? Number.POSITIVE_INFINITY) < entry.invokedAt; next += 1) {
      floor = Math.max(floor, done[next]?.written?.seq ?? 0);
    }
    floors.set(entry, floor);
  }
  return floors;
}
