import { setImmediate as othersTurn } from "node:timers/promises";
import { MacpoolError } from "../../provider/error";
import type { AcquireRequest, Lease } from "../../provider/lease/lease";
import type { Mac } from "../../provider/mac/mac";
import type { LeaseStore, Settled } from "../../provider/store/store";
import type { Entry, Fault } from "./entry";
import { type Planned, type PlanOptions, plan } from "./plan";

/** What an entry came to: now in, in before, cannot be, need not be. */
export type Outcome = "added" | "present" | "conflict" | "skipped";

/** An entry and what it came to. */
export interface Imported {
  readonly outcome: Outcome;
  readonly address: string;
  readonly owner: string;
  readonly pool: string;
  readonly place: string;
  /** The code of what is in the way. */
  readonly code: Fault["code"] | undefined;
  /** Words for the user, or "". */
  readonly reason: string;
}

type Request = AcquireRequest & { readonly requestedAddress: Mac };

/**
 * Registers the addresses that are not in yet, all in one transaction: an interruption leaves either all of them or none.
 * With `isDry` it only says what would come of it. `onStep` is told before the work begins, of how many it is.
 *
 * @throws MacpoolError when the register cannot be used; what it refuses is an outcome.
 */
export async function registerEntries(
  register: LeaseStore,
  entries: readonly Entry[],
  options: PlanOptions & { readonly isDry?: boolean | undefined },
  onStep: (addresses: number) => void = () => undefined,
): Promise<readonly Imported[]> {
  const planned = plan(entries, await register.pools(), options);
  onStep(planned.length);
  const present = await presentIn(register, planned);
  const requests = planned.flatMap(({ request }) => (request === undefined || present.has(request) ? [] : [request]));
  const grants = options.isDry === true ? await foreseen(register, requests) : await granted(register, requests);
  const answers = new Map(requests.map((request, index) => [request, grants[index]]));
  return planned.map((one) => imported(one, present, answers));
}

async function presentIn(register: LeaseStore, planned: readonly Planned[]): Promise<ReadonlyMap<Request, Lease>> {
  const present = new Map<Request, Lease>();
  for (const [index, { request }] of planned.entries()) {
    await letSignalsIn(index);
    if (request === undefined) continue;
    const lease = await register.find(request.requestedAddress);
    if (lease?.releasedAt === undefined && lease?.owner === request.owner) present.set(request, lease);
  }
  return present;
}

/** The register answers at once, so that nothing else would have its turn. */
async function letSignalsIn(index: number): Promise<void> {
  if (index % 1000 === 0) await othersTurn();
}

/** What the register says to a request: a note, or why not. */
type Answer = Settled<string>;

async function granted(register: LeaseStore, requests: readonly Request[]): Promise<readonly Answer[]> {
  if (requests.length === 0) return [];
  const outcomes = await register.acquire(requests);
  return outcomes.map((outcome) => (outcome.ok ? { ok: true, value: outcome.value.warning ?? "" } : outcome));
}

async function foreseen(register: LeaseStore, requests: readonly Request[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const [index, request] of requests.entries()) {
    await letSignalsIn(index);
    try {
      await register.predict(request);
      answers.push({ ok: true, value: "" });
    } catch (error) {
      if (!MacpoolError.is(error) || error.code.startsWith("REGISTER_")) throw error;
      answers.push({ ok: false, error });
    }
  }
  return answers;
}

function imported(
  { entry, address, owner, request, fault }: Planned,
  present: ReadonlyMap<Request, Lease>,
  answers: ReadonlyMap<Request, Answer | undefined>,
): Imported {
  const common = { address, owner, pool: request?.pool ?? "", place: entry.place, code: undefined };
  if (fault !== undefined) return { ...common, ...fault, outcome: "conflict" };
  if (request === undefined) return { ...common, outcome: "skipped", reason: entry.skip ?? "" };
  const lease = present.get(request);
  if (lease !== undefined) return { ...common, pool: lease.pool, outcome: "present", reason: "" };
  const answer = answers.get(request);
  if (answer?.ok === true) return { ...common, outcome: "added", reason: answer.value };
  return { ...common, outcome: "conflict", ...faultOf(answer?.error) };
}

function faultOf(error: Error | undefined): Fault {
  if (MacpoolError.is(error)) return { code: error.code, reason: error.message };
  throw error ?? new MacpoolError("INTERNAL", "The register did not answer. Please report this as a bug.");
}
