import { isAboutLease, type RegisterEvent } from "../../../provider/lease/lease";
import { formatMac, type Mac } from "../../../provider/mac/mac";
import { contains } from "../../../provider/mac/range";
import type { Content } from "./content";
import type { Entry, Violation } from "./entries";
import { type Explanations, isGrant, textOf } from "./explain";

/** A lease as the history makes it. */
export interface Replayed {
  readonly address: Mac;
  readonly pool: string;
  readonly owner: string;
  readonly installation: string;
  readonly rotation: string;
  /** Undefined when nobody was told: the grant was never acknowledged. */
  readonly token: string | undefined;
  readonly seq: number;
  readonly acquiredAt: number;
  readonly releasedAt: number | undefined;
}

/** An event and the operation behind it. */
export interface Step {
  readonly event: RegisterEvent;
  readonly entry: Entry;
}

/** What the events come to. */
export interface Course {
  readonly leases: ReadonlyMap<Mac, Replayed>;
  readonly steps: readonly Step[];
}

/** Goes through the events one by one, and says in `violations` which of them nobody asked for or the rules do not allow. */
export function replay(content: Content, explanations: Explanations, violations: Violation[]): Course {
  const replayed = new Replay(content, violations);
  const steps: Step[] = [];
  for (const event of content.events.filter(isAboutLease)) {
    const entry = explanations.take(event, replayed.leases.get(event.address ?? 0)?.token);
    if (entry === undefined) {
      violations.push({ promise: "phantom", what: `nobody asked for event ${JSON.stringify(event)}` });
      continue;
    }
    replayed.take(event, entry);
    steps.push({ event, entry });
  }
  return { leases: replayed.leases, steps };
}

type Broken = Violation["promise"];

class Replay {
  readonly leases = new Map<Mac, Replayed>();
  readonly #byOwner = new Map<string, Set<Mac>>();
  readonly #cursors = new Map<string, Mac>();
  readonly #content: Content;
  readonly #violations: Violation[];

  constructor(content: Content, violations: Violation[]) {
    this.#content = content;
    this.#violations = violations;
  }

  take(event: RegisterEvent, entry: Entry): void {
    const held = this.leases.get(event.address ?? 0);
    if (isGrant(event)) this.#grant(event, entry, held);
    else this.#change(event, entry, held);
  }

  #grant(event: RegisterEvent, entry: Entry, held: Replayed | undefined): void {
    const { address = 0, kind, seq, owner, installation, pool } = event;
    const rotation = entry.operation.do === "acquire" ? entry.operation.rotation : "";
    const acquiredAt = (kind === "keep" ? held?.acquiredAt : undefined) ?? event.at;
    const lease = { address, pool, owner, installation, rotation, seq, acquiredAt, releasedAt: undefined };
    const fault = (promise: Broken, why: string) => this.#fault(promise, entry, event, why);
    if (kind === "keep") {
      if (held === undefined || held.releasedAt !== undefined) fault("moved", "kept what was not live");
      else if (!isSame(held, lease)) fault("duplicate", `it was live for "${held.owner}"`);
    } else {
      if (held !== undefined && held.releasedAt === undefined) fault("duplicate", `it was live for "${held.owner}"`);
      this.#checkEntitlement(lease, kind, fault);
      this.#checkChoice(event, held, fault);
    }
    this.#put({ ...lease, token: entry.written?.token });
  }

  /** An owner gets what it has, else what it had, and only otherwise something new. */
  #checkEntitlement(lease: Omit<Replayed, "token">, kind: string, fault: (promise: Broken, why: string) => void): void {
    const own = [...(this.#byOwner.get(lease.owner) ?? [])].flatMap((address) => this.leases.get(address) ?? []);
    const live = own.find((other) => other.releasedAt === undefined && isSame(other, lease));
    if (live !== undefined) fault("moved", `the owner's lease of ${formatMac(live.address)} was live`);
    const had = own.filter(
      ({ releasedAt, pool, rotation }) =>
        releasedAt !== undefined && pool === lease.pool && rotation === lease.rotation,
    );
    const isBack = had.some(({ address }) => address === lease.address);
    if (had.length > 0 && !isBack) fault("moved", `the owner had ${had.map(({ address }) => formatMac(address))}`);
    if (kind === "reclaim" && !isBack) fault("quarantine", "reclaimed what it never had");
  }

  /** The sequence skips nothing; what was released goes to others after its quarantine, the longest-released first. */
  #checkChoice(event: RegisterEvent, held: Replayed | undefined, fault: (promise: Broken, why: string) => void): void {
    const { address = 0, kind, at, pool } = event;
    const { quarantineSeconds = 0, ranges = [] } = this.#content.pools.find(({ name }) => name === pool) ?? {};
    if (!contains(ranges, address)) fault("duplicate", `it is not an address of pool ${pool}`);
    if (contains(this.#content.reserved, address)) fault("duplicate", "it is reserved");
    const next = kind === "sequence" || kind === "reuse" ? this.#nextUnissued(pool) : undefined;
    if (kind === "sequence") {
      this.#cursors.set(pool, address + 1);
      if (next !== address)
        fault("leak", `the next of the sequence was ${next === undefined ? "none" : formatMac(next)}`);
    }
    if (held?.releasedAt !== undefined && held.owner !== event.owner) {
      const end = held.releasedAt + quarantineSeconds * 1000;
      if (at < end) fault("quarantine", `its quarantine was to last ${end - at} ms longer`);
    }
    if (kind !== "reuse") return;
    if (next !== undefined) fault("leak", `${formatMac(next)} had never been issued`);
    const released = [...this.leases.values()].filter((lease) => lease.pool === pool && lease.releasedAt !== undefined);
    const first = released.toSorted((one, other) => one.seq - other.seq)[0];
    if (first?.address !== address) fault("quarantine", "it was not the longest-released");
  }

  #change(event: RegisterEvent, entry: Entry, held: Replayed | undefined): void {
    const { operation } = entry;
    if (operation.do === "acquire") return;
    const fault = (promise: Broken, why: string) => this.#fault(promise, entry, event, why);
    if (held === undefined || held.releasedAt !== undefined) {
      fault("token", "there was no live lease");
      return;
    }
    if (held.token !== operation.token) fault("token", "that was not the token of the lease");
    const { seq, at, owner, installation } = event;
    if (event.kind === "release") this.#put({ ...held, seq, releasedAt: at });
    else this.#put({ ...held, seq, owner, installation });
  }

  #put(lease: Replayed): void {
    const before = this.leases.get(lease.address);
    if (before !== undefined) this.#byOwner.get(before.owner)?.delete(lease.address);
    this.leases.set(lease.address, lease);
    this.#byOwner.set(lease.owner, (this.#byOwner.get(lease.owner) ?? new Set()).add(lease.address));
  }

  #nextUnissued(pool: string): Mac | undefined {
    const from = this.#cursors.get(pool) ?? 0;
    const { ranges = [] } = this.#content.pools.find(({ name }) => name === pool) ?? {};
    for (const { start, end } of ranges) {
      let address = Math.max(from, start);
      while (address <= end) {
        const at = address;
        const reserved = this.#content.reserved.find((range) => range.start <= at && at <= range.end);
        if (reserved !== undefined) address = reserved.end + 1;
        else if (this.leases.has(address)) address += 1;
        else return address;
      }
    }
    return undefined;
  }

  #fault(promise: Broken, entry: Entry, event: RegisterEvent, why: string): void {
    const address = formatMac(event.address ?? 0);
    const what = `${textOf(entry)}: event ${event.seq} (${event.kind} ${address}), but ${why}`;
    this.#violations.push({ promise, what });
  }
}

function isSame(one: Omit<Replayed, "token">, other: Omit<Replayed, "token">): boolean {
  return (
    one.owner === other.owner &&
    one.pool === other.pool &&
    one.installation === other.installation &&
    one.rotation === other.rotation
  );
}
