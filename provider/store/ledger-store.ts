import { MacpoolError } from "../error";
import {
  createPool,
  deletePool,
  predictPool,
  predictReservation,
  reserve,
  stats,
  unreserve,
  updatePool,
} from "../lease/administer";
import { acquireBlock, predictBlock } from "../lease/block";
import type { AcquireRequest, Lease, RegisterEvent } from "../lease/lease";
import type { Ledger, LedgerView } from "../lease/ledger";
import { assess, recover } from "../lease/recover";
import { acquire, type Grant, predict, release, takeOver, update } from "../lease/transact";
import type { RegisterRecord } from "./record";
import type { EventFilter, Following, LeaseFilter, LeaseStore, RegisterIdentity, Settled, Verification } from "./store";

/** What a kind of register must be able to do for {@link ledgerStore} to make a whole store of it. */
export interface LedgerBackend {
  readonly location: string;
  identity(): Promise<RegisterIdentity>;
  /** Runs `work` in a write transaction, and resolves when it is durable. `work` runs again if the commit failed. */
  write<T>(work: (ledger: Ledger) => T): Promise<T>;
  /** Runs `work` on one moment of the register. */
  read<T>(work: (view: LedgerView) => T): Promise<T>;
  leases(filter: LeaseFilter): AsyncIterable<Lease>;
  events(filter: EventFilter): AsyncIterable<RegisterEvent>;
  dump(): AsyncIterable<RegisterRecord>;
  verify(following: Following | undefined): Promise<Verification>;
  close(): Promise<void>;
}

/** Returns the store whose rules are those of `lease/` and whose transactions are the backend's. */
export function ledgerStore(backend: LedgerBackend): LeaseStore {
  return {
    location: backend.location,
    identity: () => backend.identity(),
    createPool: (spec, by, adopt) => backend.write((ledger) => createPool(spec, ledger, by, adopt)),
    predictPool: (spec, by, adopt, planned) => backend.read((view) => predictPool(spec, view, by, adopt, planned)),
    updatePool: (name, change, by) => backend.write((ledger) => updatePool(name, change, ledger, by)),
    deletePool: (name, by) => backend.write((ledger) => deletePool(name, ledger, by)),
    pools: () => backend.read((view) => view.pools()),
    acquire: (requests) => backend.write((ledger) => requests.map((request) => settled(request, ledger))),
    predict: (request, isPromised = () => false, planned = []) =>
      backend.read((view) => predict(request, view, isPromised, planned)),
    acquireBlock: (request) => backend.write((ledger) => acquireBlock(request, ledger)),
    predictBlock: (request, isPromised = () => false, planned = []) =>
      backend.read((view) => predictBlock(request, view, isPromised, planned)),
    release: (refs) => backend.write((ledger) => refs.map((ref) => release(ref, ledger))),
    update: (change) => backend.write((ledger) => update(change, ledger)),
    takeOver: (change) => backend.write((ledger) => takeOver(change, ledger)),
    find: (address) => backend.read((view) => view.at(address)),
    list: (filter = {}) => backend.leases(filter),
    reserve: (reservation, by, adopt) => backend.write((ledger) => reserve(reservation, ledger, by, adopt)),
    predictReservation: (reservation, by, adopt) =>
      backend.read((view) => predictReservation(reservation, view, by, adopt)),
    unreserve: (range, by) => backend.write((ledger) => unreserve(range, ledger, by)),
    reserved: () => backend.read((view) => view.reservations()),
    history: (filter = {}) => backend.events(filter),
    event: (seq) => backend.read((view) => view.event(seq)),
    stats: (pool) => backend.read((view) => stats(pool, view)),
    recover: (stated, apply, planned) =>
      apply
        ? backend.write((ledger) => recover(stated, ledger))
        : backend.read((view) => assess(stated, view, planned)),
    dump: () => backend.dump(),
    verify: (following) => backend.verify(following),
    close: () => backend.close(),
  };
}

function settled(request: AcquireRequest, ledger: Ledger): Settled<Grant> {
  try {
    return { ok: true, value: acquire(request, ledger) };
  } catch (error) {
    // Anything but a refusal by the rules may have written something: let the transaction be undone.
    if (!MacpoolError.is(error)) throw error;
    return { ok: false, error };
  }
}
