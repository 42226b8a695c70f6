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
import { declaredFinding, type Finding, findingOf, orphans } from "./report";
import { registerOf } from "./select";
import type { StackExport } from "./stack-export";

/** What is to be compared with what. */
export interface Task {
  readonly store: string;
  readonly exports: readonly StackExport[];
  readonly apply: boolean;
  /** First octets of pool `default` in a register made anew. */
  readonly prefix?: string | undefined;
}

/** What came of it. */
export interface Result {
  readonly findings: readonly Finding[];
  /** Whether there was no register. */
  readonly isAnew: boolean;
}

/**
 * Compares a register with exports and, with `apply`, puts back what it has lost. A register that is not there is made
 * anew, whole or not at all.
 *
 * @throws MacpoolError REGISTER_MISMATCH when register and exports do not belong together; INVALID_CONFIG when addresses
 * lie outside the prefix of a register made anew; those of `openRegister` and `rebuildRegister`.
 */
export async function reconcile(task: Task, context: StoreContext): Promise<Result> {
  const storeId = registerOf(task.exports);
  let register: LeaseStore;
  try {
    register = await openRegister(task.store, context);
  } catch (error) {
    if (storeId === undefined || !(MacpoolError.is(error) && error.code === "REGISTER_MISSING")) throw error;
    return { findings: await anew(task, storeId, context), isAnew: true };
  }
  try {
    await assertRegister(register, storeId);
    return { findings: await compare(task, register, context, false), isAnew: false };
  } finally {
    await register.close();
  }
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

async function assertRegister(register: LeaseStore, expected: string | undefined): Promise<void> {
  const { storeId } = await register.identity();
  if (expected === undefined || expected === storeId) return;
  throw new MacpoolError(
    "REGISTER_MISMATCH",
    `The exported stacks belong to register ${expected}, but ${register.location} is register ${storeId}. Nothing was written. Name the right one with --store; if it is lost, name a path where there is no file, and it is made anew there.`,
    { details: { found: storeId, expected } },
  );
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
