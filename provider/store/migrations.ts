import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MacpoolError } from "../error";

/** One numbered SQL file. It never changes after a release; a register keeps the checksum of what it ran. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of `sql`, in hex. */
  readonly checksum: string;
}

/** Returns the migrations of a dialect in ascending order, read from `sql/<dialect>` beside this module. */
export function migrationsOf(dialect: "sqlite" | "postgres"): readonly Migration[] {
  const folder = join(__dirname, "sql", dialect);
  return readdirSync(folder)
    .filter((file) => /^\d{3}-.+\.sql$/.test(file))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), "utf8");
      return { number: Number(name.slice(0, 3)), name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
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
