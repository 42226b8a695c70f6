import { isCi } from "../provider/environment";
import { MacpoolError } from "../provider/error";
import { dateText } from "../provider/lease/held";
import type { PoolUsage } from "../provider/lease/lease";
import type { Check } from "../provider/store/check";
import type { LeaseStore } from "../provider/store/store";
import { startProgress } from "./output/progress";
import { freeShare, LOW_SHARE } from "./pool-fill";

/** Clocks of machines that keep time differ by less. */
const CLOCK_MILLISECONDS = 60_000;

/**
 * Yields every check of what a register holds; `now` is in milliseconds since 1970, `remedy` says what to do when it is not
 * sound.
 */
export async function* contentChecks(register: LeaseStore, now: number, remedy: string): AsyncIterable<Check> {
  const { storeId, seq } = await register.identity();
  yield { check: "identity", verdict: "ok", finding: `${storeId}, at change ${seq}` };
  yield* await invariants(register, remedy);
  yield await clock(register, seq, now);
  for (const { name } of await register.pools()) yield pool(name, await register.stats(name));
}

/** Returns what CI means for this run and a register in a file, or `isOnServer`. */
export function ciCheck(isOnServer: boolean): Check {
  const check = "CI";
  const verdict = "ok";
  const is = isCi() ? "CI is set" : "CI is not set";
  if (isOnServer)
    return { check, verdict, finding: `${is}: on a server no update makes a register, but macpool init does` };
  const finding = isCi()
    ? `${is}: a register that is not there is an error, and is never made up`
    : `${is}: the first update makes a register where there is none`;
  return { check, verdict, finding };
}

/** Returns the check of a register that could not be looked at. */
export function failed(check: string, error: unknown): Check {
  if (!MacpoolError.is(error)) throw error;
  return { check, verdict: "fault", finding: `${error.message} [${error.code}]` };
}

async function invariants(register: LeaseStore, remedy: string): Promise<readonly Check[]> {
  const progress = startProgress("checks done");
  const { faults, isMendable, leases } = await register
    .verify({ progress: progress.tell })
    .finally(() => progress.end());
  if (faults.length === 0) {
    return [{ check: "content", verdict: "ok", finding: `${leases} leases, and every invariant holds` }];
  }
  const all = faults.map((finding): Check => ({ check: "content", verdict: "fault", finding }));
  if (isMendable === true) return all;
  return [...all, { check: "content", verdict: "fault", finding: remedy }];
}

async function clock(register: LeaseStore, seq: number, now: number): Promise<Check> {
  const at = (await register.event(seq))?.at;
  if (at === undefined) return { check: "clock", verdict: "ok", finding: "no event yet" };
  const finding = `the newest event is of ${dateText(at)}`;
  if (at <= now + CLOCK_MILLISECONDS) return { check: "clock", verdict: "ok", finding };
  return {
    check: "clock",
    verdict: "warning",
    finding: `The newest event is of ${dateText(at)}, in the future: a clock was wrong, or is. Until then the register's time stands still, and quarantine lasts longer. Check the clocks of all machines.`,
  };
}

function pool(name: string, usage: PoolUsage): Check {
  const check = `pool ${name}`;
  const usable = usage.size - usage.reserved;
  const free = usage.neverIssued + usage.reusable;
  const finding = `${free} of ${usable} addresses free`;
  if (freeShare(usage) >= LOW_SHARE) return { check, verdict: "ok", finding };
  return {
    check,
    verdict: "warning",
    finding: `Only ${finding}. Add a range (macpool pool update ${name}) or release leases.`,
  };
}
