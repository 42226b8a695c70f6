import type { BlockRequest, HeldBlock } from "../../lease/block";
import { memberOwner } from "../../lease/block";
import type { Entitlement } from "../../lease/held";
import { formatMac, type Mac, parseMac } from "../../mac/mac";
import { type CheckResult, failureOf } from "../check";
import { anonymity } from "../given";
import { askerOf } from "../run-addresses";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { blockRequestOf, isConsecutive } from "./request";
import { type BlockInputs, parseInputs, parseNews } from "./schema";

/** Which property a refusal by the register is about. */
const PROPERTIES: Readonly<Record<string, string>> = {
  POOL_NOT_FOUND: "pool",
  ADDRESS_OUTSIDE_POOL: "count",
  ADDRESS_RESERVED: "count",
  ADDRESS_TAKEN: "count",
  ADDRESS_QUARANTINED: "count",
  INVALID_OWNER: "owner",
};

/** Addresses by index, as far as they are known. */
type Foreseen = readonly (Mac | undefined)[];

/**
 * Validates the inputs and adds `addresses` where all are known already, so that a preview shows them; where only some
 * are, `known` has them. Never writes.
 *
 * The handlers are not told whether this is a preview, and outside of one the engine refuses a list that holds unknown
 * values, hence the second property.
 */
export async function check(olds: Bag, news: Bag): Promise<CheckResult> {
  const { given: told, before } = runtime().given.of("block", olds, news);
  const { inputs, unknowns, failures: faults } = parseNews(told);
  const failures = [...faults, ...anonymity(olds, news)];
  if (failures.length > 0) return { inputs: news, failures };
  const { addresses: _, known: __, defaultOwner, ...given } = inputs;
  const settled = "pool" in unknowns ? given : { ...given, pool: given.pool ?? runtime().settings.pool };
  try {
    runtime().owners.claimBlock({ ...settled, defaultOwner, isThere: olds["owner"] !== undefined });
    const foreseen = await resolve(parseInputs(before).inputs, settled, unknowns);
    return { inputs: { ...settled, ...unknowns, ...shown(foreseen) } };
  } catch (error) {
    return { inputs: news, failures: [failureOf(error, PROPERTIES)] };
  }
}

function shown(foreseen: Foreseen): Bag {
  const texts = foreseen.map((address) => (address === undefined ? "" : formatMac(address)));
  if (texts.length > 0 && !texts.includes("")) return { addresses: texts, known: [] };
  return { known: texts };
}

/** Without any of these nothing can be said of any address. */
const DECISIVE = ["pool", "rotation", "count", "contiguous"];

async function resolve(olds: BlockInputs, news: BlockInputs, unknowns: Bag): Promise<Foreseen> {
  if (DECISIVE.some((key) => key in unknowns)) return [];
  const held = keepsLeases(olds, news) ? await heldBefore(olds) : undefined;
  if (held === undefined && "owner" in unknowns) return [];
  const count = news.count ?? 0;
  const kept = (held?.refs ?? []).map(({ address }) => address).slice(0, count);
  const isAllKept = kept.length === count;
  // What it had and nobody can tell any more lies before what it would get in addition.
  const isGap = held !== undefined && held.refs.length < (olds.count ?? 0);
  // A name that is not known yet is nobody else's.
  const owner = "owner" in unknowns ? `${olds.owner}\n` : (news.owner ?? "");
  for (const [index, address] of kept.entries())
    runtime().addresses.keep(address, askerOfMember({ ...news, owner }, index));
  const foreseen = isAllKept || isGap || "owner" in unknowns ? undefined : await foresee(blockRequestOf(news, held));
  return Array.from({ length: count }, (_, index) => foreseen?.[index]?.address ?? kept[index]);
}

/** Returns whether the block will be updated in place or left alone, as far as its inputs decide it. */
function keepsLeases(olds: BlockInputs, news: BlockInputs): boolean {
  if (olds.owner === undefined || olds.pool !== news.pool || olds.rotation !== news.rotation) return false;
  if (news.contiguous !== true || olds.contiguous === true || olds.addresses === undefined) return true;
  return isConsecutive(olds.addresses.slice(0, news.count).map(parseMac));
}

/** Returns what the block has by its old inputs; from a pool that nothing is foretold of, the register knows it. */
async function heldBefore(olds: BlockInputs): Promise<HeldBlock> {
  const { owner = "", installation = "" } = olds;
  const addresses = olds.addresses?.map(parseMac) ?? (await askRegister(olds));
  return { refs: addresses.map((address) => ({ address, token: "" })), owner, installation };
}

async function askRegister(olds: BlockInputs): Promise<readonly Mac[]> {
  const foreseen = (await runtime().predictBlock(blockRequestOf(olds), () => false)) ?? [];
  const end = foreseen.findIndex((chosen) => chosen?.rule !== "keep");
  return foreseen.slice(0, end === -1 ? foreseen.length : end).flatMap((chosen) => chosen?.address ?? []);
}

/** Returns what the register would grant; undefined when it cannot be asked, or where somebody else was shown it. */
async function foresee(request: BlockRequest): Promise<readonly (Entitlement | undefined)[] | undefined> {
  const process = runtime();
  const { addresses } = process;
  const isShown = (address: Mac, owner: string) =>
    addresses.isShownToAnother(address, askerOf({ pool: request.pool, owner }));
  const known = await process.predictBlock(request, isShown);
  const isGone = (chosen: Entitlement | undefined, index: number) =>
    chosen !== undefined && addresses.isShownToAnother(chosen.address, askerOfMember(request, index));
  const taken = known?.find((chosen, index) => chosen?.rule === "keep" && isGone(chosen, index));
  if (taken !== undefined) throw addresses.contested(taken.address);
  // Another check was answered in the meantime.
  if (known?.some((chosen, index) => chosen?.rule === "derive" && isGone(chosen, index))) return foresee(request);
  return known?.map((chosen, index) => {
    if (chosen === undefined || isGone(chosen, index)) return undefined;
    addresses.show(chosen, askerOfMember(request, index));
    return chosen;
  });
}

function askerOfMember({ pool = "", owner = "" }: Pick<BlockInputs, "pool" | "owner">, index: number): string {
  return askerOf({ pool, owner: memberOwner(owner, index) });
}
