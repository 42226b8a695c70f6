import { MacpoolError } from "../../provider/error";
import { dateText } from "../../provider/lease/held";
import { formatRange } from "../../provider/mac/range";
import type { LeaseStore } from "../../provider/store/store";
import { type Declaration, nameOf } from "./declarations";
import { differenceOf, isContradiction, isOwn, type Present } from "./definition";
import { DefinitionHistory } from "./definition-history";

/** A declared pool or reservation that the register does not have as declared, and what becomes of it. */
export interface Declared {
  readonly declaration: Declaration;
  readonly name: string;
  readonly verdict: "insert" | "renew" | "stale" | "conflict" | "duplicate";
  readonly reason: string;
}

/** Where declared pools and reservations are compared and put. */
export interface Registers {
  /** What knows the history and the leases. */
  readonly register: LeaseStore;
  /** What they are put into: the register, or a copy of its pools and reservations to try them on. */
  readonly target: LeaseStore;
  /** Whether the register was made anew: then it has no history, and what is there by default becomes what is declared. */
  readonly isAnew: boolean;
}

/** What is to be put, and what it comes to if that can be done. */
interface Intent {
  readonly declared: Declared;
  readonly adopt: boolean;
}

/**
 * Makes the declared pools and reservations what their declarations say, and returns what each came to that the register
 * had otherwise, or not at all. One that was changed, or that its program deleted, since the state was written stays so.
 */
export async function putDeclared(
  declarations: readonly Declaration[],
  registers: Registers,
): Promise<readonly Declared[]> {
  const present = await presentIn(registers.target);
  const old = await outdated(declarations, present, registers);
  const results = new Map<Declaration, Declared>(old.map((one) => [one.declaration, one]));
  const intents: Intent[] = [];
  for (const group of byName(declarations.filter((one) => !results.has(one)))) {
    for (const one of contested(group, present, registers)) results.set(one.declaration, one);
    intents.push(...intentOf(group, results, present, registers));
  }
  for (const one of await putAll(intents, registers)) results.set(one.declaration, one);
  return declarations.flatMap((one) => results.get(one) ?? []);
}

type Presence = ReadonlyMap<string, Present>;

async function presentIn(target: LeaseStore): Promise<Presence> {
  const [pools, reservations] = [await target.pools(), await target.reserved()];
  return new Map<string, Present>([
    ...pools.map((pool) => [pool.name, pool] as const),
    ...reservations.map((one) => [formatRange(one), one] as const),
  ]);
}

/** Returns those of which the register knows something later than their state does. */
async function outdated(
  declarations: readonly Declaration[],
  present: Presence,
  { register, isAnew }: Registers,
): Promise<readonly Declared[]> {
  if (isAnew) return [];
  const history = new DefinitionHistory(register);
  const old: Declared[] = [];
  for (const declaration of declarations) {
    const reason = await laterThan(declaration, present.get(nameOf(declaration)), history);
    if (reason !== undefined) old.push(found(declaration, "stale", reason));
  }
  return old;
}

async function laterThan(declaration: Declaration, present: Present | undefined, history: DefinitionHistory) {
  if (present === undefined) {
    const at = await history.deletedSince(declaration);
    if (at === undefined) return undefined;
    return `Its program deleted it at ${dateText(at)}, after this state was written: the export is old.`;
  }
  const difference = differenceOf(declaration, present);
  const at = difference === undefined ? undefined : await history.changedSince(declaration);
  if (at === undefined) return undefined;
  return `${difference} It was changed there at ${dateText(at)}, after this state was written: the export is old, and it stays as it is. If the program is right all the same, run: pulumi up --refresh`;
}

function byName(declarations: readonly Declaration[]): Iterable<readonly Declaration[]> {
  const groups = new Map<string, Declaration[]>();
  for (const one of declarations) groups.set(nameOf(one), [...(groups.get(nameOf(one)) ?? []), one]);
  return groups.values();
}

/** Returns those of one name that contradict each other. */
function contested(group: readonly Declaration[], present: Presence, { isAnew }: Registers): readonly Declared[] {
  return group.flatMap((declaration) => {
    const rival = group.find((other) => isContradiction(declaration, other));
    if (rival === undefined) return [];
    const isKept = present.has(nameOf(declaration)) && !isAnew;
    const until = isKept ? "stays what it is" : "is made as the later export says";
    const reason = `Stack ${rival.stack} declares it too, for "${rival.by.owner}", and not alike. It ${until}. If one export is old, leave that out; else take it out of one program, and run pulumi up there. Then reconcile again.`;
    return [found(declaration, "duplicate", reason)];
  });
}

/** Returns what of one name is to be put, if anything is. */
function intentOf(
  group: readonly Declaration[],
  results: ReadonlyMap<Declaration, Declared>,
  present: Presence,
  { isAnew }: Registers,
): readonly Intent[] {
  const [declaration] = group.toSorted((one, other) => other.writtenAt - one.writtenAt);
  if (declaration === undefined) return [];
  const there = present.get(nameOf(declaration));
  const duplicate = results.get(declaration);
  if (there === undefined || isAnew) {
    const insert = found(declaration, "insert", "The register does not have it.");
    return [{ declared: duplicate ?? insert, adopt: isAnew }];
  }
  const difference = differenceOf(declaration, there);
  if (difference === undefined || duplicate !== undefined) return [];
  const adopt = declaration.adopt || isOwn(declaration, there);
  return [{ declared: found(declaration, "renew", difference), adopt }];
}

/** Puts what can be put, and goes on as long as that makes room for what could not: pools exchange ranges. */
async function putAll(intents: readonly Intent[], registers: Registers): Promise<readonly Declared[]> {
  const results: Declared[] = [];
  let pending = intents;
  for (;;) {
    const refused: { readonly intent: Intent; readonly declared: Declared }[] = [];
    for (const intent of pending) {
      const declared = await put(intent, registers);
      if (declared.verdict === "conflict") refused.push({ intent, declared });
      else results.push(declared);
    }
    if (refused.length === 0 || refused.length === pending.length)
      return [...results, ...refused.map(({ declared }) => declared)];
    pending = refused.map(({ intent }) => intent);
  }
}

async function put({ declared, adopt }: Intent, { register, target }: Registers): Promise<Declared> {
  const { declaration } = declared;
  const { pool, reservation, by } = declaration;
  try {
    // The copy has no leases, which may be in the way.
    if (pool !== undefined && target !== register) await register.predictPool(pool, by, adopt, await target.pools());
    if (pool !== undefined) await target.createPool(pool, by, adopt);
    if (reservation !== undefined) await target.reserve(reservation, by, adopt);
    return declared;
  } catch (error) {
    if (!MacpoolError.is(error) || error.code.startsWith("REGISTER_")) throw error;
    return found(declaration, "conflict", error.message);
  }
}

function found(declaration: Declaration, verdict: Declared["verdict"], reason: string): Declared {
  const name = `${declaration.pool === undefined ? "reserved" : "pool"} ${nameOf(declaration)}`;
  return { declaration, name, verdict, reason };
}
