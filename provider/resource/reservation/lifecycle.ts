import { isGrantedTo, isSameManager, type Manager, type Reservation } from "../../lease/pool";
import { formatRange, type Range } from "../../mac/range";
import type { LeaseStore } from "../../store/store";
import { type CheckResult, failureOf } from "../check";
import { type DiffResult, isChanged, unlessUnusable } from "../diff";
import { type CreateResult, GONE, type ReadResult } from "../lifecycle";
import { defined, grantee, type ManagedState, managerOf, registerOf } from "../manager";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { announce } from "./planned";
import { parseInputs, parseNews, parseState, type ReservationInputs, valid, wireOf } from "./schema";

/** Bumped when the meaning of an output changes, so that a later version can tell what it reads. */
const SCHEMA_VERSION = 1;

/** Inputs that change in place. `__provider` is among them: only an update carries a new loader into the outputs. */
const IN_PLACE = ["owner", "installation", "reason", "adopt", "__provider"];

/** Which property a refusal by the register is about. */
const PROPERTIES: Readonly<Record<string, string>> = { INVALID_RANGE: "range", RESERVATION_CONFLICT: "range" };

/**
 * Validates the inputs, tries them on the register and on what the same program reserves besides, and adds both ends of
 * the range. Never writes.
 */
export async function check(olds: Bag, news: Bag): Promise<CheckResult> {
  const { inputs, unknowns, failures } = parseNews(news);
  if (failures.length > 0) return { inputs: news, failures };
  try {
    const { inputs: old } = parseInputs(olds);
    announce(inputs, old.owner);
    await runtime().ask((register) => rehearse(register, inputs, managerOf(old)));
    return { inputs: { ...defined(wireOf(inputs)), ...unknowns } };
  } catch (error) {
    return { inputs: news, failures: [failureOf(error, PROPERTIES)] };
  }
}

async function rehearse(register: LeaseStore, inputs: ReservationInputs, before: Manager): Promise<void> {
  const { range } = inputs;
  if (range === undefined) return;
  const own = managerOf(inputs);
  await register.predictReservation(reservationOf(range, inputs), own, await mayTake(register, range, inputs, before));
}

/**
 * Compares a state's outputs with new inputs: another range asks for a replacement, everything else is changed in place.
 * A reservation that the register does not have any more, or not under this manager and its token, counts as a change.
 *
 * @throws MacpoolError REGISTER_MISMATCH when the register can be opened and is not the one.
 */
export async function diff(_id: string, olds: Bag, news: Bag): Promise<DiffResult> {
  const state = parseState(olds);
  const isGone = await unlessUnusable(false, async () => {
    const found = await find(await registerOf(state), state.range);
    return !isGrantedTo(found?.managedBy, managerOf(state));
  });
  const isMoved = news["range"] !== formatRange(state.range);
  return { changes: isGone || isMoved || isChanged(IN_PLACE, olds, news), replaces: isMoved ? ["range"] : [] };
}

/**
 * Reserves the range, or finds it reserved by the same declaration before a crash or for what this replaces. The id is the
 * range, also of a replacement: `delete` goes by the token, which is new with every creation.
 *
 * @throws MacpoolError when nothing was written; see `LeaseStore.reserve` and `Runtime.registerForGrants`.
 */
export async function create(bag: Bag): Promise<CreateResult> {
  const inputs = valid(bag);
  const range = inputs.range ?? { start: 0, end: 0 };
  const register = await runtime().registerForGrants();
  const reservation = reservationOf(range, inputs);
  const own = grantee(inputs);
  const live = await register.predictReservation(reservation, own, inputs.adopt);
  await register.reserve(reservation, own, inputs.adopt);
  if (live > 0) console.warn(`macpool: ${leasesWord(live)} in ${formatRange(range)}, which is reserved now: ${STAY}`);
  const { storeId } = await register.identity();
  return { id: formatRange(range), outs: outputsOf(inputs, { ...own, storeId }) };
}

const STAY = "they stay as they are, and their addresses go to nobody else when they end.";

function leasesWord(count: number): string {
  return count === 1 ? "there is 1 live lease" : `there are ${count} live leases`;
}

/**
 * Gives the reservation another reason or manager, and makes it again when it was removed meanwhile; always under the
 * state's token, so that a repetition after a crash comes to the same.
 *
 * @throws MacpoolError RESERVATION_CONFLICT when another declaration manages it by now; those of `Runtime.registerOf`.
 */
export async function update(_id: string, olds: Bag, news: Bag): Promise<{ readonly outs: Bag }> {
  const state = parseState(olds);
  const inputs = { ...valid(news), range: state.range };
  const register = await registerOf(state);
  const adopt = await mayTake(register, state.range, inputs, managerOf(state));
  const own = managerOf({ ...inputs, token: state.token });
  await register.reserve(reservationOf(state.range, inputs), own, adopt);
  return { outs: outputsOf(inputs, state) };
}

/**
 * Ends the reservation if this declaration manages it under the state's token; otherwise there is nothing left to do:
 * another declaration has it, or what replaced it.
 *
 * @throws MacpoolError those of `Runtime.registerOf`.
 */
async function remove(_id: string, outputs: Bag): Promise<void> {
  const state = parseState(outputs);
  const register = await registerOf(state);
  await register.unreserve(state.range, managerOf(state));
}

export { remove as delete };

/**
 * Reads the reservation, which is gone when the range is not reserved under this manager and its token.
 *
 * @throws MacpoolError those of `Runtime.registerOf`; INTERNAL for a lookup without a state.
 */
export async function read(id: string, outputs: Bag = {}): Promise<ReadResult> {
  const state = parseState(outputs);
  const found = await find(await registerOf(state), state.range);
  if (found === undefined || !isGrantedTo(found.managedBy, managerOf(state))) return GONE;
  const { inputs } = parseInputs(outputs);
  const { reason: _, ...others } = inputs;
  const told = { ...others, ...(found.reason === "" ? {} : { reason: found.reason }) };
  return { id, props: outputsOf(told, state), inputs: defined(wireOf(told)) };
}

/** Returns whether the declaration may take the reservation over: told to, or it has it under the name it had before. */
async function mayTake(register: LeaseStore, range: Range, inputs: ReservationInputs, before: Manager) {
  if (inputs.adopt === true) return true;
  const found = await find(register, range);
  return found !== undefined && isSameManager(found.managedBy, before);
}

async function find(register: LeaseStore, range: Range): Promise<Reservation | undefined> {
  return (await register.reserved()).find(({ start, end }) => start === range.start && end === range.end);
}

function reservationOf({ start, end }: Range, { reason = "" }: ReservationInputs): Reservation {
  return { start, end, reason };
}

function outputsOf(inputs: ReservationInputs, { storeId, token }: Pick<ManagedState, "storeId" | "token">): Bag {
  return defined({ ...wireOf(inputs), token, storeId, schemaVersion: SCHEMA_VERSION });
}
