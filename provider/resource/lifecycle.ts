import { MacpoolError } from "../error";
import { type AcquireRequest, isNamed, type Lease, type Name, nameOfLost } from "../lease/lease";
import type { Grant } from "../lease/transact";
import { formatMac, parseMac } from "../mac/mac";
import type { LeaseStore } from "../store/store";
import { outOfReach } from "./diff";
import { inputsOf, outputsOf, requestOf } from "./request";
import { runtime } from "./runtime";
import { type Bag, parseInputs, parseState, type State, valid } from "./schema";

/** What the host wants from `create`. */
export interface CreateResult {
  readonly id: string;
  readonly outs: Bag;
}

/** What the host wants from `read`; an empty id says that the resource is gone. */
export interface ReadResult {
  readonly id: string;
  readonly props: Bag;
  readonly inputs?: Bag;
}

/**
 * Grants an address. The id is the address; it is safe that a replacement may have the same one, because `delete` goes by
 * the token, which is new with every grant.
 *
 * @throws MacpoolError when nothing was granted; see `LeaseStore.acquire` and `Runtime.registerForGrants`.
 */
export async function create(bag: Bag): Promise<CreateResult> {
  const inputs = valid(bag);
  const register = await runtime().registerForGrants();
  const request = requestOf(inputs);
  const { addresses, owners } = runtime();
  if (request.preferred !== undefined) await addresses.assertUncontested([request.preferred]);
  owners.assertUndisputed(request);
  const granted = await grantSuccessor(register, request, runtime().given.nameBefore("nic", request));
  addresses.noteGranted([granted]);
  const { lease, rule } = granted;
  if (rule === "keep") owners.warnOfNewcomer(lease, formatMac(lease.address));
  const { storeId } = await register.identity();
  return { id: formatMac(lease.address), outs: outputsOf(lease, storeId, inputs) };
}

/**
 * Renames or relabels the lease. One that the register does not have under the state's token is asserted again at the
 * same address.
 *
 * @throws MacpoolError ADDRESS_TAKEN, ADDRESS_QUARANTINED, ADDRESS_OUTSIDE_POOL or ADDRESS_RESERVED when that is not
 * possible; INVALID_OWNER when another resource got the address in this run; those of `Runtime.registerOf`.
 */
export async function update(_id: string, olds: Bag, news: Bag): Promise<{ readonly outs: Bag }> {
  const state = parseState(olds);
  const inputs = valid(news);
  const register = await runtime().registerOf(state);
  const change = requestOf({ ...inputs, pool: state.pool, rotation: state.rotation });
  const lease =
    (await register.update({ ...change, address: state.address, token: state.token })) ??
    (await reassert(register, state, change));
  return { outs: outputsOf(lease, state.storeId, inputs) };
}

/**
 * Ends the lease and starts its quarantine, if the state's token is still the lease's. If it is not, somebody else holds
 * the address by now, or nobody does: there is nothing left to do.
 *
 * @throws MacpoolError those of `Runtime.registerOf`, so that a stack is not emptied against the wrong register.
 */
async function remove(_id: string, outputs: Bag): Promise<void> {
  const state = parseState(outputs);
  const register = await runtime().registerOf(state);
  const [released] = await register.release([state]);
  if (released === undefined) await runtime().assertSameHistory(state);
}

export { remove as delete };

/**
 * Reads the lease: by the state's token, or for `MacAddress.get` by the address alone.
 *
 * @throws MacpoolError when the register cannot be opened, is another one or is older than the state: a refresh must not
 * take that for leases that are gone.
 */
export async function read(id: string, outputs: Bag = {}): Promise<ReadResult> {
  if (outputs["token"] === undefined) return readByAddress(id, outputs["storeId"]);
  const state = parseState(outputs);
  const register = await runtime().registerOf(state);
  const lease = await register.find(state.address);
  if (lease === undefined || lease.releasedAt !== undefined || lease.token !== state.token) {
    await runtime().assertSameHistory(state);
    return GONE;
  }
  const { inputs } = parseInputs(outputs);
  return {
    id: formatMac(lease.address),
    props: outputsOf(lease, state.storeId, inputs),
    inputs: inputsOf(lease, inputs),
  };
}

/** What `read` answers for a resource that is gone. */
export const GONE: ReadResult = { id: "", props: {} };

/** The first lookup knows of no register yet; a refresh must ask the one that answered before. */
async function readByAddress(id: string, seenIn: unknown): Promise<ReadResult> {
  const process = runtime();
  const register = await (typeof seenIn === "string" ? process.registerOf({ storeId: seenIn }) : process.register());
  const address = parseMac(id);
  const lease = await register.find(address);
  if (lease === undefined || lease.releasedAt !== undefined) {
    if (seenIn !== undefined) return GONE;
    // The engine takes an empty answer to a first lookup for a resource without properties.
    throw new MacpoolError(
      "LEASE_NOT_FOUND",
      `Nobody holds ${formatMac(address)} in register ${register.location}, so it cannot be looked up. Check the address.`,
      { details: { address: formatMac(address) } },
    );
  }
  const { storeId } = await register.identity();
  // Without the token: who only looks at a lease must not be able to release it.
  return { id: formatMac(lease.address), props: { ...inputsOf(lease, {}), storeId } };
}

async function reassert(register: LeaseStore, state: State, change: AcquireRequest) {
  const { address } = state;
  runtime().addresses.assertNotHandedOn([state]);
  await runtime().assertSameHistory(state);
  const found = await register.find(address);
  warnOfOther(found, state, change);
  const heldAs = nameOfLost(found, state, change);
  const { lease } = await grant(register, { ...change, requestedAddress: address, heldAs }).catch((error: unknown) => {
    throw outOfReach(error);
  });
  return lease;
}

/** A stack that a resource was moved away from may have been updated with a program that still declares it. */
function warnOfOther(lease: Lease | undefined, lostWith: Name, toGet: Name): void {
  if (lease === undefined || lease.releasedAt !== undefined) return;
  if (!isNamed(lease, lostWith) || isNamed(lostWith, toGet)) return;
  console.warn(
    `macpool: ${formatMac(lease.address)} was granted once more to "${lease.owner}" since this stack was updated last, and goes to "${toGet.owner}" now. If another stack still declares that owner, remove it there before its next update: a NIC of each has this address.`,
  );
}

/**
 * Grants what `request` asks for. What replaces itself under another name gets the address that it has under the old one,
 * which the register would not give to the new one.
 */
async function grantSuccessor(register: LeaseStore, request: AcquireRequest, before: Name | undefined): Promise<Grant> {
  const { preferred } = request;
  const had = before === undefined || preferred === undefined ? undefined : await register.find(preferred);
  if (before === undefined || had === undefined || !isNamed(had, before)) return grant(register, request);
  runtime().addresses.assertNotHandedOn([{ address: had.address, token: "" }]);
  // This very one: another resource that is renamed may have the old name by now.
  return grant(register, { ...request, requestedAddress: had.address, heldAs: before });
}

async function grant(register: LeaseStore, request: AcquireRequest): Promise<Grant> {
  const [outcome] = await register.acquire([request]);
  if (outcome === undefined) throw new MacpoolError("INTERNAL", "The register answered nothing; nothing is known.");
  if (!outcome.ok) throw outcome.error;
  if (outcome.value.warning !== undefined) console.warn(`macpool: ${outcome.value.warning}`);
  return outcome.value;
}
