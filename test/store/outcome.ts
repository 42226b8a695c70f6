import { MacpoolError } from "../../provider/error";
import type { Grant } from "../../provider/lease/transact";
import type { Settled } from "../../provider/store/store";

/** What a verb came to, as plain data, so that two stores can be compared. */
export type Outcome = { readonly value: unknown } | Refusal;

/** An error of ours, as plain data. */
interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Returns what `promise` comes to; only errors of ours count as an outcome. */
export async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await promise };
  } catch (error) {
    return plainError(error);
  }
}

/** Returns an error of ours as an outcome; throws any other. */
function plainError(error: unknown): Refusal {
  if (!MacpoolError.is(error)) throw error;
  return { code: error.code, message: `${error.message} ${JSON.stringify(error.details)}` };
}

/** Returns what one of several requests came to. */
export function plainOf(outcome: Settled<Grant>): Outcome {
  return outcome.ok ? { value: outcome.value } : plainError(outcome.error);
}
