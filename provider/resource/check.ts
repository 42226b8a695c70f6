import { MacpoolError } from "../error";
import type { Entitlement } from "../lease/held";
import type { AcquireRequest } from "../lease/lease";
import { formatMac, type Mac } from "../mac/mac";
import { requestOf } from "./request";
import { withRotationInForce } from "./rotation";
import { runtime } from "./runtime";
import { type Bag, type Failure, type Inputs, parseInputs, parseNews } from "./schema";

/** What the host wants from `check`. */
export interface CheckResult {
  readonly inputs: Bag;
  readonly failures?: readonly Failure[];
}

/**
 * Validates the inputs and adds `address` where it is known already, so that a preview shows it. Never writes.
 *
 * `olds` are the old inputs; they are empty for a resource that is new or about to be replaced.
 */
export async function check(olds: Bag, news: Bag): Promise<CheckResult> {
  const { inputs, unknowns, failures } = parseNews(withRotationInForce(olds, news));
  if (failures.length > 0) return { inputs: news, failures };
  const { address: _, ...given } = inputs;
  const settled = "pool" in unknowns ? given : { ...given, pool: given.pool ?? runtime().settings.pool };
  try {
    const address = await resolveAddress(parseInputs(olds).inputs, settled, unknowns);
    return { inputs: { ...settled, ...unknowns, ...(address === undefined ? {} : { address }) } };
  } catch (error) {
    return { inputs: news, failures: [failureOf(error, PROPERTIES)] };
  }
}

/** Which property a refusal by the register is about. */
const PROPERTIES: Readonly<Record<string, string>> = {
  POOL_NOT_FOUND: "pool",
  ADDRESS_OUTSIDE_POOL: "address",
  ADDRESS_RESERVED: "address",
  ADDRESS_TAKEN: "address",
  ADDRESS_QUARANTINED: "address",
  INVALID_MAC: "address",
};

/**
 * Returns a refusal by the register as a failure of the property that it is about.
 *
 * @throws The error itself, when it is about none.
 */
export function failureOf(error: unknown, properties: Readonly<Record<string, string>>): Failure {
  const property = MacpoolError.is(error) ? properties[error.code] : undefined;
  if (property === undefined || !(error instanceof Error)) throw error;
  return { property, reason: error.message };
}

async function resolveAddress(olds: Inputs, news: Inputs, unknowns: Bag): Promise<string | undefined> {
  if ("pool" in unknowns || "rotation" in unknowns || "requestedAddress" in unknowns) return undefined;
  const isKept = keepsLease(olds, news);
  const { requestedAddress } = news;
  // Nobody is asked for what is held already: after a crash the register may know it under the new name.
  if (isKept && requestedAddress !== undefined && requestedAddress === olds.address) return requestedAddress;
  if (!isKept && "owner" in unknowns) return requestedAddress;
  // A lease is renamed by `update`; until then the register knows it under the old name.
  const request = requestOf(
    isKept ? { ...news, owner: olds.owner, installation: olds.installation, address: olds.address } : news,
  );
  const known = await foresee(request, isKept);
  if (requestedAddress !== undefined) return requestedAddress;
  if (isKept && known?.rule !== "keep") return olds.address;
  return known === undefined ? undefined : formatMac(known.address);
}

/** Returns whether the resource will be updated in place or left alone, as far as pool and keepers decide it. */
function keepsLease(olds: Inputs, news: Inputs): boolean {
  return olds.owner !== undefined && olds.pool === news.pool && olds.rotation === news.rotation;
}

/** Returns who is shown an address, as the runtime tells askers apart. */
export function askerOf({ pool, owner }: Pick<AcquireRequest, "pool" | "owner">): string {
  return `${pool}\n${owner}`;
}

/** Returns what the register would grant; undefined when it cannot be asked, or when somebody else was shown it. */
async function foresee(request: AcquireRequest, isKept: boolean): Promise<Entitlement | undefined> {
  const process = runtime();
  const asker = askerOf(request);
  const isPromised = (address: Mac) => process.isPromisedToAnother(address, asker);
  const known = await process.predict(request, isKept, isPromised);
  if (known === undefined) return undefined;
  // Another check was answered in the meantime; or one had this address before, and another likes it best.
  if (isPromised(known.address)) return known.rule === "derive" ? foresee(request, isKept) : undefined;
  process.promise(known.address, asker);
  return known;
}
