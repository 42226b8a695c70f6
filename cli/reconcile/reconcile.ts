import { MacpoolError } from "../../provider/error";
import { DEFAULT_POOL } from "../../provider/lease/pool";
import type { StatedLease } from "../../provider/lease/recover";
import { formatMac } from "../../provider/mac/mac";
import { contains, parsePrefix } from "../../provider/mac/range";
import { createMemoryStore } from "../../provider/store/memory-store";
import { openRegister } from "../../provider/store/open";
import { contentOf, type LostRegister, rebuildRegister } from "../../provider/store/rebuild";
import type { LeaseStore, StoreContext } from "../../provider/store/store";
import type { Declaration } from "./declarations";
import { putDeclared } from "./put-declared";
import { assertBelongs, assertKnown, leftOut, lostRegister, shareOf } from "./registers";
import { declaredFinding, type Finding, findingOf, orphans } from "./report";
import type { StackExport } from "./stack-export";

/** What is to be compared with what. */
export interface Task {
  readonly store: string;
  readonly exports: readonly StackExport[];
  readonly apply: boolean;
  /** First octets of pool `default` in a register made anew. */
  readonly prefix?: string | undefined;
  /** The id of the register that is meant, where exports have something of several. */
  readonly chosen?: string | undefined;
}

/** What came of it. */
export interface Result {
  readonly findings: readonly Finding[];
  /** Whether there was no register. */
  readonly isAnew: boolean;
}

/**
 * Compares a register with exports and, with `apply`, puts back what it has lost. A register that is not there is made
 * anew, whole or not at all. What the exports have of other registers is left out, and told to `context.warn`.
 *
 * @throws MacpoolError REGISTER_MISMATCH when register and exports do not belong together, or when it is not clear which
 * one is to be made anew; INVALID_CONFIG when addresses lie outside the prefix of a register made anew, or when no export
 * has the chosen register; those of `openRegister` and `rebuildRegister`.
 */
export async function reconcile(task: Task, context: StoreContext): Promise<Result> {
  assertKnown(task.exports, task.chosen);
  let register: LeaseStore;
  try {
    register = await openRegister(task.store, context);
  } catch (error) {
    const isMissing = MacpoolError.is(error) && error.code === "REGISTER_MISSING";
    const storeId = isMissing ? lostRegister(task.exports, task.chosen) : undefined;
    if (storeId === undefined) throw error;
    return { findings: await anew(only(task, storeId, context), storeId, context), isAnew: true };
  }
  try {
    const { storeId } = await register.identity();
    assertBelongs(task, storeId, register.location);
    return { findings: await compare(only(task, storeId, context), register, context, false), isAnew: false };
  } finally {
    await register.close();
  }
}

function only(task: Task, storeId: string, { warn }: StoreContext): Task {
  for (const note of leftOut(task.exports, storeId)) warn(note);
  return { ...task, exports: task.exports.map((one) => shareOf(one, storeId)) };
}

async function anew(task: Task, storeId: string, context: StoreContext): Promise<readonly Finding[]> {
  const leases = leasesOf(task.exports);
  const isDeclared = task.exports.some((one) => one.declarations.some(({ pool }) => pool?.name === DEFAULT_POOL));
  if (!isDeclared) assertPrefix(leases, task.prefix);
  const seqAbove = leases.reduce((seq, lease) => Math.max(seq, lease.seq), 0);
  const lost: LostRegister = { storeId, seqAbove, prefix: task.prefix };
  if (task.apply)
    return rebuildRegister(task.store, context, lost, (register) => compare(task, register, context, true));
  return compare(task, createMemoryStore(contentOf(lost), context), context, true);
}

async function compare(
  { exports, apply }: Task,
  register: LeaseStore,
  context: StoreContext,
  isAnew: boolean,
): Promise<readonly Finding[]> {
  const declarations = exports.flatMap((one) => one.declarations);
  // Without --apply they are tried on a copy of what the register knows of pools and reservations.
  const target = apply ? register : await rehearsal(register, context);
  const put = (isTheirTurn: (one: Declaration) => boolean) =>
    putDeclared(declarations.filter(isTheirTurn), { register, target, isAnew });
  // Before the leases, which need them as they are declared.
  const pools = await put(({ pool }) => pool !== undefined);
  const recovered = await register.recover(leasesOf(exports), apply, apply ? [] : await target.pools());
  // After the leases: a range may be reserved around them, and they stay as they are.
  const reserved = await put(({ pool }) => pool === undefined);
  const findings = [...[...pools, ...reserved].map(declaredFinding), ...recovered.map(findingOf)];
  for await (const orphan of orphans(exports, register)) findings.push(orphan);
  return findings;
}

async function rehearsal(register: LeaseStore, context: StoreContext): Promise<LeaseStore> {
  const [pools, reservations] = [await register.pools(), await register.reserved()];
  const copy = createMemoryStore({ storeId: "", pools, reservations }, context);
  for (const { name, managedBy } of pools) if (managedBy !== undefined) await copy.updatePool(name, {}, managedBy);
  for (const one of reservations) if (one.managedBy !== undefined) await copy.reserve(one, one.managedBy, true);
  return copy;
}

/** A register made anew with the wrong prefix could give out what is in use. */
function assertPrefix(leases: readonly StatedLease[], prefix = "42"): void {
  const range = parsePrefix(prefix);
  const outside = leases.find(({ pool, address }) => pool === DEFAULT_POOL && !contains([range], address));
  if (outside === undefined) return;
  const text = formatMac(outside.address);
  throw new MacpoolError(
    "INVALID_CONFIG",
    `There is no register, and one made anew with pool "default" under ${prefix} could not hold ${text} of "${outside.owner}". Nothing was written. Give the prefix that the lost register had, such as: --prefix ${text.slice(0, 2)}`,
    { details: { address: text } },
  );
}

function leasesOf(exports: readonly StackExport[]): readonly StatedLease[] {
  return exports.flatMap(({ leases }) => leases.map(({ lease }) => lease));
}
