import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../../provider/store/postgres/database";
import { Relay } from "./relay";
import { createSchema, describePostgres, openUrl, runSql, schemaOf } from "./support";

/** Returns the URL of a register for a user whose sessions are another kind by default, and look elsewhere. */
async function registerOfAnother(elsewhere: string): Promise<string> {
  const url = await createSchema();
  const role = `pooled_${randomUUID().slice(0, 8)}`;
  await runSql(`create role "${role}" login superuser`);
  onTestFinished(async () => {
    await runSql(`drop owned by "${role}"; drop role "${role}"`);
  });
  for (const setting of [
    `search_path = ${schemaOf(elsewhere)}`,
    "synchronous_commit = off",
    "default_transaction_isolation = serializable",
    "lock_timeout = 0",
    "statement_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
  ]) {
    await runSql(`alter role "${role}" set ${setting}`);
  }
  return Object.assign(new URL(url), { username: role }).href;
}

describePostgres("behind a pooler that drops what clients set at login", () => {
  it("every connection has the register's schema and settings all the same", async () => {
    const elsewhere = await createSchema();
    const { url } = await Relay.before(await registerOfAnother(elsewhere), true);
    const register = await openUrl(url);
    const other = await openUrl(elsewhere);
    const { lease } = await register.grant();
    expect(await register.store.find(lease.address)).toEqual(lease);
    expect(await other.leases()).toEqual([]);
    const database = await connect(url);
    onTestFinished(() => database.close());
    const settings = () =>
      database.query(`select pg_sleep(0.1), current_schema() as schema, current_setting('synchronous_commit') as durable,
        current_setting('transaction_isolation') as isolation, current_setting('lock_timeout') as lock,
        current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle`);
    const durable = { durable: "on", isolation: "read committed" };
    const expected = { schema: schemaOf(url), ...durable, lock: "5s", statement: "30s", idle: "10s" };
    for (const rows of await Promise.all([settings(), settings()])) expect(rows).toMatchObject([expected]);
  });
});
