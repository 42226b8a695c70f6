import { randomUUID } from "node:crypto";
import { isAboutLease, type Lease, type PoolUsage, type RegisterEvent } from "../../lease/lease";
import type { Ledger } from "../../lease/ledger";
import type { Pool } from "../../lease/pool";
import { countsOf, type LeaseCounts, totalOf, usageOf } from "../../lease/usage";
import type { Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { DefiningLedger } from "../defining-ledger";
import type { RegisterClock } from "../forward-clock";
import type { Definitions } from "./definitions";
import { isVacant, occupancyOf } from "./occupancy";
import { Parts } from "./parts";
import { type Answers, keyOf, type Occupancy, Questions } from "./questions";
import { WrittenLeases } from "./written-leases";

/** What time it is for a draft, and who is at work. */
export interface DraftContext {
  readonly clock: RegisterClock;
  readonly actor: string;
  /** The part of a relaxed pool to look at first. */
  readonly part: number;
}

/** An event that is to be written, under the number it will have if nobody else writes meanwhile. */
export interface DraftEvent extends RegisterEvent {
  /** The number of the event before it at its address. */
  readonly before: number | undefined;
}

/** How many of the longest-released leases are looked at first. */
const FIRST_RELEASED = 16;

/**
 * A ledger in memory: answers of one moment, and over them what the transaction writes. What it was not told it takes to be
 * empty - no lease, no event - and notes that in `unknown`: either somebody asks and the work runs again, or
 * the register itself checks the assumption when it is written to (see apply.ts).
 */
export class DraftLedger extends DefiningLedger<Definitions> implements Ledger {
  /** Tells what this draft writes from all else: 64 bits, 62 of them at random, as a decimal number. */
  readonly writeId = newWriteId();
  /** The one moment the transaction is for. */
  readonly now: number;
  /** All that was asked. */
  readonly asked = new Questions();
  /** How many questions had no answer. */
  unknown = 0;
  /** How many of those the register does not check when it is written to. */
  unchecked = 0;
  readonly events: DraftEvent[] = [];
  readonly #eventsByNumber = new Map<number, DraftEvent>();
  /** Every lease that was written, in order. */
  readonly writes: Lease[] = [];
  readonly movedCursors = new Map<string, Mac>();
  /** Of relaxed pools. */
  readonly parts: Parts;
  /** Where tokens come from. */
  newToken: () => string = () => "";
  /** Numbers begin above this, whatever the register's own counter says. */
  startsAbove: number | undefined;
  readonly #answers: Answers;
  readonly #context: DraftContext;
  readonly #written = new WrittenLeases();
  #seq: number;

  constructor(answers: Answers, context: DraftContext) {
    super(answers.definitions.draft());
    this.#answers = answers;
    this.#context = context;
    this.#seq = answers.newest.seq;
    this.parts = new Parts(
      context.part,
      (pool) => this.#partsOf(pool),
      (start, end) => this.#firstGap(start, end),
    );
    this.now = context.clock.notBefore(answers.newest.at);
  }

  /** The last that is to be written of each address. */
  get written(): ReadonlyMap<Mac, Lease> {
    return this.#written.all;
  }

  /** How much is to be written so far. */
  get size(): number {
    return this.events.length + this.writes.length + this.definitions.changes.length;
  }

  /** Whether it changes what everybody else relies on. */
  get isDefining(): boolean {
    return this.definitions.changes.length > 0 || this.startsAbove !== undefined;
  }

  protected noteChange(): void {
    // The definitions keep what has changed themselves.
  }

  event(seq: number): RegisterEvent | undefined {
    const own = this.#eventsByNumber.get(seq);
    if (own !== undefined) return own;
    this.asked.events.add(seq);
    return this.#answer(this.#answers.events, seq, undefined);
  }

  at(address: Mac): Lease | undefined {
    return this.written.get(address) ?? this.before(address);
  }

  /** Returns the lease that the register has of an address before this transaction. */
  before(address: Mac): Lease | undefined {
    if (isVacant(address, this.#answers.occupancies)) return undefined;
    this.asked.leases.add(address);
    if (this.#answers.leases.has(address)) return this.#answers.leases.get(address);
    const listed = this.#listed().get(address);
    if (listed !== undefined) return listed;
    this.unknown += 1;
    return undefined;
  }

  live(owner: string, pool: string): readonly Lease[] {
    return this.#ofOwner(owner, pool).filter(({ releasedAt }) => releasedAt === undefined);
  }

  released(owner: string, pool: string): readonly Lease[] {
    return this.#ofOwner(owner, pool).filter(({ releasedAt }) => releasedAt !== undefined);
  }

  liveWithin(start: Mac, end: Mac, pool: string): Lease | undefined {
    const except = this.#written.within({ start, end });
    const key = keyOf(start, end, pool, ...except);
    this.asked.lowest.set(key, { start, end, pool, except });
    const found = this.#unchecked(this.#answers.lowest, key, undefined);
    const own = except
      .flatMap((address) => this.written.get(address) ?? [])
      .find((lease) => lease.releasedAt === undefined && lease.pool === pool);
    if (own === undefined || found === undefined) return own ?? found;
    return own.address < found.address ? own : found;
  }

  countLive(range: Range): number {
    return this.#countsIn(range, 0).live;
  }

  cursor(pool: string): Mac {
    return this.movedCursors.get(pool) ?? this.#answers.cursors.get(pool) ?? 0;
  }

  nextUnissued(pool: Pool, from = this.cursor(pool.name)): Mac | undefined {
    for (const range of pool.ranges) {
      if (range.end < from) continue;
      const found = this.#firstGap(Math.max(from, range.start), range.end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  nextRelaxed(pool: Pool): Mac | undefined {
    const found = this.parts.next(pool);
    if (found !== undefined) return found;
    // What came in below where a part goes on is found in order; once there is nothing, nobody needs to look again.
    const address = this.nextUnissued(pool);
    if (address === undefined) this.setCursor(pool.name, (pool.ranges.at(-1)?.end ?? 0) + 1);
    return address;
  }

  *longestReleased(pool: string): Iterable<Lease> {
    const limit = this.#answers.released.get(pool)?.leases.length ?? 0;
    this.asked.released.set(pool, Math.max(limit, FIRST_RELEASED));
    const { leases, isAll } = this.#unchecked(this.#answers.released, pool, { leases: [], isAll: true });
    for (const lease of leases) {
      if (this.written.has(lease.address)) continue;
      this.asked.leases.add(lease.address);
      yield lease;
    }
    if (!isAll) {
      this.asked.released.set(pool, 4 * limit);
      this.unknown += 1;
      this.unchecked += 1;
    }
    yield* this.#written.released(pool);
  }

  usage(pool: Pool): PoolUsage {
    const over = this.now - pool.quarantineSeconds * 1000;
    return usageOf(pool, this.reservations(), (range) => this.#countsIn(range, over));
  }

  append(event: Omit<RegisterEvent, "seq" | "at" | "actor">): Pick<RegisterEvent, "seq" | "at"> {
    const { kind, address, pool, owner, installation } = event;
    this.#seq += 1;
    const before = isAboutLease(event) && address !== undefined ? this.at(address)?.seq : undefined;
    const { now: at } = this;
    const { actor } = this.#context;
    const recorded = { seq: this.#seq, at, kind, address, pool, owner, installation, actor, before };
    this.events.push(recorded);
    this.#eventsByNumber.set(recorded.seq, recorded);
    return { seq: this.#seq, at };
  }

  startAbove(seq: number): void {
    if (seq <= this.#seq) return;
    this.#seq = seq;
    this.startsAbove = seq;
  }

  put(lease: Lease): void {
    this.writes.push(lease);
    this.#written.put(lease);
  }

  setCursor(pool: string, address: Mac): void {
    if (!this.parts.hasIssued(address - 1)) this.movedCursors.set(pool, address);
  }

  #answer<Key, Answer>(answers: ReadonlyMap<Key, Answer>, key: Key, otherwise: Answer): Answer {
    if (!answers.has(key)) this.unknown += 1;
    return answers.get(key) ?? otherwise;
  }

  #unchecked<Key, Answer>(answers: ReadonlyMap<Key, Answer>, key: Key, otherwise: Answer): Answer {
    if (!answers.has(key)) this.unchecked += 1;
    return this.#answer(answers, key, otherwise);
  }

  #ofOwner(owner: string, pool: string): readonly Lease[] {
    const key = keyOf(owner, pool);
    this.asked.owners.set(key, { owner, pool });
    const found = this.#answer(this.#answers.owners, key, []);
    const own = this.#written.ofOwner(owner, pool);
    return [...found.filter(({ address }) => !this.written.has(address)), ...own].sort(
      (one, other) => other.seq - one.seq,
    );
  }

  #countsIn({ start, end }: Range, over: number): LeaseCounts {
    const except = this.#written.within({ start, end });
    const key = keyOf(start, end, over, ...except);
    this.asked.counts.set(key, { start, end, over, except });
    const counts = this.#unchecked(this.#answers.counts, key, countsOf([], over));
    const releases = except.map((address) => this.written.get(address)?.releasedAt);
    return totalOf([counts, countsOf(releases, over)]);
  }

  #partsOf(pool: string): ReadonlyMap<number, Mac> {
    this.asked.parts.add(pool);
    return this.#unchecked(this.#answers.parts, pool, new Map());
  }

  #firstGap(start: Mac, end: Mac): Mac | undefined {
    let address = start;
    while (address <= end) {
      const reserved = this.reservationAt(address);
      const occupancy = this.#occupancyAt(address, end);
      if (reserved !== undefined) address = reserved.end + 1;
      else if (address < occupancy.gap) address = occupancy.gap;
      else if (this.written.has(address) || occupancy.taken.includes(address)) address += 1;
      else return address;
    }
    return undefined;
  }

  /** Returns what is known of the addresses from `address` on; asks if that is nothing. */
  #occupancyAt(address: Mac, end: Mac): Occupancy {
    const known = occupancyOf(address, this.#answers.occupancies);
    if (known !== undefined) {
      const [key, { start, end: last }] = known;
      this.asked.occupancies.set(key, { start, end: last });
      return known[1];
    }
    this.asked.occupancies.set(keyOf(address, end), { start: address, end });
    this.unknown += 1;
    return { start: address, end, gap: address, taken: [] };
  }

  /** What lists say of single addresses. */
  #listed(): ReadonlyMap<Mac, Lease> {
    this.#known ??= new Map(
      [...this.#answers.owners.values(), ...[...this.#answers.released.values()].map(({ leases }) => leases)]
        .flat()
        .map((lease) => [lease.address, lease]),
    );
    return this.#known;
  }

  #known: ReadonlyMap<Mac, Lease> | undefined;
}

/** From the end of a UUID, because Node draws those in stock and other random numbers one by one. */
function newWriteId(): string {
  return BigInt.asIntN(64, BigInt(`0x${randomUUID().replaceAll("-", "").slice(16)}`)).toString();
}
