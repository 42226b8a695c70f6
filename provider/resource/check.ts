import { MacpoolError } from "../error";
import type { Entitlement } from "../lease/held";
import { type AcquireRequest, nameOfLost } from "../lease/lease";
import { formatMac, type Mac } from "../mac/mac";
import { anonymity } from "./given";
import { requestOf } from "./request";
import { askerOf } from "./run-addresses";
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
  const { given: told, before } = runtime().given.of("nic", olds, news);
  const { inputs, unknowns, failures: faults } = parseNews(told);
  const failures = [...faults, ...anonymity(olds, news)];
  if (failures.length > 0) return { inputs: news, failures };
  const { address: _, defaultOwner, ...given } = inputs;
  const settled = "pool" in unknowns ? given : { ...given, pool: given.pool ?? runtime().settings.pool };
  try {
    runtime().owners.claim({ ...settled, defaultOwner, isThere: olds["owner"] !== undefined });
    const address = await resolveAddress(parseInputs(before).inputs, settled, unknowns);
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
  INVALID_OWNER: "owner",
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
  const { requestedAddress } = news;
  const isUnnamed = "owner" in unknowns;
  if (keepsLease(olds, news)) {
    const address = await keptAddress(olds, news, isUnnamed);
    if (requestedAddress === undefined || requestedAddress === address) return address;
  }
  if (isUnnamed) return requestedAddress;
  const known = await foresee(await asHeld(requestOf(news), olds));
  return requestedAddress ?? (known === undefined ? undefined : formatMac(known.address));
}

/**
 * Returns the request with the name under which a resource has the address that it asks for, if it is the one it has. That
 * its lease has this name does not say so: another resource that was renamed may have it by now.
 */
async function asHeld(request: AcquireRequest, olds: Inputs): Promise<AcquireRequest> {
  const { requestedAddress } = request;
  const { owner, installation, pool } = olds;
  if (requestedAddress === undefined || owner === undefined || installation === undefined) return request;
  if (pool !== request.pool || (await addressBefore(olds)) !== requestedAddress) return request;
  const lease = await runtime().ask((register) => register.find(requestedAddress));
  return { ...request, heldAs: nameOfLost(lease, { owner, installation }, request) };
}

/** Returns the address that old inputs name or, where none was foretold, that the register has for them. */
async function addressBefore({ requestedAddress: _, ...olds }: Inputs): Promise<Mac | undefined> {
  const request = requestOf(olds);
  return request.preferred ?? (await foreseeKept(request))?.address;
}

/** Returns whether the resource will be updated in place or left alone, as far as pool and keepers decide it. */
function keepsLease(olds: Inputs, news: Inputs): boolean {
  return olds.owner !== undefined && olds.pool === news.pool && olds.rotation === news.rotation;
}

/**
 * Returns the address that the resource has, and keeps it for this resource unless another one is requested. `update` goes
 * by the token, which `check` is not told: it asks by name, the old one until `update` has renamed the lease. `isUnnamed`
 * says that the new one is not known yet.
 */
async function keptAddress(olds: Inputs, news: Inputs, isUnnamed: boolean): Promise<string | undefined> {
  const { requestedAddress, ...others } = news;
  const before = requestOf({ ...others, ...identityOf(olds) });
  const now = isUnnamed ? undefined : requestOf(others);
  const known = await foreseeKept(before);
  const held = await heldAddress(before.preferred, known, now);
  if (held === undefined) return undefined;
  const text = formatMac(held);
  if (requestedAddress !== undefined && requestedAddress !== text) return text;
  // A name that is not known yet is nobody else's.
  runtime().addresses.keep(held, now === undefined ? `${askerOf(before)}\n` : askerOf(now));
  return text;
}

/**
 * Returns which address a resource has: what the register knows under its old name, unless it has the one that was foretold
 * under its new name already; what was foretold where the register knows nothing.
 */
async function heldAddress(
  foretold: Mac | undefined,
  known: Entitlement | undefined,
  now: AcquireRequest | undefined,
): Promise<Mac | undefined> {
  if (known?.rule !== "keep" || known.address === foretold) return foretold;
  if (foretold === undefined || now === undefined) return known.address;
  return (await isHeldAs(now, foretold)) ? foretold : known.address;
}

/** Returns whether a lease of the address is live under the request's name. */
async function isHeldAs(request: AcquireRequest, requestedAddress: Mac): Promise<boolean> {
  try {
    return (await runtime().predict({ ...request, requestedAddress }, false, () => false))?.rule === "keep";
  } catch (error) {
    if (MacpoolError.is(error) && error.code.startsWith("ADDRESS_")) return false;
    throw error;
  }
}

function identityOf({ owner, installation, address }: Inputs): Inputs {
  return Object.fromEntries(
    Object.entries({ owner, installation, address }).filter(([, value]) => value !== undefined),
  );
}

/** Returns what the register says of a lease that is kept; undefined when it cannot be asked. */
async function foreseeKept(request: AcquireRequest): Promise<Entitlement | undefined> {
  try {
    return await runtime().predict(request, true, () => false);
  } catch (error) {
    // In the wrong register, or an old copy of it, the pool may be missing: `diff` says so.
    if (MacpoolError.is(error) && error.code === "POOL_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Returns what the register would grant; undefined when it cannot be asked, or when somebody else was shown it. */
async function foresee(request: AcquireRequest): Promise<Entitlement | undefined> {
  const process = runtime();
  const asker = askerOf(request);
  const { addresses } = process;
  const isShown = (address: Mac) => addresses.isShownToAnother(address, asker);
  const known = await process.predict(request, false, isShown);
  if (known === undefined) return undefined;
  if (isShown(known.address)) {
    if (known.rule === "keep") throw addresses.contested(known.address);
    // Another check was answered in the meantime; or one had this address before, and another likes it best.
    return known.rule === "derive" ? foresee(request) : undefined;
  }
  addresses.show(known, asker);
  return known;
}
