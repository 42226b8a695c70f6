import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { parseMac } from "../../../provider/mac/mac";
import { newRegister } from "../../../provider/store/open";
import { createPostgresRegister } from "../../../provider/store/postgres/postgres-store";
import { context, EVENTS, Register } from "./register";

/** A database of a server, without a schema, and where the server's programs are. */
export interface ServerDatabase {
  readonly url: string;
  readonly bin: string;
}

/** A register in a schema of its own, which goes with the server. */
export class PostgresRegister extends Register {
  readonly store: string;
  readonly schema = `e2e_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
  readonly #server: ServerDatabase;
  #eventsWhenMade = 0;

  constructor(server: ServerDatabase) {
    super();
    this.#server = server;
    this.store = `${server.url}?schema=${this.schema}`;
  }

  async exists(): Promise<boolean> {
    const found = await this.rows(`select from pg_namespace where nspname = '${this.schema}'`);
    return found.length > 0;
  }

  async create(): Promise<this> {
    await createPostgresRegister(this.store, newRegister(), context);
    this.#eventsWhenMade = (await this.events()).length;
    return this;
  }

  async prepare(): Promise<void> {
    if (!(await this.exists())) await this.create();
  }

  async isUntouched(): Promise<boolean> {
    return !(await this.exists()) || (await this.rows(EVENTS)).length === this.#eventsWhenMade;
  }

  async lose(address: string): Promise<void> {
    await this.rows(`delete from lease where address = ${parseMac(address)}`);
  }

  async remove(): Promise<void> {
    await this.rows(`drop schema if exists ${this.schema} cascade`);
  }

  async copyTo(other: Register): Promise<void> {
    if (!(other instanceof PostgresRegister)) throw new Error("a schema is copied to a schema");
    await other.remove();
    const { url, bin } = this.#server;
    const text = execFileSync(join(bin, "pg_dump"), ["--schema", this.schema, url], { encoding: "utf8" });
    const input = text.replaceAll(this.schema, other.schema);
    execFileSync(join(bin, "psql"), ["-q", "-v", "ON_ERROR_STOP=1", url], {
      input,
      stdio: ["pipe", "ignore", "inherit"],
    });
  }

  protected readonly leasesQuery =
    `select address, lease.owner, name.value as installation, pool.name as pool, lease.token,
      lease.description, released_at is null as "isLive"
    from lease join name on name.id = lease.installation join pool on pool.id = lease.pool order by address`;

  protected async rows<Row extends object>(sql: string): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: this.#server.url, options: `-c search_path=${this.schema}` });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }
}
