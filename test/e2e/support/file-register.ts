import { copyFileSync, existsSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
import { parseMac } from "../../../provider/mac/mac";
import { newRegister } from "../../../provider/store/open";
import { createSqliteRegister } from "../../../provider/store/sqlite/sqlite-store";
import { context, Register } from "./register";

/** A register in a SQLite file, which its first deployment makes. */
export class FileRegister extends Register {
  readonly store: string;

  constructor(path: string) {
    super();
    this.store = path;
  }

  async exists(): Promise<boolean> {
    return existsSync(this.store);
  }

  async create(): Promise<this> {
    createSqliteRegister(this.store, newRegister(), context);
    return this;
  }

  async prepare(): Promise<void> {
    // A deployment makes it.
  }

  async isUntouched(): Promise<boolean> {
    return !existsSync(this.store);
  }

  async lose(address: string): Promise<void> {
    const database = new Database(this.store, { fileMustExist: true });
    database.prepare("delete from lease where address = ?").run(parseMac(address));
    database.close();
  }

  async remove(): Promise<void> {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.store + suffix, { force: true });
  }

  async copyTo(other: Register): Promise<void> {
    const database = new Database(this.store, { fileMustExist: true });
    database.pragma("wal_checkpoint(truncate)");
    database.close();
    await other.remove();
    copyFileSync(this.store, other.store);
  }

  protected readonly leasesQuery = `select address, scope.value || lease.owner as owner, name.value as installation,
      pool.name as pool, lease.token, lease.description, released_at is null as isLive
    from lease join name on name.id = lease.installation join pool on pool.id = lease.pool
      join name as scope on scope.id = lease.scope order by address`;

  protected async rows<Row extends object>(sql: string): Promise<readonly Row[]> {
    const database = new Database(this.store, { readonly: true, fileMustExist: true });
    try {
      return database.prepare<[], Row>(sql).all();
    } finally {
      database.close();
    }
  }
}
