import { MacpoolError } from "../../../provider/error";
import type { LeaseStore } from "../../../provider/store/store";
import type { Operation, Recorder, Written } from "./history";

/** Refusals that say of themselves that nothing was written; after any other error nobody can tell. */
const NOTHING_WRITTEN = /^(POOL_|ADDRESS_|INVALID_|REGISTER_BUSY$)/;

/** What an operation came to, as its process sees it. */
export type Answer = { readonly written: Written | null } | { readonly code: string; readonly isUnknown: boolean };

/**
 * Does `operation` on the register, writes both into the history, and returns what it came to. `beforeTold` is called with
 * what the register has acknowledged (null: nothing to do), when nobody knows yet.
 */
export async function record(
  recorder: Recorder,
  store: LeaseStore,
  operation: Operation,
  beforeTold: (written: Written | null) => void = () => undefined,
): Promise<Answer> {
  const op = recorder.invoke(operation);
  try {
    const written = await perform(store, operation);
    beforeTold(written);
    recorder.ok(op, written);
    return { written };
  } catch (error) {
    const code = MacpoolError.is(error) ? error.code : String(error);
    const isUnknown = !NOTHING_WRITTEN.test(code);
    if (isUnknown) recorder.info(op, code);
    else recorder.fail(op, code);
    return { code, isUnknown };
  }
}

async function perform(store: LeaseStore, operation: Operation): Promise<Written | null> {
  const labels = { description: "", tags: {} };
  switch (operation.do) {
    case "acquire": {
      const [outcome] = await store.acquire([{ ...operation, ...labels }]);
      if (outcome?.ok !== true) throw outcome?.error ?? new Error("the register gave no outcome");
      return writtenOf(outcome.value.lease);
    }
    case "release": {
      const [lease] = await store.release([operation]);
      return writtenOf(lease);
    }
    case "update":
      return writtenOf(await store.update({ ...operation, ...labels }));
  }
}

function writtenOf(lease: Written | undefined): Written | null {
  return lease === undefined ? null : { address: lease.address, token: lease.token, seq: lease.seq };
}
