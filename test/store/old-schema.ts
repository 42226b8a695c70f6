import Database from "better-sqlite3";
import { migrationsOf } from "../../provider/store/migrations";
import { restOf, scopeOf } from "../../provider/store/sqlite/names";

/** The tables of an old schema in an order that keeps references whole: their columns, and what fills them today. */
type Tables = Readonly<Record<string, Readonly<Record<string, string>>>>;

function same(...columns: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(columns.map((column) => [column, column]));
}

const MANAGER = same("owner", "installation");
const RESERVATION = same("start", '"end"', "reason");
const POOL = same("id", "name", "strategy", "quarantine_seconds", "universal", "description", "cursor");
/** In the view of all events, owners are whole. */
const EVENT = same("seq", "at", "kind", "address", "pool", "owner", "installation", "actor");
const COMMON = { register: same("only", "store_id", "created_at"), name: same("id", "value") };
const LEASE = {
  ...same("address", "pool", "installation", "rotation", "slot", "token", "seq", "released_at"),
  ...same("description", "tags"),
  owner: "(select value from source.name where id = scope) || owner",
  acquired_at: "coalesce(acquired_at, at)",
};

/** The schemas that can be written. */
export type OldSchema = 1 | 2 | 4;

const SCHEMAS: Readonly<Record<OldSchema, Tables>> = {
  1: {
    ...COMMON,
    pool: POOL,
    pool_range: same("start", '"end"', "pool"),
    reservation: RESERVATION,
    lease: LEASE,
    event: EVENT,
  },
  2: {
    ...COMMON,
    pool: { ...POOL, ...MANAGER, ...same("retired") },
    pool_range: same("start", '"end"', "pool"),
    reservation: { ...RESERVATION, ...MANAGER },
    lease: LEASE,
    event: { ...EVENT, ...same("before") },
  },
  4: {
    name: COMMON.name,
    register: { ...COMMON.register, ...same("gaps_until") },
    pool: { ...POOL, ...MANAGER, ...same("retired", "issue_order") },
    pool_range: same("start", '"end"', "pool"),
    reservation: { ...RESERVATION, ...MANAGER },
    lease: {
      ...same(
        "seq",
        "at",
        "kind",
        "address",
        "pool",
        "owner",
        "scope",
        "installation",
        "actor",
        "before",
        "event_pool",
      ),
      ...same("acquired_at", "released_at", "rotation", "slot", "token", "description", "tags"),
    },
    past_event: { ...EVENT, ...same("scope", "before") },
  },
};

/** Writes the content of the register at `path` to `old` as an earlier version of this package did. */
export function writeOldSchema(path: string, old: string, version: OldSchema): void {
  const database = new Database(old);
  database.pragma("application_id = 1296122704");
  database.pragma("journal_mode = wal");
  database.function("owner_scope", { deterministic: true }, (owner) => scopeOf(String(owner)));
  database.function("owner_rest", { deterministic: true }, (owner) => restOf(String(owner)));
  for (const { number, name, sql, checksum } of migrationsOf("sqlite").slice(0, version)) {
    database.exec(sql);
    database.prepare("insert into migration values (?, ?, ?, 0)").run(number, name, checksum);
    database.pragma(`user_version = ${number}`);
  }
  database.prepare("attach ? as source").run(path);
  for (const [table, columns] of Object.entries(SCHEMAS[version])) {
    const into = Object.keys(columns).join(", ");
    database.exec(
      `insert into main.${table} (${into}) select ${Object.values(columns).join(", ")} from source.${table}`,
    );
  }
  database.close();
}

/** Returns the schema version of the register at `path`. */
export function schemaOf(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    return database.pragma("user_version", { simple: true });
  } finally {
    database.close();
  }
}
