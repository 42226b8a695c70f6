import { expect, it } from "vitest";
import { contentChecks } from "../../cli/doctor";
import { examinePostgres } from "../../provider/store/postgres/examine";
import type { Verification } from "../../provider/store/store";
import { rejection, testContext } from "../store/support";
import { createSchema, describePostgres, openUrl, runSql, schemaOf } from "./support";

/** Returns what keeps the rows of a schema, as the server writes it. */
async function guardsOf(url: string): Promise<readonly unknown[]> {
  const space = `(select oid from pg_namespace where nspname = '${schemaOf(url)}')`;
  return runSql(
    `select 'constraint' as kind, conname::text as name, pg_get_constraintdef(oid) as made, convalidated as on
     from pg_constraint where connamespace = ${space} and contype <> 'n'
     union all
     select 'index', relname, pg_get_indexdef(indexrelid), indisvalid
     from pg_index join pg_class on pg_class.oid = indexrelid where relnamespace = ${space}
     union all
     select 'trigger', tgname, pg_get_triggerdef(pg_trigger.oid), tgenabled = 'O'
     from pg_trigger join pg_class on pg_class.oid = tgrelid where relnamespace = ${space} and not tgisinternal
     order by 1, 2`,
    url,
  );
}

/** Verifies a register as somebody who opens it just now. */
async function verified(url: string): Promise<Verification> {
  return (await openUrl(url)).store.verify();
}

/** What a fault says is to be run. */
function remedyOf(fault: string): string {
  return /run: (.*)$/.exec(fault)?.[1] ?? "";
}

const LOST = ["constraint", "index"] as const;

describePostgres("verify of a register whose schema was changed by hand", () => {
  it("finds no fault in what an operator added, or is about to build anew", async () => {
    const url = await createSchema();
    await runSql(
      `create index lease_live_ccnew on lease (owner);
       update pg_index set indisvalid = false where indexrelid = 'lease_live_ccnew'::regclass;
       create trigger of_an_operator before insert on lease for each row execute function suppress_redundant_updates_trigger();
       alter table lease disable trigger of_an_operator`,
      url,
    );
    expect((await verified(url)).faults).toEqual([]);
  });

  it("names everything that keeps rows sound and is gone, and what it says makes it as it was", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    await register.grant({ owner: "one" });
    const before = await guardsOf(url);
    const names: string[] = [];
    for (const kind of LOST) {
      const found: { table: string; name: string }[] = await runSql(
        kind === "constraint"
          ? `select conrelid::regclass::text as table, conname as name from pg_constraint
             where connamespace = current_schema()::regnamespace and contype <> 'n' order by contype`
          : `select indexrelid::regclass::text as name from pg_index join pg_class on pg_class.oid = indexrelid
             where relnamespace = current_schema()::regnamespace`,
        url,
      );
      for (const { table, name } of found) {
        await runSql(
          kind === "constraint" ? `alter table ${table} drop constraint ${name}` : `drop index ${name}`,
          url,
        );
        names.push(name);
      }
    }
    for (const name of ["event_is_never_emptied", "event_is_never_rewritten"]) {
      await runSql(`drop trigger ${name} on event`, url);
      names.push(name);
    }
    expect(await guardsOf(url)).toEqual([]);
    const { faults, isMendable } = await verified(url);
    expect([faults.length, isMendable]).toEqual([names.length, true]);
    for (const name of names) expect(faults.join("\n")).toMatch(new RegExp(`lost its \\w+ ${name}\\. Let the owner`));
    for (const fault of faults) await runSql(remedyOf(fault));
    expect(await guardsOf(url)).toEqual(before);
    expect((await verified(url)).faults).toEqual([]);
  });

  it.each([
    ["alter table event disable trigger event_is_never_emptied", /event_is_never_emptied is switched off/],
    ["alter table event enable replica trigger event_is_never_rewritten", /event_is_never_rewritten is switched off/],
    ["alter table pool_range disable trigger all", /Triggers of table pool_range are switched off/],
    ["drop index lease_live; create index lease_live on lease (owner)", /lease_live is not unique/],
    ["update pg_index set indisvalid = false where indexrelid = 'lease_live'::regclass", /lease_live is not in force/],
    ["update pg_index set indisvalid = false where indexrelid = 'lease_pkey'::regclass", /lease_pkey is not in force/],
    [
      "alter table lease drop constraint lease_check; alter table lease add constraint lease_check check (slot in (0, address)) not valid",
      /lease_check was not checked/,
    ],
    ["alter table name alter column id drop identity", /lost its counter name_id_seq/],
    ["drop sequence event_seq", /lost its counter event_seq/],
    ["select setval('event_seq', 1)", /counter event_seq is at 1, behind 6\d/],
    ["select setval('event_seq', (select max(seq) from event), false)", /counter event_seq is at 6\d, behind 6\d/],
    ["select setval('name_id_seq', 1, false)", /counter name_id_seq is at 0, behind \d/],
    ["select setval('pool_id_seq', 1)", /counter pool_id_seq is at 1, behind 2/],
  ])("says how to mend: %s", async (sql, fault) => {
    const url = await createSchema();
    const register = await openUrl(url);
    await Promise.all(Array.from({ length: 60 }, (_, n) => register.grant({ owner: `owner ${n}` })));
    await runSql(sql, url);
    const { faults, isMendable } = await verified(url);
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(isMendable).toBe(true);
    // A counter made anew is behind.
    for (let found = faults; found.length > 0; found = (await verified(url)).faults) {
      for (const one of found) await runSql(remedyOf(one).replace("; and then roles.sql of this package", ""));
    }
    expect((await (await openUrl(url)).grant({ owner: "next" })).rule).toBe("derive");
  });

  it("says which functions are gone", async () => {
    const url = await createSchema();
    await runSql("drop function definitions_in_force; drop function event_is_append_only cascade", url);
    const { faults } = await verified(url);
    expect(faults.filter((fault) => fault.includes("lost its function"))).toHaveLength(2);
  });

  it("asks for a backup when what it kept apart is the same by now, and whoever found out writes no more", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    const { lease } = await register.grant();
    await runSql(
      "alter table lease drop constraint lease_pkey; alter table event drop constraint event_pkey; drop index lease_live",
      url,
    );
    expect((await register.store.verify()).isMendable).toBe(true);
    const refused = await rejection(register.grant({ owner: "next" }));
    expect(refused.code).toBe("REGISTER_CORRUPT");
    expect(refused.message).toMatch(/lease_pkey primary key \(address\); then begin anew/);
    await runSql("insert into lease select * from lease; insert into event select * from event", url);
    const { faults, isMendable } = await verified(url);
    expect(isMendable).toBeUndefined();
    expect(faults).toContain(`Event ${lease.seq} is there more than once.`);
    expect(faults.join("\n")).toContain("has more than one lease.");
  });
});

describePostgres("doctor", () => {
  it.each([
    ["function definitions_in_force", "lost its function definitions_in_force"],
    ["sequence event_seq", "lost its counter event_seq"],
  ])("goes on to the register itself when it has lost its %s, and says so", async (object, fault) => {
    const url = await createSchema();
    const register = await openUrl(url);
    await register.grant();
    await runSql(`drop ${object}`, url);
    const examined = await examinePostgres(url, testContext());
    expect(examined.filter(({ verdict }) => verdict === "fault")).toEqual([]);
    expect((await verified(url)).faults.join("\n")).toContain(fault);
  });

  it("asks for a backup only when no fault says itself what mends it", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    const { lease } = await register.grant();
    const findings = async () => {
      const all: string[] = [];
      for await (const { check, finding } of contentChecks(register.store, Date.now(), "Restore it.")) {
        if (check === "content") all.push(finding);
      }
      return all;
    };
    await runSql("select setval('event_seq', 1)", url);
    expect(await findings()).toEqual([expect.stringContaining("setval")]);
    await runSql(`update lease set seq = 1 where address = ${lease.address}`, url);
    expect((await findings()).at(-1)).toBe("Restore it.");
  });
});
