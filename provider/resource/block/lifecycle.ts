import { MacpoolError } from "../../error";
import { type BlockRequest, blockOwnerOf, memberName } from "../../lease/block";
import { isNamed, type Lease, type Name } from "../../lease/lease";
import type { Grant } from "../../lease/transact";
import { formatMac } from "../../mac/mac";
import type { LeaseStore } from "../../store/store";
import { isLost } from "../diff";
import { type CreateResult, GONE, type ReadResult } from "../lifecycle";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { blockRequestOf, inputsOf, outputsOf, provenanceOf } from "./request";
import { type BlockInputs, type BlockState, parseInputs, parseState, valid } from "./schema";

/**
 * Grants all addresses or none. The id is the first of them, as for a MacAddress.
 *
 * @throws MacpoolError when nothing was granted; see `LeaseStore.acquireBlock` and `Runtime.registerForGrants`.
 */
export async function create(bag: Bag): Promise<CreateResult> {
  const inputs = valid(bag);
  const register = await runtime().registerForGrants();
  const request = blockRequestOf(inputs);
  const { addresses, owners } = runtime();
  await addresses.assertUncontested(request.preferred?.filter((address) => address !== undefined) ?? []);
  owners.assertUndisputed(request);
  const grants = await grantSuccessor(register, request, runtime().given.nameBefore("block", request));
  addresses.noteGranted(grants);
  const leases = grants.map(({ lease }) => lease);
  if (grants.some(({ rule }) => rule === "keep")) owners.warnOfNewcomer(request, idOf(leases));
  const { storeId } = await register.identity();
  return { id: idOf(leases), outs: outputsOf(leases, storeId, inputs) };
}

/**
 * Grows, shrinks, renames and relabels the block in one step, and asserts again what the register does not have under the
 * state's tokens.
 *
 * @throws MacpoolError when nothing was changed; INVALID_OWNER when another resource got one of its addresses in this run;
 * see `LeaseStore.acquireBlock` and `Runtime.registerOf`.
 */
export async function update(_id: string, olds: Bag, news: Bag): Promise<{ readonly outs: Bag }> {
  const state = parseState(olds);
  const inputs = { ...valid(news), pool: state.pool, rotation: state.rotation };
  const register = await runtime().registerOf(provenanceOf(state));
  runtime().addresses.assertNotHandedOn(state.refs);
  await assertSameHistory(state, state.refs);
  const grants = await grant(register, blockRequestOf(inputs, state));
  const leases = grants.map(({ lease }) => lease);
  return { outs: outputsOf(leases, state.storeId, inputs) };
}

/**
 * Ends each lease whose token the state has. What somebody else holds by now stays.
 *
 * @throws MacpoolError those of `Runtime.registerOf`, so that a stack is not emptied against the wrong register.
 */
async function remove(_id: string, outputs: Bag): Promise<void> {
  const state = parseState(outputs);
  const register = await runtime().registerOf(provenanceOf(state));
  await assertSameHistory(state, state.refs);
  await register.release(state.refs);
}

export { remove as delete };

/**
 * Reads the leases. The block is gone when all of them are; while any is left, a lost one stays in the state, so that the
 * next update asserts it again.
 *
 * @throws MacpoolError those of `Runtime.registerOf`; LEASE_NOT_FOUND for a lookup without a state.
 */
export async function read(id: string, outputs: Bag = {}): Promise<ReadResult> {
  if (outputs["tokens"] === undefined) throw notForLookup(id);
  const state = parseState(outputs);
  const register = await runtime().registerOf(provenanceOf(state));
  const lost = await Promise.all(state.refs.map((ref) => isLost(ref, register)));
  await assertSameHistory(
    state,
    state.refs.filter((_, index) => lost[index] === true),
  );
  if (!lost.includes(false)) return GONE;
  const leases = await Promise.all(state.refs.map(({ address }) => register.find(address)));
  const { inputs } = parseInputs(outputs);
  const sound = leases.filter((lease) => lease !== undefined);
  if (lost.includes(true)) return { id, props: outputs, inputs: { ...inputs, ...addressesIn(outputs) } };
  const told = toldBy(sound, inputs);
  return { id: idOf(sound), props: outputsOf(sound, state.storeId, told), inputs: inputsOf(sound, told) };
}

/**
 * Checks that the register has no lease of the very change that a state remembers under another token.
 *
 * @throws MacpoolError REGISTER_ROLLED_BACK.
 */
export async function assertSameHistory({ storeId }: BlockState, refs: BlockState["refs"]): Promise<void> {
  await Promise.all(refs.map((ref) => runtime().assertSameHistory({ storeId, ...ref })));
}

function addressesIn(outputs: Bag): Bag {
  return { addresses: outputs["addresses"] };
}

/** Returns the inputs with what the register says instead of the state: labels that somebody changed by hand. */
function toldBy([first]: readonly Lease[], inputs: BlockInputs): BlockInputs {
  if (first === undefined) return inputs;
  const { description, tags } = first;
  const { description: _, tags: __, ...others } = inputs;
  return {
    ...others,
    owner: blockOwnerOf(first.owner) ?? inputs.owner,
    installation: first.installation,
    ...(description === "" ? {} : { description }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}

function notForLookup(id: string): MacpoolError {
  return new MacpoolError(
    "LEASE_NOT_FOUND",
    `A block cannot be looked up by ${JSON.stringify(id.slice(0, 80))}: look each of its addresses up with MacAddress.get.`,
  );
}

/** Grants what `request` asks for, as `create` of a MacAddress does for what replaces itself under another name. */
async function grantSuccessor(
  register: LeaseStore,
  request: BlockRequest,
  before: Name | undefined,
): Promise<readonly Grant[]> {
  const refs = before === undefined ? [] : await refsUnder(before, request, register);
  if (before === undefined || refs.length === 0) return grant(register, request);
  runtime().addresses.assertNotHandedOn(refs);
  return grant(register, { ...request, held: { ...before, refs } });
}

/**
 * Returns those of the addresses that were foretold, from the first on, which the block of this name has or had; under no
 * token, because the old block may be released by now, and what takes its place gets tokens of its own.
 */
async function refsUnder(before: Name, { preferred = [] }: BlockRequest, register: LeaseStore) {
  const leases = await Promise.all(preferred.map((address) => address && register.find(address)));
  const end = leases.findIndex((lease, index) => !lease || !isNamed(lease, memberName(before, index)));
  const own = end === -1 ? leases : leases.slice(0, end);
  return own.flatMap((lease) => (lease ? [{ address: lease.address, token: "" }] : []));
}

async function grant(register: LeaseStore, request: BlockRequest): Promise<readonly Grant[]> {
  const grants = await register.acquireBlock(request);
  // One word for all of them: what is said of the first holds for the others.
  const warning = grants.find((each) => each.warning !== undefined)?.warning;
  if (warning !== undefined) console.warn(`macpool: ${warning}`);
  return grants;
}

function idOf([first]: readonly Lease[]): string {
  if (first === undefined) throw new MacpoolError("INTERNAL", "The register answered nothing; nothing is known.");
  return formatMac(first.address);
}
