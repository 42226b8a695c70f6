import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { isAboutLease, type Lease, type PoolUsage, type RegisterEvent } from "../../lease/lease";
import type { Ledger } from "../../lease/ledger";
import type { Pool } from "../../lease/pool";
import { usageOf } from "../../lease/usage";
import type { Mac } from "../../mac/mac";
import type { Range } from "../../mac/range";
import { DefiningLedger } from "../defining-ledger";
import { ForwardClock } from "../forward-clock";
import { assertSchemaKnown, newestSchema } from "../migrations";
import { eventOfRow, leaseOfRow } from "../rows";
import type { StoreContext } from "../store";
import { Definitions } from "./definitions";
import { type LedgerStatements, ledgerStatements, type Newest, NO_LEASES } from "./ledger-statements";
import { Names, restOf, scopeOf } from "./names";
import { type EventStamp, eventValues, leaseValues } from "./rows";

/** The ledger of one connection. Its answers are of one moment only inside a transaction. */
export class SqliteLedger extends DefiningLedger<Definitions> implements Ledger {
  readonly #location: string;
  readonly #context: StoreContext;
  readonly #clock: ForwardClock;
  readonly #names: Names;
  readonly #sql: LedgerStatements;
  #newest: Newest | undefined;
  #least = 0;
  #holdings: Holdings | undefined;
  /** The address that was looked at last, and the number of its newest event, until something is written about it. */
  #seen: { readonly address: Mac; readonly seq: number | undefined } | undefined;
  /** The event of a lease that is about to be put, which has one row for both. */
  #pending: Pending | undefined;
  /** Cursors that were moved and are not yet written, by the pool's row id: a batch moves one for every address. */
  readonly #cursors = new Map<number, Mac>();
  #writes = 0;

  constructor(database: Database.Database, context: StoreContext) {
    super(new Definitions(database));
    this.#location = database.name;
    this.#context = context;
    this.#clock = new ForwardClock(context, database.name);
    this.#names = new Names(database);
    this.#sql = ledgerStatements(database);
  }

  /** Rows written by this ledger since it was made. */
  get writes(): number {
    return this.#writes;
  }

  /** The register's change counter. */
  get seq(): number {
    return this.#sql.newest.get()?.seq ?? 0;
  }

  get now(): number {
    return this.#clock.notBefore(this.#latest().at);
  }

  /**
   * To be called when a transaction begins; returns a number that only commits of other connections change.
   *
   * @throws MacpoolError REGISTER_TOO_NEW.
   */
  refresh(): unknown {
    this.#least = 0;
    this.#holdings = undefined;
    this.#seen = undefined;
    this.#pending = undefined;
    this.#cursors.clear();
    if (this.definitions.refresh()) {
      this.#newest = undefined;
      // A newer version of the package may have upgraded the register under us.
      assertSchemaKnown(this.#location, this.#sql.schema.get() ?? 0, newestSchema("sqlite"));
    }
    return this.definitions.version;
  }

  /**
   * Writes what was put off; to be called before a transaction is committed.
   *
   * @throws MacpoolError INTERNAL when the lease of an event was not put.
   */
  flush(): void {
    this.#assertNothingPending();
    for (const [pool, address] of this.#cursors) this.#sql.setCursor.run(address, pool);
    this.#cursors.clear();
  }

  startAbove(seq: number): void {
    this.#least = Math.max(this.#least, seq);
  }

  /** Drops what was remembered of a transaction that was undone. */
  forget(): void {
    this.#newest = undefined;
    this.#holdings = undefined;
    this.#seen = undefined;
    this.#pending = undefined;
    this.#names.forget();
    this.definitions.forget();
  }

  event(seq: number): RegisterEvent | undefined {
    const row = this.#sql.event.get(seq);
    return row === undefined ? undefined : eventOfRow(row);
  }

  at(address: Mac): Lease | undefined {
    // Nearly always nobody has it, which the index tells in less time.
    const row = this.#newestAt(address) === undefined ? undefined : this.#sql.at.get(address);
    return row === undefined ? undefined : leaseOfRow(row);
  }

  live(owner: string, pool: string): readonly Lease[] {
    return this.#heldBy(owner, pool).live;
  }

  released(owner: string, pool: string): readonly Lease[] {
    return this.#heldBy(owner, pool).released;
  }

  liveWithin(start: Mac, end: Mac, pool: string): Lease | undefined {
    // One that is only planned has no lease yet.
    const id = this.definitions.idIfAny(pool);
    const row = id === null ? undefined : this.#sql.liveWithin.get(start, end, id);
    return row === undefined ? undefined : leaseOfRow(row);
  }

  countLive({ start, end }: Range): number {
    return this.#sql.liveCount.get({ start, end })?.count ?? 0;
  }

  nextUnissued(pool: Pool, from = this.cursor(pool.name)): Mac | undefined {
    for (const range of pool.ranges) {
      if (range.end < from) continue;
      const found = this.#firstGap(Math.max(from, range.start), range.end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  *longestReleased(pool: string): Iterable<Lease> {
    for (const row of this.#sql.longestReleased.iterate(this.definitions.id(pool))) yield leaseOfRow(row);
  }

  usage(pool: Pool): PoolUsage {
    const over = this.now - pool.quarantineSeconds * 1000;
    return usageOf(pool, this.reservations(), ({ start, end }) => {
      const { oldestQuarantined, ...counts } = this.#sql.counts.get({ start, end, over }) ?? NO_LEASES;
      return { ...counts, oldestQuarantined: oldestQuarantined ?? undefined };
    });
  }

  append(event: Omit<RegisterEvent, "seq" | "at" | "actor">): Newest {
    const seq = Math.max(this.#latest().seq, this.#least) + 1;
    const at = this.now;
    this.#assertNothingPending();
    this.#writes += 1;
    const { address, kind, owner, installation } = event;
    const names = {
      scope: this.#names.id(scopeOf(owner)),
      installation: this.#names.id(installation),
      actor: this.#names.id(this.#context.actor),
    };
    // What happens to reserved ranges is no part of the history of the address they begin with.
    if (address !== undefined && isAboutLease(event)) {
      this.#pending = { address, kind, stamp: { seq, at, ...names, before: this.#newestAt(address) } };
    } else {
      this.#sql.append.run(...eventValues(event, { seq, at, ...names, before: undefined }));
    }
    this.#newest = { seq, at };
    return this.#newest;
  }

  put(lease: Lease): void {
    const { address, kind, stamp } = this.#pending ?? {};
    if (kind === undefined || stamp === undefined || address !== lease.address || stamp.seq !== lease.seq) {
      throw outOfStep("A lease was to be written without its event");
    }
    const pool = this.definitions.id(lease.pool);
    this.#pending = undefined;
    this.#seen = undefined;
    this.#writes += 1;
    if (stamp.before !== undefined) this.#sql.supersede.run(stamp.before);
    this.#sql.put.run(...leaseValues(lease, kind, pool, stamp));
  }

  cursor(pool: string): Mac {
    const id = this.definitions.id(pool);
    return this.#cursors.get(id) ?? this.#sql.cursor.get(id)?.cursor ?? 0;
  }

  setCursor(pool: string, address: Mac): void {
    this.#writes += 1;
    this.#cursors.set(this.definitions.id(pool), address);
  }

  protected noteChange(): void {
    this.#writes += 1;
  }

  newToken(): string {
    return this.#context.newToken();
  }

  /** Live and released leases are asked for one after the other, so both are read at once. */
  #heldBy(owner: string, pool: string): Holdings {
    const known = this.#holdings;
    if (known?.owner === owner && known.pool === pool && known.asOf === this.#writes) return known;
    this.#holdings = { owner, pool, asOf: this.#writes, ...this.#holdingsOf(owner, pool) };
    return this.#holdings;
  }

  #holdingsOf(owner: string, pool: string): Pick<Holdings, "live" | "released"> {
    const scope = this.#names.idIfAny(scopeOf(owner));
    if (scope === undefined) return NOTHING;
    const key = [scope, restOf(owner), this.definitions.idIfAny(pool)] as const;
    // Whoever asks for an address has mostly none yet.
    if (this.#sql.holdsAny.get(...key, ...key) === undefined) return NOTHING;
    const leases = this.#sql.held.all(...key, ...key).map(leaseOfRow);
    return {
      live: leases.filter(({ releasedAt }) => releasedAt === undefined).sort(newestFirst),
      released: leases.filter(({ releasedAt }) => releasedAt !== undefined).sort(newestFirst),
    };
  }

  /** The newest event; others may add one only between transactions, which `refresh` notices. */
  #latest(): Newest {
    this.#newest ??= this.#sql.newest.get() ?? { seq: 0, at: 0 };
    return this.#newest;
  }

  #newestAt(address: Mac): number | undefined {
    if (this.#seen?.address !== address) this.#seen = { address, seq: this.#sql.newestAt.get(address) };
    return this.#seen.seq;
  }

  #assertNothingPending(): void {
    if (this.#pending !== undefined) throw outOfStep("An event was to be written without its lease");
  }

  #firstGap(start: Mac, end: Mac): Mac | undefined {
    let address = start;
    while (address <= end) {
      const reserved = this.reservationAt(address);
      if (reserved !== undefined) address = reserved.end + 1;
      else {
        const taken = this.#skipTaken(address, end);
        if (taken === address) return address;
        address = taken;
      }
    }
    return undefined;
  }

  /** Returns the first address from `start` on without a lease; one past `end` when all have one. */
  #skipTaken(start: Mac, end: Mac): Mac {
    // Nearly always nobody has it, and a walk takes longer to begin than one look.
    if (this.#newestAt(start) === undefined) return start;
    let address = start;
    for (const row of this.#sql.addressesFrom.iterate(start, end)) {
      if (row.address !== address) break;
      address += 1;
    }
    return address;
  }
}

interface Pending {
  readonly address: Mac;
  readonly kind: RegisterEvent["kind"];
  readonly stamp: EventStamp;
}

/** What an owner has and had in a pool, as of a number of writes. */
interface Holdings {
  readonly owner: string;
  readonly pool: string;
  readonly asOf: number;
  readonly live: readonly Lease[];
  readonly released: readonly Lease[];
}

const NOTHING: Pick<Holdings, "live" | "released"> = { live: [], released: [] };

function newestFirst(one: Lease, other: Lease): number {
  return other.seq - one.seq;
}

function outOfStep(what: string): MacpoolError {
  return new MacpoolError("INTERNAL", `${what}; nothing was changed. Please report this as a bug.`);
}
