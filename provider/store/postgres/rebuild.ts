import { randomUUID } from "node:crypto";
import type { InitialContent, LeaseStore, StoreContext } from "../store";
import { connectWhenReady } from "./connect";
import { translate } from "./postgres-error";
import { createPostgresRegister, openPostgresStore } from "./postgres-store";
import { transaction } from "./schema";
import { parsePostgresUrl, withSchema } from "./url";

/**
 * Makes a register, lets `work` fill it and returns what that returns. It lies in another schema of the same database
 * until it is filled; when anything fails, there is none.
 *
 * @throws MacpoolError REGISTER_EXISTS or REGISTER_UNUSABLE when its schema is not free any more; those of
 * `createPostgresRegister`, `openPostgresStore` and `work`.
 */
export async function rebuildPostgres<T>(
  store: string,
  content: InitialContent,
  context: StoreContext,
  work: (register: LeaseStore) => Promise<T>,
): Promise<T> {
  const { schema } = parsePostgresUrl(store);
  const draft = `draft_${randomUUID().replaceAll("-", "")}`;
  const database = await connectWhenReady(store, context);
  try {
    await createPostgresRegister(withSchema(store, draft), content, context);
    const register = await openPostgresStore(withSchema(store, draft), context);
    const result = await work(register).finally(() => register.close());
    await transaction(database, async (session) => {
      // An empty one may have been made for it; one that is not stays, and this fails.
      await session.query(`drop schema if exists "${schema}"`);
      await session.query(`alter schema ${draft} rename to "${schema}"`);
    });
    return result;
  } catch (error) {
    throw translate(error, database.location);
  } finally {
    await database.query(`drop schema if exists ${draft} cascade`).catch(() => undefined);
    await database.close();
  }
}
