import { MacpoolError } from "../error";
import { isChangeOf, type RegisterEvent } from "../lease/lease";
import { formatMac, type Mac } from "../mac/mac";
import { RECONCILE } from "../store/remedies";
import type { LeaseStore } from "../store/store";

/** What a resource's state remembers of the register that gave it its address. */
export interface Provenance {
  readonly storeId: string;
  /** The event that the state is of, and the address that event is about; absent for a lease that was only looked at. */
  readonly seq?: number;
  readonly address?: Mac;
  readonly token?: string;
  /** Whose lease it is. */
  readonly owner?: string;
  readonly installation?: string;
}

/**
 * Returns why `store` is not the register that the state comes from, or not the newest copy of it; undefined when it is.
 * The error is REGISTER_MISMATCH or REGISTER_ROLLED_BACK.
 */
export async function faultOfRegister(state: Provenance, store: LeaseStore): Promise<MacpoolError | undefined> {
  // Both at once: on a server each is a round trip.
  const [{ storeId }, event] = await Promise.all([
    store.identity(),
    state.seq === undefined ? undefined : store.event(state.seq),
  ]);
  return mismatch(state, storeId, store) ?? rollback(state, event, store);
}

function mismatch(state: Provenance, storeId: string, store: LeaseStore): MacpoolError | undefined {
  if (state.storeId === storeId) return undefined;
  return new MacpoolError(
    "REGISTER_MISMATCH",
    `This stack's addresses come from register ${state.storeId}, but ${store.location} is register ${storeId}. Nothing was written for this resource. Set macpool:store or MACPOOL_STORE to the right register. If that one is lost, move this one aside and make it anew from the states of its stacks: ${RECONCILE}`,
    { details: { found: storeId, expected: state.storeId } },
  );
}

/**
 * The change that the state is of must be in the register's history, and be about the same address and its owner: an older
 * copy that was written to since has come as far again, with other changes, and a sequence even with the same addresses. A
 * lease that `macpool reconcile` put back from this state, or from a newer one, will do as well.
 */
async function rollback(
  state: Provenance,
  event: RegisterEvent | undefined,
  store: LeaseStore,
): Promise<MacpoolError | undefined> {
  const { seq, address } = state;
  if (seq === undefined || address === undefined) return undefined;
  if (isChangeOf(event, address, state) || (await wasPutBack(state, store))) return undefined;
  return rolledBack(seq, address, store);
}

/**
 * Returns REGISTER_ROLLED_BACK when the lease of the state's address is of the very change that the state remembers, and
 * yet under another token: an older copy that was written to since has come as far, with the same address and owner.
 */
export async function faultOfHistory(state: Provenance, store: LeaseStore): Promise<MacpoolError | undefined> {
  const { seq, address, token } = state;
  if (seq === undefined || address === undefined) return undefined;
  const lease = await store.find(address);
  return lease?.seq === seq && lease.token !== token ? rolledBack(seq, address, store) : undefined;
}

async function rolledBack(seq: number, address: Mac, store: LeaseStore): Promise<MacpoolError> {
  const found = (await store.identity()).seq;
  return new MacpoolError(
    "REGISTER_ROLLED_BACK",
    `Register ${store.location} is older than this stack: it stands at change ${found} and does not know the change ${seq} that gave ${formatMac(address)} to the stack. An old copy was put in its place, and it would give out addresses that are in use. Nothing was written for this resource. Put the newest copy back; if it is lost, put the changes back from the state of every stack that uses the register: ${RECONCILE}`,
    { details: { found, expected: seq } },
  );
}

/**
 * Whether the lease was put back, and the register goes on from there. Of what came after that the stack may have had no answer;
 * where nothing did, the lease is still under the token that it was put back with.
 */
async function wasPutBack({ seq = 0, address = 0, token, ...name }: Provenance, store: LeaseStore): Promise<boolean> {
  const lease = await store.find(address);
  if (lease === undefined) return false;
  // Nearly always nothing came after. The history is several questions, which every update of every resource would ask.
  const isAsPutBack = lease.releasedAt === undefined && lease.token === token && lease.seq > seq;
  if (isAsPutBack && (await store.event(lease.seq))?.kind === "recover") return true;
  let latest: RegisterEvent | undefined;
  for await (const event of store.history({ address })) if (event.kind === "recover") latest = event;
  // One with a lower number was put back before the state's change, which an older copy has lost again.
  if (latest === undefined || latest.seq <= seq) return false;
  return lease.token === token || (lease.seq > latest.seq && isChangeOf(latest, address, name));
}
