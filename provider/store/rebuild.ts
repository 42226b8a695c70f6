import { randomUUID } from "node:crypto";
import { newRegister, openRegister, sqlitePath } from "./open";
import { rebuildPostgres } from "./postgres/rebuild";
import { isPostgresUrl } from "./postgres/url";
import { putInPlace, removeDatabase } from "./sqlite/scratch";
import { createSqliteRegister } from "./sqlite/sqlite-store";
import type { InitialContent, LeaseStore, StoreContext } from "./store";

/** What is known of a register that was lost. */
export interface LostRegister {
  readonly storeId: string;
  /** The highest change anybody knows of; the counter goes on above it. */
  readonly seqAbove: number;
  /** First octets of pool `default`; default 42. */
  readonly prefix?: string | undefined;
}

/** Returns what a register holds that is made anew in the place of a lost one. */
export function contentOf({ prefix, storeId, seqAbove }: LostRegister): InitialContent {
  return { ...newRegister(prefix), storeId, seqAbove };
}

/**
 * Makes a lost register anew, lets `work` fill it and returns what that returns. Nobody sees it before it is filled;
 * when anything fails, there is none.
 *
 * @throws MacpoolError REGISTER_EXISTS when there is one by now; those of `createRegister`, `openRegister`, `rebuildPostgres` and `work`.
 */
export async function rebuildRegister<T>(
  store: string,
  context: StoreContext,
  lost: LostRegister,
  work: (register: LeaseStore) => Promise<T>,
): Promise<T> {
  if (isPostgresUrl(store)) return rebuildPostgres(store, contentOf(lost), context, work);
  const path = sqlitePath(store);
  const draft = `${path}.draft-${randomUUID()}`;
  try {
    createSqliteRegister(draft, contentOf(lost), context);
    const register = await openRegister(draft, context);
    const result = await work(register).finally(() => register.close());
    putInPlace(draft, path);
    return result;
  } finally {
    removeDatabase(draft);
  }
}
