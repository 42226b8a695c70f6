import { isDeepStrictEqual } from "node:util";
import { MacpoolError } from "../error";
import { type AcquireRequest, type Name, nameOfLost } from "../lease/lease";
import type { LeaseRef } from "../lease/transact";
import { formatMac, type Mac } from "../mac/mac";
import type { LeaseStore } from "../store/store";
import { requestOf } from "./request";
import { isUnusable, runtime } from "./runtime";
import { type Bag, parseInputs, parseState, type State } from "./schema";

/** What the host wants from `diff`. */
export interface DiffResult {
  readonly changes: boolean;
  readonly replaces: readonly string[];
  /** Whether a replacement can only be created when the old resource is gone. Default false. */
  readonly deleteBeforeReplace?: boolean;
}

/** Inputs that change in place. `__provider` is among them: only an update carries a new loader into the outputs. */
const IN_PLACE = ["owner", "installation", "description", "tags", "requestedAddress", "adopt", "keepers", "__provider"];

/**
 * Compares a state's outputs with new inputs: another pool, other keepers or another requested address ask for a
 * replacement, everything else is changed in place. Addresses are never compared. A lease that the register does not
 * have any more counts as a change, so that the update re-asserts it.
 *
 * @throws MacpoolError REGISTER_MISMATCH or REGISTER_ROLLED_BACK when the register can be opened and is not the one; the
 * ADDRESS_ code when a lost lease cannot be asserted again.
 */
export async function diff(_id: string, olds: Bag, news: Bag): Promise<DiffResult> {
  const state = parseState(olds);
  const isLost = await isLeaseLost(state);
  const { inputs, unknowns } = parseInputs(news);
  const address = inputs.requestedAddress;
  const replaces = [
    ...("pool" in unknowns || inputs.pool !== state.pool ? ["pool"] : []),
    ...("rotation" in unknowns || inputs.rotation !== state.rotation ? ["rotation"] : []),
    ...("requestedAddress" in unknowns || (address !== undefined && address !== formatMac(state.address))
      ? ["requestedAddress"]
      : []),
  ];
  if (isLost && replaces.length === 0) {
    const { pool, rotation } = state;
    const request = { ...requestOf(inputs), pool, rotation };
    await assertWithinReach(state.address, state, request, await runtime().registerOf(state));
  }
  return { changes: isLost || isChanged(IN_PLACE, olds, news) || replaces.length > 0, replaces };
}

/**
 * Checks that `request` can have an address again that was lost with the name `lostWith`.
 *
 * @throws MacpoolError the ADDRESS_ code when it cannot.
 */
export async function assertWithinReach(
  address: Mac,
  lostWith: Name,
  request: AcquireRequest,
  register: LeaseStore,
): Promise<void> {
  const heldAs = nameOfLost(await register.find(address), lostWith, request);
  try {
    await runtime().predict({ ...request, requestedAddress: address, heldAs }, false, () => false);
  } catch (error) {
    throw outOfReach(error);
  }
}

/** Returns a refusal of the address that a resource had, with what can be done about it; any other error as it is. */
export function outOfReach(error: unknown): unknown {
  if (!MacpoolError.is(error) || !error.code.startsWith("ADDRESS_")) return error;
  const { code, message, details } = error;
  const words = `${message} This resource had it, and somebody else ended its lease. To give the resource another address: pulumi up --target-replace URN`;
  return new MacpoolError(code, words, { cause: error, details });
}

function isLeaseLost(state: State): Promise<boolean> {
  const process = runtime();
  return unlessUnusable(false, async () => {
    const register = await process.registerOf(state);
    const isGone = await isLost(state, register);
    if (isGone) await process.assertSameHistory(state);
    return isGone;
  });
}

/** Returns whether the lease is not live under the state's token. */
export async function isLost(ref: LeaseRef, register: LeaseStore): Promise<boolean> {
  const lease = await register.find(ref.address);
  return lease?.releasedAt !== undefined || lease?.token !== ref.token;
}

/**
 * Returns the register's answer; `otherwise`, with a warning, when the register cannot be used.
 *
 * @throws MacpoolError REGISTER_MISMATCH or REGISTER_ROLLED_BACK, and refusals.
 */
export async function unlessUnusable<T>(otherwise: T, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    // That it is the wrong one must be heard; that it cannot be used must not stop a preview.
    if (!isUnusable(error) || ["REGISTER_MISMATCH", "REGISTER_ROLLED_BACK"].includes(error.code)) throw error;
    runtime().warnOnce("what this stack has is not compared with the register", error);
    return otherwise;
  }
}

/** Returns whether one of the properties differs. */
export function isChanged(keys: readonly string[], olds: Bag, news: Bag): boolean {
  return keys.some((key) => !isDeepStrictEqual(plain(olds[key]), plain(news[key])));
}

/** Absent and empty are the same, and so are bags whatever their prototype. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "object") return value;
  const entries = Object.entries(value);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
