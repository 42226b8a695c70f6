import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MacpoolError } from "../error";

type Dialect = "sqlite" | "postgres";

/** One numbered SQL file. It never changes after a release; a register keeps the checksum of what it ran. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of `sql`, in hex. */
  readonly checksum: string;
}

/** Returns the migrations of a dialect in ascending order, read from where the package has them. */
export function migrationsOf(dialect: Dialect): readonly Migration[] {
  return filesOf(dialect).map((name) => {
    const sql = readFileSync(join(folderOf(dialect), name), "utf8");
    return { number: Number(name.slice(0, 3)), name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

/** Returns the schema version that this package makes, without reading the migrations: every transaction may ask for it. */
export function newestSchema(dialect: Dialect): number {
  return filesOf(dialect).length;
}

const known: Partial<Record<Dialect, readonly string[]>> = {};

/** Looked for once: a package does not change while it runs. */
function filesOf(dialect: Dialect): readonly string[] {
  known[dialect] ??= readdirSync(folderOf(dialect))
    .filter((file) => /^\d{3}-.+\.sql$/.test(file))
    .sort();
  return known[dialect];
}

function folderOf(dialect: Dialect): string {
  sources ??= join(root(), "provider", "store", "sql");
  return join(sources, dialect);
}

let sources: string | undefined;

/**
 * Returns the package's directory. It lies above the sources and above what the package is published as; where somebody has
 * bundled it into a program, Node's resolver finds it, which takes a tenth of the time that opening a register takes.
 */
function root(directory = __dirname): string {
  if (existsSync(join(directory, "provider", "store", "sql"))) return directory;
  const parent = dirname(directory);
  return parent === directory ? dirname(require.resolve("pulumi-macpool/package.json")) : root(parent);
}

/**
 * Compares a register's schema with what this package knows.
 *
 * @throws MacpoolError REGISTER_TOO_NEW naming both versions.
 */
export function assertSchemaKnown(location: string, version: number, known: number): void {
  if (version <= known) return;
  throw new MacpoolError(
    "REGISTER_TOO_NEW",
    `Register ${location} has schema version ${version}; this version of pulumi-macpool knows up to ${known}. Upgrade the package.`,
    { details: { version, known } },
  );
}
