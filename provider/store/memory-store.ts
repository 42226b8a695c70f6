import { createPool, reserve } from "../lease/administer";
import { isAboutLease, isOfAddress, type Lease, type PoolUsage, type RegisterEvent } from "../lease/lease";
import type { Ledger } from "../lease/ledger";
import { compareOwners } from "../lease/owner";
import type { Pool, Reservation } from "../lease/pool";
import { Reservations } from "../lease/reservations";
import { countsOf, usageOf } from "../lease/usage";
import type { Mac } from "../mac/mac";
import { contains, type Range } from "../mac/range";
import { ForwardClock } from "./forward-clock";
import { type LedgerBackend, ledgerStore } from "./ledger-store";
import type { RegisterRecord } from "./record";
import type { EventFilter, InitialContent, LeaseFilter, LeaseStore, StoreContext } from "./store";

/** Returns a register that lives as long as the process: the plainest form of the contract, for tests and trials. */
export function createMemoryStore(content: InitialContent, context: StoreContext): LeaseStore {
  const ledger = new MemoryLedger(context);
  ledger.startAbove(content.seqAbove ?? 0);
  ledger.append({ kind: "init", address: undefined, pool: "", owner: "", installation: "" });
  for (const pool of content.pools) createPool(pool, ledger);
  for (const reservation of content.reservations) reserve(reservation, ledger);
  return ledgerStore(new MemoryBackend(ledger, { storeId: content.storeId, createdAt: ledger.now }));
}

interface Birth {
  readonly storeId: string;
  readonly createdAt: number;
}

class MemoryBackend implements LedgerBackend {
  readonly location = "memory";
  readonly #ledger: MemoryLedger;
  readonly #birth: Birth;

  constructor(ledger: MemoryLedger, birth: Birth) {
    this.#ledger = ledger;
    this.#birth = birth;
  }

  async identity() {
    return { storeId: this.#birth.storeId, seq: this.#ledger.events.at(-1)?.seq ?? 0 };
  }

  async write<T>(work: (ledger: Ledger) => T): Promise<T> {
    return work(this.#ledger);
  }

  async read<T>(work: (view: Ledger) => T): Promise<T> {
    return work(this.#ledger);
  }

  async *leases(filter: LeaseFilter): AsyncIterable<Lease> {
    const isByOwner = filter.owner !== undefined || filter.ownerPrefix !== undefined;
    const all = this.#ledger.byAddress();
    yield* (isByOwner ? all.toSorted(byOwner) : all).filter(
      (lease) =>
        (filter.pool === undefined || lease.pool === filter.pool) &&
        (filter.owner === undefined || lease.owner === filter.owner) &&
        (filter.ownerPrefix === undefined || lease.owner.startsWith(filter.ownerPrefix)) &&
        (filter.state === undefined || (lease.releasedAt === undefined) === (filter.state === "live")),
    );
  }

  async *events(filter: EventFilter): AsyncIterable<RegisterEvent> {
    yield* this.#ledger.events.filter(
      (event) =>
        (filter.address === undefined || isOfAddress(event, filter.address)) &&
        (filter.owner === undefined || event.owner === filter.owner),
    );
  }

  async *dump(): AsyncIterable<RegisterRecord> {
    yield* [{ record: "register" as const, ...this.#birth }, ...this.#ledger.records()];
  }

  async verify() {
    return { faults: [], leases: this.#ledger.byAddress().length };
  }

  async close(): Promise<void> {
    // Nothing is held but memory.
  }
}

/** The order of owners; leases of one that are alike stay in order of address. */
function byOwner(one: Lease, other: Lease): number {
  const isReleased = ({ releasedAt }: Lease) => (releasedAt === undefined ? 0 : 1);
  return compareOwners(one.owner, other.owner) || isReleased(one) - isReleased(other);
}

class MemoryLedger implements Ledger {
  readonly events: RegisterEvent[] = [];
  readonly #context: StoreContext;
  readonly #clock: ForwardClock;
  #seq = 0;
  readonly #leases = new Map<Mac, Lease>();
  readonly #pools = new Map<string, Pool>();
  readonly #retired = new Map<string, Pool>();
  readonly #cursors = new Map<string, Mac>();
  readonly #reservations = new Reservations();

  constructor(context: StoreContext) {
    this.#context = context;
    this.#clock = new ForwardClock(context, "memory");
  }

  get now(): number {
    return this.#clock.notBefore(this.events.at(-1)?.at ?? 0);
  }

  byAddress(): readonly Lease[] {
    return [...this.#leases.values()].sort((one, other) => one.address - other.address);
  }

  event(seq: number): RegisterEvent | undefined {
    return this.events.find((event) => event.seq === seq);
  }

  pool(name: string): Pool | undefined {
    return this.#pools.get(name);
  }

  pools(): readonly Pool[] {
    return [...this.#pools.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  poolNamesEver(): readonly string[] {
    return [...this.#pools.keys(), ...this.#retired.keys()];
  }

  reservations(): readonly Reservation[] {
    return this.#reservations.all();
  }

  reservationAt(address: Mac): Reservation | undefined {
    return this.#reservations.at(address);
  }

  reservationOf(range: Range): Reservation | undefined {
    return this.#reservations.of(range);
  }

  at(address: Mac): Lease | undefined {
    return this.#leases.get(address);
  }

  live(owner: string, pool: string): readonly Lease[] {
    return this.#newestFirst(pool).filter((lease) => lease.owner === owner && lease.releasedAt === undefined);
  }

  released(owner: string, pool: string): readonly Lease[] {
    return this.#newestFirst(pool).filter((lease) => lease.owner === owner && lease.releasedAt !== undefined);
  }

  liveWithin(start: Mac, end: Mac, pool: string): Lease | undefined {
    return this.byAddress().find(
      (lease) =>
        lease.pool === pool && lease.address >= start && lease.address <= end && lease.releasedAt === undefined,
    );
  }

  countLive({ start, end }: Range): number {
    return this.byAddress().filter(
      ({ address, releasedAt }) => address >= start && address <= end && releasedAt === undefined,
    ).length;
  }

  cursor(pool: string): Mac {
    return this.#cursors.get(pool) ?? 0;
  }

  nextUnissued(pool: Pool, from = this.cursor(pool.name)): Mac | undefined {
    for (const range of pool.ranges) {
      let address = Math.max(range.start, from);
      while (address <= range.end) {
        const reserved = this.reservationAt(address);
        if (reserved === undefined && !this.#leases.has(address)) return address;
        address = (reserved?.end ?? address) + 1;
      }
    }
    return undefined;
  }

  longestReleased(pool: string): Iterable<Lease> {
    return this.#newestFirst(pool)
      .filter((lease) => lease.releasedAt !== undefined)
      .reverse();
  }

  usage(pool: Pool): PoolUsage {
    const over = this.now - pool.quarantineSeconds * 1000;
    const all = this.byAddress();
    return usageOf(pool, this.reservations(), (range) => {
      const leases = all.filter(({ address }) => contains([range], address));
      const releases = leases.map(({ releasedAt }) => releasedAt);
      return countsOf(releases, over);
    });
  }

  append(event: Omit<RegisterEvent, "seq" | "at" | "actor">): Pick<RegisterEvent, "seq" | "at"> {
    const { kind, address, pool, owner, installation } = event;
    this.#seq += 1;
    const seq = this.#seq;
    const at = this.now;
    this.events.push({ seq, at, kind, address, pool, owner, installation, actor: this.#context.actor });
    return { seq, at };
  }

  startAbove(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  put(lease: Lease): void {
    this.#leases.set(lease.address, lease);
  }

  setCursor(pool: string, address: Mac): void {
    this.#cursors.set(pool, address);
  }

  putPool(pool: Pool): void {
    this.#pools.set(pool.name, pool);
    this.#retired.delete(pool.name);
    for (const lease of this.byAddress()) {
      if (lease.releasedAt !== undefined && contains(pool.ranges, lease.address))
        this.put({ ...lease, pool: pool.name });
    }
  }

  retirePool(name: string): void {
    const pool = this.#pools.get(name);
    if (pool !== undefined) this.#retired.set(name, { ...pool, ranges: [], size: 0, managedBy: undefined });
    this.#pools.delete(name);
  }

  putReservation(reservation: Reservation): void {
    this.#reservations.put(reservation);
  }

  removeReservation(range: Range): void {
    this.#reservations.remove(range);
  }

  /** Returns all that the ledger holds, in the order of a dump. */
  records(): readonly RegisterRecord[] {
    return [
      ...this.#poolRecords(),
      ...this.#reservations.own().map((reservation) => ({ record: "reservation" as const, reservation })),
      ...this.byAddress().map((lease) => ({ record: "lease" as const, lease })),
      ...this.#eventRecords(),
    ];
  }

  newToken(): string {
    return this.#context.newToken();
  }

  #poolRecords(): readonly RegisterRecord[] {
    return [...this.#pools.values(), ...this.#retired.values()]
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((pool) => {
        const isRetired = this.#retired.has(pool.name);
        return { record: "pool", pool, cursor: this.cursor(pool.name), isRetired };
      });
  }

  #eventRecords(): readonly RegisterRecord[] {
    const newest = new Map<Mac | undefined, number>();
    return this.events.map((event) => {
      const isOfLease = isAboutLease(event);
      const before = isOfLease ? newest.get(event.address) : undefined;
      if (isOfLease) newest.set(event.address, event.seq);
      return { record: "event", event, before };
    });
  }

  #newestFirst(pool: string): readonly Lease[] {
    return [...this.#leases.values()].filter((lease) => lease.pool === pool).sort((one, other) => other.seq - one.seq);
  }
}
