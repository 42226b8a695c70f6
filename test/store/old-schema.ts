import Database from "better-sqlite3";
import { migrationsOf } from "../../provider/store/migrations";

/** The tables of schema 1 and their columns, in an order that keeps references whole. */
const TABLES = {
  register: "only, store_id, created_at",
  name: "id, value",
  pool: "id, name, strategy, quarantine_seconds, universal, description, cursor",
  pool_range: 'start, "end", pool',
  reservation: 'start, "end", reason',
  lease: "address, pool, owner, installation, rotation, slot, token, seq, acquired_at, released_at, description, tags",
  event: "seq, at, kind, address, pool, owner, installation, actor",
};

/** Writes the content of the register at `path` to `old` as the first version of this package did: with schema 1. */
export function writeSchemaOne(path: string, old: string): void {
  const database = new Database(old);
  database.pragma("application_id = 1296122704");
  database.pragma("journal_mode = wal");
  for (const { number, name, sql, checksum } of migrationsOf("sqlite").slice(0, 1)) {
    database.exec(sql);
    database.prepare("insert into migration values (?, ?, ?, 0)").run(number, name, checksum);
    database.pragma(`user_version = ${number}`);
  }
  database.prepare("attach ? as source").run(path);
  for (const [table, columns] of Object.entries(TABLES)) {
    database.exec(`insert into main.${table} (${columns}) select ${columns} from source.${table}`);
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
