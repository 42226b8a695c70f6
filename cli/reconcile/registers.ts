import { MacpoolError } from "../../provider/error";
import type { StackExport } from "./stack-export";

/** Returns of an export what is of one register. */
export function shareOf(one: StackExport, storeId: string): StackExport {
  const isOfIt = (resource: { readonly storeId: string }) => resource.storeId === storeId;
  return { ...one, leases: one.leases.filter(isOfIt), declarations: one.declarations.filter(isOfIt) };
}

/** Returns a line for each export with nothing but what is of other registers, and one that counts all that is. */
export function leftOut(exports: readonly StackExport[], storeId: string): readonly string[] {
  const others = registersOf(exports).filter((id) => id !== storeId);
  if (others.length === 0) return [];
  const files = strangers(exports, storeId).map(({ file }) => `${file} has nothing of register ${storeId}.`);
  const counts = others.map((id) => `${countOf(exports, id)} of register ${id}`);
  return [...files, `left out: ${counts.join(", ")}. The rest is of register ${storeId}.`];
}

/**
 * Returns the register that was lost: the chosen one, else the only one of the exports; undefined when they have nothing
 * of any.
 *
 * @throws MacpoolError REGISTER_MISMATCH when they have something of several, naming them.
 */
export function lostRegister(exports: readonly StackExport[], chosen: string | undefined): string | undefined {
  const all = registersOf(exports);
  const [first, second] = all;
  if (chosen !== undefined || first === undefined || second === undefined) return chosen ?? first;
  throw new MacpoolError(
    "REGISTER_MISMATCH",
    `There is no register, and the exports are of ${all.length}: ${listOf(exports)}. Nothing was written. Say which one is to be made anew with --register ID, such as: --register ${first}`,
    { details: { first, second } },
  );
}

/**
 * Refuses a choice that cannot be.
 *
 * @throws MacpoolError INVALID_CONFIG when no export has anything of the chosen register.
 */
export function assertKnown(exports: readonly StackExport[], chosen: string | undefined): void {
  if (chosen === undefined || registersOf(exports).includes(chosen)) return;
  throw new MacpoolError(
    "INVALID_CONFIG",
    `No export has anything of register ${chosen}, which --register names. They are of: ${listOf(exports) || "none"}.`,
  );
}

/** What is compared, and the register that is meant. */
interface Given {
  readonly exports: readonly StackExport[];
  readonly chosen?: string | undefined;
}

/**
 * Refuses a register that is not the chosen one. When none is chosen, every export must have something of it: else exports
 * of two registers were mixed up.
 *
 * @throws MacpoolError REGISTER_MISMATCH.
 */
export function assertBelongs({ exports, chosen }: Given, storeId: string, location: string): void {
  const itsName = `register ${storeId}, which ${location} is`;
  if (chosen !== undefined) {
    if (chosen !== storeId) throw mismatch(`--register names ${chosen}, not ${itsName}. ${NAME_IT}`, storeId, chosen);
    return;
  }
  const [stranger, ...more] = strangers(exports, storeId);
  if (stranger === undefined) return;
  const files = [stranger, ...more];
  const hasOwn = registersOf(exports).includes(storeId);
  const remedy = hasOwn ? `Leave out such an export, or give --register ${storeId}, which leaves it out.` : NAME_IT;
  const have = `${files.map(({ file }) => file).join(", ")}: nothing there is of ${itsName}. It is of: ${listOf(files)}.`;
  throw mismatch(`${have} ${remedy}`, storeId, registersOf(files)[0] ?? "");
}

const NAME_IT =
  "Name the right one with --store; if it is lost, name a path where there is no file, and it is made anew there.";

function mismatch(words: string, found: string, expected: string): MacpoolError {
  return new MacpoolError("REGISTER_MISMATCH", `Nothing was written. ${words}`, { details: { found, expected } });
}

/** Returns those that have something, and all of it of other registers. */
function strangers(exports: readonly StackExport[], storeId: string): readonly StackExport[] {
  return exports.filter((one) => {
    const registers = registersOf([one]);
    return registers.length > 0 && !registers.includes(storeId);
  });
}

/** Returns the ids of the registers that exports have something of. */
function registersOf(exports: readonly StackExport[]): readonly string[] {
  const all = exports.flatMap(({ leases, declarations }) => [...leases, ...declarations]);
  return [...new Set(all.map(({ storeId }) => storeId))];
}

function listOf(exports: readonly StackExport[]): string {
  return registersOf(exports)
    .map((id) => `${id} (${countOf(exports, id)} in ${filesOf(exports, id)})`)
    .join(", ");
}

function filesOf(exports: readonly StackExport[], storeId: string): string {
  const files = exports.filter((one) => registersOf([one]).includes(storeId)).map(({ file }) => file);
  return files.join(", ");
}

function countOf(exports: readonly StackExport[], storeId: string): string {
  const shares = exports.map((one) => shareOf(one, storeId));
  const leases = shares.reduce((count, one) => count + one.leases.length, 0);
  const declared = shares.reduce((count, one) => count + one.declarations.length, 0);
  const addresses = `${leases} ${leases === 1 ? "address" : "addresses"}`;
  return declared === 0
    ? addresses
    : `${addresses} and ${declared} ${declared === 1 ? "pool or reservation" : "pools or reservations"}`;
}
