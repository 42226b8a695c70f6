import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { parsePrefix } from "../../provider/mac/range";
import { examinePostgres } from "../../provider/store/postgres/examine";
import { openPostgresStore } from "../../provider/store/postgres/postgres-store";
import { Register, rejection, request, TestClock, testContext } from "../store/support";
import { grantRoles } from "./role-script";
import { createSchema, describePostgres, runSql, schemaOf } from "./support";

/** Returns URLs of a register for its owner and for the two roles of the script. */
async function registerWithRoles() {
  const owner = await createSchema();
  const name = randomUUID().slice(0, 8);
  const roles = { application: `app_${name}`, reader: `reader_${name}` };
  for (const role of Object.values(roles)) {
    await runSql(`create role "${role}" login`);
    onTestFinished(async () => {
      await runSql(`drop owned by "${role}"; drop role "${role}"`);
    });
  }
  const schema = schemaOf(owner);
  const run = () => grantRoles(owner, roles);
  run();
  const as = (user: string) => Object.assign(new URL(owner), { username: user }).href;
  return { owner, schema, run, application: as(roles.application), reader: as(roles.reader) };
}

async function open(url: string): Promise<Register> {
  const clock = new TestClock();
  const store = await openPostgresStore(url, testContext(clock));
  onTestFinished(() => store.close());
  return new Register(store, clock);
}

describePostgres("the role script", () => {
  it("lets the application do everything that a store does, and may be run again", async () => {
    const { application, run } = await registerWithRoles();
    run();
    const register = await open(application);
    const { store } = register;
    const { lease } = await register.grant();
    await store.update({ ...lease, description: "changed" });
    await register.grant({ pool: "tiny", owner: "" });
    await store.createPool({ name: "fast", ranges: [parsePrefix("42:78")], strategy: "sequential", order: "relaxed" });
    await register.grant({ pool: "fast", owner: "fast" });
    await store.createPool({ name: "more", ranges: [parsePrefix("42:77")] });
    await store.updatePool("more", { description: "more" });
    await store.reserve({ ...parsePrefix("42:77:01"), reason: "kept" });
    await store.unreserve(parsePrefix("42:77:01"));
    await store.deletePool("more");
    expect(await register.release(lease)).toMatchObject({ address: lease.address });
    expect(await register.release(lease)).toBeUndefined();
    const stated = { ...lease, seq: 1000, stack: "acme/network/prod" };
    expect(await store.recover([stated], true)).toMatchObject([{ verdict: "insert" }]);
    expect((await store.verify()).faults).toEqual([]);
  });

  it.each([
    "drop table event cascade",
    "drop schema SCHEMA cascade",
    "truncate event",
    "delete from event",
    "update event set owner = 'nobody'",
    "alter table event disable trigger all",
    "delete from lease",
    "truncate lease",
    "delete from pool",
    "update register set store_id = 'other'",
    "delete from register",
    "update migration set checksum = ''",
    "create table SCHEMA.mine (id integer)",
  ])("keeps the application from: %s", async (sql) => {
    const { application, schema } = await registerWithRoles();
    const denied = runSql(sql.replaceAll("SCHEMA", schema), application);
    await expect(denied).rejects.toMatchObject({ code: "42501" });
  });

  it.each(["application", "reader"] as const)("has the %s say of an older schema who may upgrade it", async (role) => {
    const urls = await registerWithRoles();
    await runSql("delete from migration where number > 2", urls.owner);
    const error = await rejection(openPostgresStore(urls[role], testContext(new TestClock())));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toMatch(/schema version 2, .*Let the owner of the schema run: macpool doctor/);
  });

  it("is named to whoever may not use the schema", async () => {
    const { owner, schema, application } = await registerWithRoles();
    await runSql(`revoke all on schema ${schema} from "${new URL(application).username}"`, owner);
    const error = await rejection(openPostgresStore(application, testContext()));
    expect(error).toMatchObject({ code: "REGISTER_UNUSABLE", message: expect.stringContaining("roles.sql") });
    expect(error.message).toContain(`which belongs to ${new URL(owner).username}`);
  });

  it("gives what doctor finds of each role", async () => {
    const urls = await registerWithRoles();
    const findings = async (url: string) => {
      const checks = await examinePostgres(url, testContext());
      return Object.fromEntries(checks.map(({ check, verdict, finding }) => [check, `${verdict}: ${finding}`]));
    };
    const application = new URL(urls.application).username;
    expect(await findings(urls.application)).toMatchObject({
      role: `ok: ${application}`,
      privileges: "ok: this role may grant, release and change pools",
    });
    expect((await findings(urls.reader))["privileges"]).toMatch(/^warning: This role may only read/);
    expect((await findings(urls.owner))["role"]).toMatch(/^warning: .* is a superuser/);
    await runSql(`revoke update on pool_cursor from "${application}"`, urls.owner);
    expect((await findings(urls.application))["privileges"]).toMatch(
      /^fault: .*: update on pool_cursor\. .*roles\.sql/,
    );
    await runSql(`alter schema ${urls.schema} owner to "${application}"`, urls.owner);
    expect((await findings(urls.application))["role"]).toMatch(/^warning: .* owns the schema/);
    await runSql(`alter schema ${urls.schema} owner to current_user`, urls.owner);
  });

  it("gives nothing that doctor would not miss, table by table", async () => {
    const { owner, schema, application, run } = await registerWithRoles();
    const name = new URL(application).username;
    const found = async () => {
      const checks = await examinePostgres(application, testContext());
      return checks.find(({ check }) => check === "privileges")?.finding;
    };
    const given = await runSql(
      `select lower(privilege_type) || ' on ' || table_name as privilege from information_schema.role_table_grants
       where table_schema = '${schema}' and grantee = '${name}' and privilege_type <> 'SELECT'`,
      owner,
    );
    expect(given.length).toBeGreaterThan(10);
    await revoke(given.map(({ privilege }) => privilege));
    for (const { privilege } of given) expect(await found()).toMatch(new RegExp(`[ ,]${privilege}[,.]`));
    run();
    const others = ["update (definitions) on register", "usage on sequence event_seq", "update on sequence event_seq"];
    await revoke([...others, "execute on function definitions_in_force"]);
    for (const object of ["update on register", "usage on event_seq", "update on event_seq", "definitions_in_force"]) {
      expect(await found()).toContain(object);
    }
    run();
    expect(await found()).toBe("this role may grant, release and change pools");

    async function revoke(privileges: readonly string[]) {
      await runSql(privileges.map((privilege) => `revoke ${privilege} from "${name}"`).join("; "), owner);
    }
  });

  it("lets the reader look at everything, and write nothing", async () => {
    const { owner, reader } = await registerWithRoles();
    const { lease } = await (await open(owner)).grant();
    const register = await open(reader);
    const { store } = register;
    expect(await store.predict(request())).toEqual({ rule: "keep", address: lease.address });
    expect(await store.predict(request({ owner: "new" }))).toMatchObject({ rule: "derive" });
    expect(await register.leases({ ownerPrefix: "acme" })).toHaveLength(1);
    expect(await store.stats("big")).toMatchObject({ live: 1 });
    expect((await register.events()).length).toBeGreaterThan(0);
    expect((await store.verify()).faults).toEqual([]);
    const error = await rejection(register.grant({ owner: "new" }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).toContain("roles.sql");
    expect((await rejection(store.createPool({ name: "more", ranges: [parsePrefix("42:77")] }))).code).toBe(
      "REGISTER_UNUSABLE",
    );
  });
});

describePostgres("verify by the reader", () => {
  it("sees what the owner sees, and without the privilege to look at counters passes over those alone", async () => {
    const { owner, reader } = await registerWithRoles();
    const register = await open(owner);
    await register.grant();
    await runSql("alter table event disable trigger event_is_never_emptied; select setval('event_seq', 1)", owner);
    const { faults } = await register.store.verify();
    expect(faults).toHaveLength(2);
    expect((await (await open(reader)).store.verify()).faults).toEqual(faults);
    await runSql(`revoke select on event_seq from "${new URL(reader).username}"`, owner);
    expect((await (await open(reader)).store.verify()).faults).toEqual(faults.slice(0, 1));
  });
});

describePostgres("history", () => {
  it.each(["delete from event", "update event set owner = 'nobody'", "truncate event"])(
    "is append-only for the owner of the schema too: %s",
    async (sql) => {
      const url = await createSchema();
      await expect(runSql(sql, url)).rejects.toThrow("append-only");
    },
  );
});
