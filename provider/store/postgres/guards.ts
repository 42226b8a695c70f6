import type { Queryable } from "./database";

/** What the schema demands of its rows, by table and name; see the migrations. SCHEMA stands for the schema's name. */
const CONSTRAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  register: { register_pkey: 'primary key ("only")', register_only_check: 'check ("only" = 1)' },
  migration: { migration_pkey: "primary key (number)" },
  pool: {
    pool_pkey: "primary key (id)",
    pool_name_key: "unique (name)",
    pool_strategy_check: "check (strategy in ('derived', 'sequential'))",
    pool_quarantine_seconds_check: "check (quarantine_seconds >= 0)",
    pool_universal_check: "check (universal in (0, 1))",
    pool_retired_check: "check (retired in (0, 1))",
    pool_issue_order_check: "check (issue_order in ('strict', 'relaxed'))",
  },
  pool_range: {
    pool_range_pkey: "primary key (start)",
    pool_range_check: 'check ("end" >= start)',
    pool_range_pool_fkey: "foreign key (pool) references SCHEMA.pool (id)",
  },
  pool_cursor: {
    pool_cursor_pkey: "primary key (pool, part)",
    pool_cursor_pool_fkey: "foreign key (pool) references SCHEMA.pool (id)",
  },
  reservation: {
    reservation_pkey: 'primary key (start, "end")',
    reservation_check: 'check ("end" >= start)',
  },
  name: { name_pkey: "primary key (id)" },
  lease: {
    lease_pkey: "primary key (address)",
    lease_address_check: "check (address between 1 and 281474976710654)",
    lease_check: "check (slot in (0, address))",
  },
  event: { event_pkey: "primary key (seq)" },
};

const FIRST = "left(owner, 400)";
const REST = "(case when length(owner) > 400 then md5(owner) else '' end)";

/** Those that are no constraint's own, and what makes them. */
const INDEXES: Readonly<Record<string, string>> = {
  name_value: "create unique index name_value on SCHEMA.name (md5(value))",
  lease_live: `create unique index lease_live on SCHEMA.lease (${FIRST}, pool, installation, rotation, slot, ${REST}) where released_at is null`,
  lease_released: `create index lease_released on SCHEMA.lease (${FIRST}, pool) where released_at is not null`,
  lease_release_order: "create index lease_release_order on SCHEMA.lease (pool, seq) where released_at is not null",
};

/** What keeps the history, and what makes it. */
const TRIGGERS: Readonly<Record<string, string>> = {
  event_is_never_rewritten:
    "create trigger event_is_never_rewritten before update or delete on SCHEMA.event for each row execute function SCHEMA.event_is_append_only()",
  event_is_never_emptied:
    "create trigger event_is_never_emptied before truncate on SCHEMA.event for each statement execute function SCHEMA.event_is_append_only()",
};

const FUNCTIONS = ["event_is_append_only", "definitions_in_force"];

/** The counters, the columns that they number, and what makes them; the next look then says where they have to go on. */
const COUNTERS = [
  ["event_seq", "event", "seq", "create sequence SCHEMA.event_seq; and then roles.sql of this package"],
  ["pool_id_seq", "pool", "id", "alter table SCHEMA.pool alter column id add generated always as identity"],
  ["name_id_seq", "name", "id", "alter table SCHEMA.name alter column id add generated always as identity"],
] as const;

interface Catalog {
  /** As it is written in SQL. */
  readonly schema: string;
  readonly constraints: readonly { readonly table: string; readonly name: string; readonly isChecked: boolean }[];
  readonly indexes: readonly { readonly name: string; readonly isUnique: boolean; readonly isInForce: boolean }[];
  readonly triggers: readonly {
    readonly table: string;
    readonly name: string;
    readonly isOurs: boolean;
    readonly isOn: boolean;
  }[];
  readonly functions: readonly string[];
  readonly sequences: readonly { readonly name: string; readonly isReadable: boolean }[];
}

const rowsOf = (query: string) => `(select coalesce(json_agg(row_to_json(rows)), '[]') from (${query}) as rows)`;
const ofTables = `join pg_class as of on of.oid = relation
  where of.relnamespace = (select oid from pg_namespace where nspname = current_schema())`;

/** A trigger that fires on a replica only does not fire where registers are written to. */
const CATALOG = `select quote_ident(current_schema()) as schema,
  ${rowsOf(`select of.relname as table, conname as name, convalidated as "isChecked"
    from (select conrelid as relation, * from pg_constraint) as found ${ofTables}`)} as constraints,
  ${rowsOf(`select indexed.relname as name, indisunique as "isUnique", indisvalid and indisready as "isInForce"
    from (select indrelid as relation, * from pg_index) as found join pg_class as indexed on indexed.oid = indexrelid
    ${ofTables}`)} as indexes,
  ${rowsOf(`select of.relname as table, tgname as name, not tgisinternal as "isOurs", tgenabled in ('O', 'A') as "isOn"
    from (select tgrelid as relation, * from pg_trigger) as found ${ofTables} order by 1, 2`)} as triggers,
  (select coalesce(json_agg(proname), '[]') from pg_proc
   where pronamespace = (select oid from pg_namespace where nspname = current_schema())) as functions,
  ${rowsOf(`select of.relname as name, has_sequence_privilege(of.oid, 'select') as "isReadable"
    from (select oid as relation, * from pg_class) as found ${ofTables} and of.relkind = 'S'`)} as sequences`;

/**
 * Returns what the schema has lost of what keeps a register sound, and counters that are behind what they number: each as a
 * fault that says what mends it. Counters that this role may not read are passed over.
 */
export async function guardFaults(session: Queryable): Promise<readonly string[]> {
  const [catalog] = await session.query<Catalog>(CATALOG);
  if (catalog === undefined) throw new Error("a query without a condition returns a row");
  const faults = [functionFaults, constraintFaults, indexFaults, triggerFaults].flatMap((of) => of(catalog));
  return [...faults, ...(await counterFaults(catalog, session))].map((fault) =>
    fault.replaceAll("SCHEMA", catalog.schema),
  );
}

const OWNER = "Let the owner of the schema run:";

function functionFaults({ functions }: Catalog): readonly string[] {
  return FUNCTIONS.filter((name) => !functions.includes(name)).map(
    (name) =>
      `The register has lost its function ${name}. Let the owner of the schema make it again as 001-register.sql of this package does.`,
  );
}

function constraintFaults({ constraints }: Catalog): readonly string[] {
  return Object.entries(CONSTRAINTS).flatMap(([table, all]) =>
    Object.entries(all).flatMap(([name, made]) => {
      const found = constraints.find((one) => one.table === table && one.name === name);
      const alter = `${OWNER} alter table SCHEMA.${table}`;
      if (found === undefined)
        return [`The register has lost its constraint ${name}. ${alter} add constraint ${name} ${made}`];
      return found.isChecked ? [] : [`Constraint ${name} was not checked. ${alter} validate constraint ${name}`];
    }),
  );
}

function indexFaults({ indexes }: Catalog): readonly string[] {
  const known = new Map(indexes.map((index) => [index.name, index]));
  const wrong = Object.entries(INDEXES).flatMap(([name, made]) => {
    const found = known.get(name);
    if (found === undefined) return [`The register has lost its index ${name}. ${OWNER} ${made}`];
    if (found.isUnique || !made.includes("unique")) return [];
    return [`Index ${name} is not unique. ${OWNER} drop index SCHEMA.${name}; ${made}`];
  });
  // Others may be there: of an operator, or of a reindexing that goes on.
  const names = [...Object.keys(INDEXES), ...Object.values(CONSTRAINTS).flatMap(Object.keys)];
  const idle = indexes.filter(({ name, isInForce }) => !isInForce && names.includes(name));
  return [...wrong, ...idle.map(({ name }) => `Index ${name} is not in force. ${OWNER} reindex index SCHEMA.${name}`)];
}

function triggerFaults({ triggers }: Catalog): readonly string[] {
  const lost = Object.entries(TRIGGERS)
    .filter(([name]) => !triggers.some((trigger) => trigger.name === name))
    .map(([name, made]) => `The register has lost its trigger ${name}. ${OWNER} ${made}`);
  const off = triggers.filter(({ isOn }) => !isOn);
  const ours = off
    .filter(({ isOurs, name }) => isOurs && name in TRIGGERS)
    .map(({ table, name }) => {
      return `Trigger ${name} is switched off. ${OWNER} alter table SCHEMA.${table} enable trigger ${name}`;
    });
  // The server's own, of references.
  const others = new Set(off.filter(({ isOurs }) => !isOurs).map(({ table }) => table));
  return [
    ...[...lost, ...ours],
    ...[...others].map((table) => {
      return `Triggers of table ${table} are switched off. Let a superuser run: alter table SCHEMA.${table} enable trigger all`;
    }),
  ];
}

async function counterFaults({ sequences }: Catalog, session: Queryable): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [name, table, column, made] of COUNTERS) {
    const sequence = sequences.find((one) => one.name === name);
    if (sequence?.isReadable === false) continue;
    if (sequence === undefined) {
      faults.push(`The register has lost its counter ${name}. ${OWNER} ${made}`);
      continue;
    }
    const [row] = await session.query<{ given: number; highest: number }>(
      `select last_value - case when is_called then 0 else 1 end as given,
              (select coalesce(max(${column}), 0)::bigint from ${table}) as highest from ${name}`,
    );
    if (row === undefined || row.given >= row.highest) continue;
    faults.push(
      `The counter ${name} is at ${row.given}, behind ${row.highest} in table ${table}, and would give numbers that are taken. ${OWNER} select setval('SCHEMA.${name}', (select max(${column}) from SCHEMA.${table}))`,
    );
  }
  return faults;
}
