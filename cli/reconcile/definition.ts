import { MacpoolError } from "../../provider/error";
import {
  definePool,
  isGrantedTo,
  isSameManager,
  type Manager,
  type Pool,
  type PoolSpec,
  type Reservation,
} from "../../provider/lease/pool";
import { formatRange } from "../../provider/mac/range";
import { formatDuration } from "../duration";
import type { Declaration } from "./declarations";

/** Characters of a value that a message repeats: a pool may have hundreds of ranges. */
const LONGEST = 200;

/** What the register has under the name of something declared. */
export type Present = Pool | Reservation;

/**
 * Returns in words what the register has otherwise than the declaration, or undefined when it has just that, granted to
 * this declaration.
 */
export function differenceOf(declaration: Declaration, present: Present): string | undefined {
  const { by } = declaration;
  const has = new Map(definitionOf("name" in present ? { pool: present } : { reservation: present }));
  const words = definitionOf(declaration).flatMap(([property, wanted]) => {
    const text = has.get(property);
    return text === wanted ? [] : [`${property} ${shortened(text ?? "none")} instead of ${shortened(wanted)}`];
  });
  if (!isSameManager(present.managedBy, by)) {
    words.push(`as its manager ${managerText(present.managedBy)} instead of ${managerText(by)}`);
  } else if (!isGrantedTo(present.managedBy, by)) words.push("it under another token");
  return words.length === 0 ? undefined : `The register has ${words.join(", ")}.`;
}

/** Returns whether what the register has is the declaration's own, by the name of it or by its token. */
export function isOwn({ by }: Declaration, { managedBy }: Present): boolean {
  return isSameManager(managedBy, by) || isGrantedTo(managedBy, by);
}

/** Returns whether two declarations cannot both be in force: they are of two grants, or want two things. */
export function isContradiction(one: Declaration, other: Declaration): boolean {
  const [token, otherToken] = [one.by.token, other.by.token];
  const hasTokens = token !== undefined && otherToken !== undefined;
  const isOneGrant = hasTokens ? token === otherToken : isSameManager(one.by, other.by);
  return !isOneGrant || definitionOf(one).join() !== definitionOf(other).join();
}

type Definition = readonly (readonly [property: string, text: string])[];

/** Returns each property of what is declared, defaults included, as text. */
function definitionOf({ pool, reservation }: Pick<Declaration, "pool" | "reservation">): Definition {
  if (pool !== undefined) return poolDefinition(pool);
  return [["reason", JSON.stringify(reservation?.reason ?? "")]];
}

function poolDefinition(spec: PoolSpec): Definition {
  try {
    const { ranges, strategy, order, quarantineSeconds, universal, description } = definePool(spec);
    return [
      ["ranges", ranges.map(formatRange).join(", ")],
      ["strategy", strategy],
      ["order", order],
      ["quarantine", formatDuration(quarantineSeconds)],
      ["universal", String(universal)],
      ["description", JSON.stringify(description)],
    ];
  } catch (error) {
    // Whoever tries to put it hears of this.
    if (!MacpoolError.is(error)) throw error;
    return [["definition", error.message]];
  }
}

function managerText(manager: Manager | undefined): string {
  return manager === undefined ? "no program" : shortened(`"${manager.owner}" (installation ${manager.installation})`);
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
