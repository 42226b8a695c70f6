import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { MacpoolError } from "../../provider/error";
import { parsePrefix } from "../../provider/mac/range";
import { migrationsOf } from "../../provider/store/migrations";
import { createPostgresRegister } from "../../provider/store/postgres/postgres-store";
import { initial, rejection, testContext } from "../store/support";
import { createSchema, describePostgres, newSchema, openUrl, runSql, schemaOf } from "./support";

const create = (url: string) => createPostgresRegister(url, initial(), testContext());

/** Returns how many tables and so on a schema holds; undefined when it is not there. */
async function contentOf(url: string): Promise<number | undefined> {
  const [row] = await runSql(
    `select (select count(*) from pg_class where relnamespace = pg_namespace.oid)::integer as count
     from pg_namespace where nspname = '${schemaOf(url)}'`,
  );
  return row?.count;
}

/** Returns the name of a new role that owns nothing, and the URL of a register under it. */
async function asNewRole(url: string): Promise<readonly [role: string, url: string]> {
  const role = `maker_${randomUUID().slice(0, 8)}`;
  await runSql(`create role "${role}" login`);
  onTestFinished(async () => {
    await runSql(`drop owned by "${role}" cascade; drop role "${role}"`);
  });
  return [role, Object.assign(new URL(url), { username: role }).href];
}

const KNOWN = migrationsOf("postgres").map(({ number }) => number);

/** Undoes what migrations after the first did. */
const BACK_TO_SCHEMA_ONE = `delete from migration where number > 1;
  alter table pool drop column issue_order, drop column token;
  alter table reservation drop column token;
  alter table event drop column write_id;
  drop table pool_cursor;
  drop index lease_live, lease_released;
  create unique index lease_live on lease (owner, pool, installation, rotation, slot) where released_at is null;
  create index lease_released on lease (owner, pool) where released_at is not null`;

describePostgres("creating a register", () => {
  it("makes the schema, and says where the register is", async () => {
    const url = newSchema();
    expect(await create(url)).toContain(`schema ${schemaOf(url)}`);
    expect((await openUrl(url)).store.location).toBe(await (await openUrl(url)).store.location);
    expect((await (await openUrl(url)).store.verify()).faults).toEqual([]);
  });

  it("takes an empty schema that was made for it", async () => {
    const url = newSchema();
    await runSql(`create schema ${schemaOf(url)}`);
    await create(url);
    expect((await (await openUrl(url)).store.pools()).length).toBe(2);
  });

  it("refuses an existing register, and leaves it alone", async () => {
    const url = await createSchema();
    const before = await (await openUrl(url)).store.identity();
    expect((await rejection(create(url))).code).toBe("REGISTER_EXISTS");
    expect(await (await openUrl(url)).store.identity()).toEqual(before);
  });

  it("refuses a schema that holds anything else, as opening does", async () => {
    const url = newSchema();
    await runSql(`create schema ${schemaOf(url)}; create table ${schemaOf(url)}.theirs (id integer)`);
    expect((await rejection(create(url))).code).toBe("REGISTER_FOREIGN");
    expect((await rejection(openUrl(url))).code).toBe("REGISTER_FOREIGN");
    expect(await contentOf(url)).toBe(1);
  });

  it("by a role that may not make the schema says what that role needs, and works once it has it", async () => {
    const url = newSchema();
    const [role, own] = await asNewRole(url);
    const error = await rejection(create(own));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(error.message).not.toContain("roles.sql");
    const remedy = /grant create on database \w+ to \w+/.exec(error.message)?.[0] ?? "";
    expect(remedy).toContain(role);
    await runSql(remedy);
    await create(own);
    expect((await (await openUrl(own)).store.pools()).length).toBe(2);
  });

  it("in an empty schema of somebody else says that it must be one's own, and works once it is", async () => {
    const url = newSchema();
    const [role, own] = await asNewRole(url);
    await runSql(`create schema ${schemaOf(url)}`);
    for (const further of ["", `grant usage on schema ${schemaOf(url)} to "${role}"`]) {
      await runSql(further);
      const error = await rejection(create(own));
      expect(error.code).toBe("REGISTER_UNUSABLE");
      const remedy = /alter schema \w+ owner to \w+/.exec(error.message)?.[0] ?? "";
      expect(remedy).toContain(role);
    }
    await runSql(`alter schema ${schemaOf(url)} owner to "${role}"`);
    await create(own);
    expect((await (await openUrl(own)).store.pools()).length).toBe(2);
  });

  it("leaves nothing behind when it fails", async () => {
    const url = newSchema();
    const bad = initial({ pools: [{ name: "bad", ranges: [{ start: 1, end: 0 }] }] });
    expect((await rejection(createPostgresRegister(url, bad, testContext()))).code).toBe("INVALID_RANGE");
    expect(await contentOf(url)).toBeUndefined();
  });

  it("by 20 clients at once makes one register, and the others are told", async () => {
    const url = newSchema();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => create(url)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(MacpoolError.is(outcome.reason) ? outcome.reason.code : String(outcome.reason)).toBe("REGISTER_EXISTS");
    }
    const rows = await runSql("select number from migration order by number", url);
    expect(rows.map(({ number }) => number)).toEqual(KNOWN);
    expect((await (await openUrl(url)).store.verify()).faults).toEqual([]);
  });
});

describePostgres("opening a register", () => {
  it("that is not there fails, says how to make it, and creates nothing", async () => {
    const url = newSchema();
    const error = await rejection(openUrl(url));
    expect(error.code).toBe("REGISTER_MISSING");
    expect(error.message).toContain("macpool init");
    expect(await contentOf(url)).toBeUndefined();
  });

  it("of a newer schema is refused, naming both versions", async () => {
    const url = await createSchema();
    await runSql("insert into migration values (99, '099-later.sql', '', 0)", url);
    expect(await rejection(openUrl(url))).toMatchObject({
      code: "REGISTER_TOO_NEW",
      details: { version: 99, known: KNOWN.length },
    });
  });

  it("of an older schema by 20 clients at once brings it to ours, once", async () => {
    const url = await createSchema();
    await runSql(BACK_TO_SCHEMA_ONE, url);
    const registers = await Promise.all(Array.from({ length: 20 }, () => openUrl(url, { connections: 1 })));
    expect(registers).toHaveLength(20);
    const rows = await runSql("select number, name from migration order by number", url);
    expect(rows.map(({ number }) => number)).toEqual(KNOWN);
    const ask = { pool: "tiny", owner: "o".repeat(3000) };
    expect(new Set(await Promise.all(registers.map((register) => register.address(ask)))).size).toBe(1);
  });

  it("of an older schema has whoever has it open look at it again, once", async () => {
    const url = await createSchema();
    await runSql(BACK_TO_SCHEMA_ONE, url);
    const definitions = async () =>
      (await runSql("select definitions::float8 as number from register", url))[0]?.number;
    const before = await definitions();
    await openUrl(url);
    const upgraded = await definitions();
    expect(upgraded).toBeGreaterThan(before);
    await openUrl(url);
    expect(await definitions()).toBe(upgraded);
  });

  it("of schema 4 goes by the name of who manages what, until that is granted anew", async () => {
    const url = await createSchema();
    const [by, range] = [{ owner: "acme/network/prod/pools", installation: "one" }, parsePrefix("42:30")];
    const old = await openUrl(url);
    await old.store.createPool({ name: "managed", ranges: [range] }, { ...by, token: "forgotten" });
    await old.store.reserve({ ...range, reason: "managed" }, { ...by, token: "forgotten" });
    await old.store.close();
    await runSql(
      `delete from migration where number > 4; alter table pool drop column token;
       alter table reservation drop column token; alter table event drop column write_id`,
      url,
    );
    const { store } = await openUrl(url);
    const managed = async () => [
      (await store.pools()).find(({ name }) => name === "managed")?.managedBy,
      (await store.reserved()).find(({ reason }) => reason === "managed")?.managedBy,
    ];
    expect(await managed()).toEqual([by, by]);
    const granted = { ...by, token: "granted" };
    await store.createPool({ name: "managed", ranges: [range] }, granted);
    expect([await store.deletePool("managed", by), await store.unreserve(range, granted)]).toEqual([false, true]);
    expect(await managed()).toEqual([granted, undefined]);
  });

  it("of a database with another encoding is refused", async () => {
    await runSql("create database latin encoding 'LATIN1' template template0");
    try {
      const error = await rejection(createPostgresRegister(latin(newSchema()), initial(), testContext()));
      expect(error.code).toBe("REGISTER_UNUSABLE");
      expect(error.message).toContain("UTF8");
    } finally {
      await runSql("drop database latin with (force)");
    }
  });
});

function latin(url: string): string {
  return Object.assign(new URL(url), { pathname: "/latin" }).href;
}
