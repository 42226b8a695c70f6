import { MacpoolError } from "../../error";
import type { Ledger } from "../../lease/ledger";
import { type DraftContext, DraftLedger } from "./draft-ledger";
import type { Answers } from "./questions";
import type { TokenDraw } from "./tokens";

/** One thing that is asked of the register: rules to run on a ledger, and whom to tell what came of it. */
export interface Item {
  readonly run: (ledger: Ledger) => unknown;
  readonly draw: TokenDraw;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What one item came to. */
type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What some items came to on one draft. */
export interface Run {
  readonly draft: DraftLedger;
  /** As many as there are items that may share a transaction, from the first on. */
  readonly outcomes: readonly Outcome[];
  /** Whether there is something to write. */
  readonly isChanged: boolean;
}

/**
 * Runs items one after the other on one draft. One that changes what all others rely on, or that fails after it wrote
 * something, is run alone, and of the latter nothing is to be written.
 */
export function runTogether(items: readonly Item[], answers: Answers, context: DraftContext): Run {
  const draft = new DraftLedger(answers, context);
  const outcomes: Outcome[] = [];
  for (const [index, item] of items.entries()) {
    const before = draft.size;
    const outcome = attempt(item, draft);
    const isSpoilt = "error" in outcome && (!MacpoolError.is(outcome.error) || draft.size > before);
    if ((isSpoilt || draft.isDefining) && index > 0) return runTogether(items.slice(0, index), answers, context);
    outcomes.push(outcome);
    if (isSpoilt || draft.isDefining) return { draft, outcomes, isChanged: !isSpoilt };
  }
  return { draft, outcomes, isChanged: draft.size > 0 };
}

function attempt({ run, draw }: Item, draft: DraftLedger): Outcome {
  draw.restart();
  draft.newToken = () => draw.next();
  try {
    return { value: run(draft) };
  } catch (error) {
    return { error };
  }
}

/** Returns whether anybody will be told that what was asked for is so. */
export function hasSuccess({ outcomes }: Run): boolean {
  return outcomes.some((outcome) => "value" in outcome);
}

/** Tells everybody whose item was run what it came to. */
export function settle(items: readonly Item[], outcomes: readonly Outcome[]): void {
  for (const [index, outcome] of outcomes.entries()) {
    const item = items[index];
    item?.draw.end();
    if ("error" in outcome) item?.reject(outcome.error);
    else item?.resolve(outcome.value);
  }
}
