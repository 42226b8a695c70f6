import type { ErrorCode } from "../../provider/error";
import type { Rule } from "../../provider/lease/lease";
import type { Verdict } from "../../provider/lease/recover";
import { addressesOf, candidates, type ModelPool } from "./model-pool";

/** Who holds an address, and under which keepers. */
export interface Identity {
  readonly owner: string;
  readonly installation: string;
  readonly pool: string;
  readonly rotation: string;
}

/** What somebody asks for. */
export interface Ask extends Identity {
  /** The one address that will do. */
  readonly address: number | undefined;
  readonly adopt: boolean;
}

/** An address that somebody has or had. */
export interface Holding extends Identity {
  readonly address: number;
  readonly token: string;
  /** The change that made it what it is. */
  readonly seq: number;
  readonly acquiredAt: number;
  readonly releasedAt: number | undefined;
  /** Whether it is the one that its identity gets when it asks again. */
  readonly isFirst: boolean;
}

/** What the state of a stack remembers of an address it was granted. */
export interface Belief extends Identity {
  readonly address: number;
  readonly token: string;
  readonly seq: number;
}

/** One change of the register. */
export interface Change extends Identity {
  readonly kind: string;
  readonly address: number | undefined;
  readonly at: number;
}

export type Choice = { readonly rule: Rule; readonly address: number } | { readonly refusal: ErrorCode };

const NOBODY: Identity = { owner: "", installation: "", pool: "", rotation: "" };

/**
 * A register by its promises alone, in lists that are searched from end to end. It runs nothing of provider/lease, so that
 * a fault there is none of its own; there is no cursor, no index and no transaction in it.
 */
export class Model {
  readonly pools = new Map<string, ModelPool>();
  /** The one that changed last is last. */
  live: readonly Holding[] = [];
  /** The one that was released first is first. */
  released: readonly Holding[] = [];
  reserved: readonly { readonly start: number; readonly end: number }[] = [];
  readonly history = new Map<number, Change>();
  seq = 0;

  /** Returns a model of the same register that goes its own way. */
  copy(): Model {
    const copy = new Model();
    for (const [name, pool] of this.pools) copy.pools.set(name, pool);
    for (const [seq, change] of this.history) copy.history.set(seq, change);
    return Object.assign(copy, { live: this.live, released: this.released, reserved: this.reserved, seq: this.seq });
  }

  /** Returns the time of a change that is made while the clock shows `clock`: it never goes back. */
  now(clock: number): number {
    return Math.max(clock, this.history.get(this.seq)?.at ?? 0);
  }

  /** Returns what the register must answer. */
  choose(ask: Ask, clock: number): Choice {
    if (ask.address !== undefined) return this.#claim(ask, ask.address, clock);
    return this.#entitled(ask) ?? this.#allocated(ask, clock) ?? { refusal: "POOL_EXHAUSTED" };
  }

  /** Takes note of a grant. */
  grant(ask: Identity, rule: string, address: number, token: string, clock: number): Holding {
    const before = this.live.find((one) => one.address === address);
    const acquiredAt = before?.acquiredAt ?? this.now(clock);
    this.#forget(address);
    const seq = this.change(rule, ask, address, clock);
    const isFirst = ask.owner !== "" && !this.live.some((one) => one.isFirst && isSame(one, ask));
    const { owner, installation, pool, rotation } = ask;
    const identity = { owner, installation, pool, rotation };
    const holding = { ...identity, address, token, seq, acquiredAt, releasedAt: undefined, isFirst };
    this.live = [...this.live, holding];
    return holding;
  }

  /** Takes note of a release; returns false when that token has nothing to release. */
  release(address: number, token: string, clock: number): boolean {
    const holding = this.live.find((one) => one.address === address && one.token === token);
    if (holding === undefined) return false;
    this.#forget(address);
    const releasedAt = this.now(clock);
    const seq = this.change("release", holding, address, clock);
    this.released = [...this.released, { ...holding, seq, releasedAt, isFirst: false }];
    return true;
  }

  /** Takes note of a reservation that is made or, with `isEnded`, ended; returns whether that changes anything. */
  reserve(start: number, end: number, isEnded: boolean, clock: number): boolean {
    const others = this.reserved.filter((one) => one.start !== start || one.end !== end);
    const isThere = others.length < this.reserved.length;
    if (isThere !== isEnded) return false;
    this.reserved = isEnded ? others : [...others, { start, end }];
    this.change(isEnded ? "unreserve" : "reserve", NOBODY, start, clock);
    return true;
  }

  /**
   * Takes note of what becomes of a pool, which gets whatever was released there by any; returns false when a live lease
   * would lie outside, or another pool has an address.
   */
  resize(name: string, pool: ModelPool, clock: number): boolean {
    const addresses = addressesOf(pool);
    if (this.live.some((one) => one.pool === name && !addresses.includes(one.address))) return false;
    const others = [...this.pools].filter(([other]) => other !== name).flatMap(([, other]) => addressesOf(other));
    if (others.some((address) => addresses.includes(address))) return false;
    this.pools.set(name, pool);
    this.released = this.released.map((one) => (addresses.includes(one.address) ? { ...one, pool: name } : one));
    this.change("update-pool", { ...NOBODY, pool: name }, undefined, clock);
    return true;
  }

  /** Takes note of any change and returns its number. */
  change(kind: string, who: Identity, address: number | undefined, clock: number): number {
    const at = this.now(clock);
    this.seq += 1;
    this.history.set(this.seq, { ...who, kind, address, at });
    return this.seq;
  }

  /** Returns whether the register knows the grant that a state remembers. */
  knows({ seq, address, owner, installation }: Belief): boolean {
    const change = this.history.get(seq);
    const isTheirs = change?.owner === owner && change.installation === installation;
    return isTheirs && change.address === address && !/reserve/.test(change.kind);
  }

  /** Takes note of what becomes of the leases that states remember, and returns a verdict on each. */
  recover(beliefs: readonly Belief[], clock: number): readonly Verdict[] {
    const newest = Math.max(0, ...beliefs.map(({ seq }) => seq));
    return beliefs.map((belief) => {
      const rivals = beliefs.filter(({ address }) => address === belief.address);
      const isContested = rivals.some(({ token }) => token !== belief.token);
      const verdict = isContested ? "duplicate" : this.#verdict(belief);
      if (verdict === "duplicate" ? this.#keepsFor(belief, rivals) : /^(insert|renew)$/.test(verdict)) {
        // What is put back is later than every state.
        const at = this.now(clock);
        this.seq = Math.max(this.seq, newest);
        this.grant(belief, "recover", belief.address, belief.token, at);
      }
      return verdict;
    });
  }

  /** Returns how a pool is divided up. */
  usage(name: string, clock: number) {
    const pool = this.#pool(name);
    const groups = addressesOf(pool).map((address) => {
      const gone = this.released.find((one) => one.address === address);
      if (this.live.some((one) => one.address === address)) return "live";
      if (this.#isReserved(address)) return "reserved";
      if (gone === undefined) return "neverIssued";
      return this.#isOver(gone, pool, clock) ? "reusable" : "quarantined";
    });
    const count = (group: string) => groups.filter((one) => one === group).length;
    const [live, quarantined, reusable] = [count("live"), count("quarantined"), count("reusable")];
    return {
      size: pool.size,
      live,
      quarantined,
      reusable,
      reserved: count("reserved"),
      neverIssued: count("neverIssued"),
    };
  }

  #claim(ask: Ask, address: number, clock: number): Choice {
    const pool = this.#pool(ask.pool);
    const holder = this.live.find((one) => one.address === address);
    const isNamed = ask.owner !== "";
    if (holder !== undefined && isNamed && isSame({ ...holder, rotation: ask.rotation }, ask)) {
      return { rule: "keep", address };
    }
    if (!addressesOf(pool).includes(address)) return { refusal: "ADDRESS_OUTSIDE_POOL" };
    if (this.#isReserved(address)) return { refusal: "ADDRESS_RESERVED" };
    if (holder !== undefined) {
      const isTakeable = holder.owner === ask.owner || holder.installation === "import";
      return isNamed && ask.adopt && isTakeable ? { rule: "adopt", address } : { refusal: "ADDRESS_TAKEN" };
    }
    const former = this.released.find((one) => one.address === address);
    if (former === undefined) return { rule: "claim", address };
    if (isNamed && former.owner === ask.owner) return { rule: "reclaim", address };
    return this.#isOver(former, pool, clock) ? { rule: "claim", address } : { refusal: "ADDRESS_QUARANTINED" };
  }

  #entitled(ask: Ask): Choice | undefined {
    if (ask.owner === "") return undefined;
    const isOwners = (one: Holding) => one.owner === ask.owner && one.pool === ask.pool;
    const own = this.live.filter((one) => isSame(one, ask));
    const kept = own.find((one) => one.isFirst) ?? own.at(-1);
    if (kept !== undefined) return { rule: "keep", address: kept.address };
    const other = this.live.findLast((one) => isOwners(one) && one.installation !== ask.installation);
    if (ask.adopt && other !== undefined) return { rule: "adopt", address: other.address };
    const isBack = (one: Holding) => one.rotation === ask.rotation && this.#isUsable(one.address, ask.pool);
    const lost = this.released.findLast((one) => isOwners(one) && isBack(one));
    return lost === undefined ? undefined : { rule: "reclaim", address: lost.address };
  }

  #allocated(ask: Ask, clock: number): Choice | undefined {
    const pool = this.#pool(ask.pool);
    const holderOf = (address: number) => this.live.find((one) => one.address === address);
    const formerOf = (address: number) => this.released.find((one) => one.address === address);
    if (pool.isDerived && ask.owner !== "") {
      const derived = candidates(ask.pool, pool, ask.owner).find((address) => {
        const former = formerOf(address);
        const isFree = former === undefined || (former.owner !== ask.owner && this.#isOver(former, pool, clock));
        return isFree && holderOf(address) === undefined && this.#isUsable(address, ask.pool);
      });
      if (derived !== undefined) return { rule: "derive", address: derived };
    }
    const isNew = (address: number) => holderOf(address) === undefined && formerOf(address) === undefined;
    const next = addressesOf(pool).find((address) => isNew(address) && this.#isUsable(address, ask.pool));
    if (next !== undefined) return { rule: "sequence", address: next };
    const oldest = this.released.find((one) => one.pool === ask.pool && this.#isUsable(one.address, ask.pool));
    if (oldest === undefined || !this.#isOver(oldest, pool, clock)) return undefined;
    return { rule: "reuse", address: oldest.address };
  }

  #verdict(belief: Belief): Verdict {
    const holder = this.live.find((one) => one.address === belief.address);
    const known = this.knows(belief);
    const hasMovedOn = (one: Holding) => one.seq > belief.seq && (known || !this.history.has(belief.seq));
    if (holder === undefined) {
      const former = this.released.find((one) => one.address === belief.address);
      if (former !== undefined && hasMovedOn(former)) return "stale";
      return this.#isUsable(belief.address, belief.pool) ? "insert" : "conflict";
    }
    if (holder.token === belief.token) {
      const wasPutBack = holder.seq > belief.seq && this.history.get(holder.seq)?.kind === "recover";
      return known || wasPutBack ? "present" : "renew";
    }
    if (holder.owner !== belief.owner || holder.installation !== belief.installation) return "conflict";
    return hasMovedOn(holder) ? "stale" : "renew";
  }

  /** Of several states that have one address nobody holds, the latest gets it. */
  #keepsFor(belief: Belief, rivals: readonly Belief[]): boolean {
    const latest = Math.max(...rivals.map(({ seq }) => seq));
    const isLatest = rivals.find(({ seq }) => seq === latest) === belief;
    const isHeld = this.live.some((one) => one.address === belief.address);
    return isLatest && !isHeld && this.#isUsable(belief.address, belief.pool);
  }

  #pool(name: string): ModelPool {
    const pool = this.pools.get(name);
    if (pool === undefined) throw new Error(`the model has no pool ${name}`);
    return pool;
  }

  #forget(address: number): void {
    this.live = this.live.filter((one) => one.address !== address);
    this.released = this.released.filter((one) => one.address !== address);
  }

  #isReserved(address: number): boolean {
    return this.reserved.some(({ start, end }) => start <= address && address <= end);
  }

  #isUsable(address: number, pool: string): boolean {
    return addressesOf(this.#pool(pool)).includes(address) && !this.#isReserved(address);
  }

  #isOver(former: Holding, pool: ModelPool, clock: number): boolean {
    return (former.releasedAt ?? 0) + pool.quarantine <= this.now(clock);
  }
}

function isSame(one: Identity, other: Identity): boolean {
  return (
    one.owner === other.owner &&
    one.installation === other.installation &&
    one.pool === other.pool &&
    one.rotation === other.rotation
  );
}
