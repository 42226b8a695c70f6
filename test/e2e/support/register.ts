import { copyFileSync, existsSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
import { MacpoolError } from "../../../provider/error";
import { formatMac, type Mac, parseMac } from "../../../provider/mac/mac";
import { newRegister, openRegister, systemContext } from "../../../provider/store/open";
import { createSqliteRegister } from "../../../provider/store/sqlite/sqlite-store";
import type { LeaseStore } from "../../../provider/store/store";

/** One lease as the register has it. */
export interface LeaseRow {
  readonly address: string;
  readonly owner: string;
  readonly installation: string;
  readonly pool: string;
  readonly token: string;
  readonly description: string;
  readonly isLive: boolean;
}

const context = systemContext(() => {});

/** A register file, looked at without any of the product's code in between. */
export class Register {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Creates it, with the content of a new register, as `macpool init` does. */
  create(): this {
    createSqliteRegister(this.path, newRegister(), context);
    return this;
  }

  /** Changes it by the verbs of a store. */
  async change(work: (store: LeaseStore) => Promise<unknown>): Promise<void> {
    const store = await openRegister(this.path, context);
    try {
      await work(store);
    } finally {
      await store.close();
    }
  }

  /** Asks for an address in the name of `owner`; returns how the register found it, or the code of its refusal. */
  async claim(address: string, owner: string): Promise<string> {
    let answer = "";
    await this.change(async (store) => {
      const request = { owner, installation: "e2e", pool: "default", rotation: "", description: "", tags: {} };
      const [settled] = await store.acquire([{ ...request, requestedAddress: parseMac(address) }]);
      if (settled?.ok === true) answer = settled.value.rule;
      else answer = MacpoolError.is(settled?.error) ? settled.error.code : String(settled?.error);
    });
    return answer;
  }

  /** Returns every lease, live or released, by address. */
  leases(): LeaseRow[] {
    const rows = this.#query<Omit<LeaseRow, "address" | "isLive"> & { address: Mac; isLive: 0 | 1 }>(
      `select address, scope.value || lease.owner as owner, name.value as installation, pool.name as pool, token, lease.description,
              released_at is null as isLive
       from lease join name on name.id = lease.installation join pool on pool.id = lease.pool
         join name as scope on scope.id = lease.scope order by address`,
    );
    return rows.map((row) => ({ ...row, address: formatMac(row.address), isLive: row.isLive === 1 }));
  }

  /** Returns the lease, live or released, of the only owner whose last part is `name`. */
  lease(name: string): LeaseRow {
    const [lease, ...others] = this.leases().filter(({ owner }) => owner.split("/").at(-1) === name);
    if (lease === undefined || others.length > 0) throw new Error(`"${name}" has ${others.length} leases too many`);
    return lease;
  }

  /** Returns the addresses that are leased now. */
  live(): string[] {
    return this.leases().flatMap(({ address, isLive }) => (isLive ? [address] : []));
  }

  /** Returns who holds which address now: the last part of each owner, which two leases must not share. */
  holders(): Readonly<Record<string, string>> {
    const live = this.leases().filter(({ isLive }) => isLive);
    const holders = Object.fromEntries(live.map(({ owner, address }) => [owner.split("/").at(-1) ?? "", address]));
    if (Object.keys(holders).length < live.length) throw new Error("an owner holds two addresses");
    return holders;
  }

  /** Returns what the product's own examination of the content finds wrong. */
  async faults(): Promise<readonly string[]> {
    let faults: readonly string[] = [];
    await this.change(async (store) => {
      ({ faults } = await store.verify());
    });
    return faults;
  }

  /** Returns the addresses that were released. */
  released(): string[] {
    return this.leases().flatMap(({ address, isLive }) => (isLive ? [] : [address]));
  }

  /** Returns what happened, oldest first: the kind of each event. */
  events(): string[] {
    return this.#query<{ kind: string }>("select kind from event order by seq").map(({ kind }) => kind);
  }

  /** Removes a lease as if it had never been, behind the product's back. */
  lose(address: string): void {
    const database = new Database(this.path, { fileMustExist: true });
    database.prepare("delete from lease where address = ?").run(parseMac(address));
    database.close();
  }

  /** Deletes it, log and all. */
  remove(): void {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.path + suffix, { force: true });
  }

  /** Copies the register, log and all, while nobody has it open, over whatever is there. */
  copyTo(path: string): void {
    const database = new Database(this.path, { fileMustExist: true });
    database.pragma("wal_checkpoint(truncate)");
    database.close();
    new Register(path).remove();
    copyFileSync(this.path, path);
  }

  #query<Row>(sql: string): Row[] {
    const database = new Database(this.path, { readonly: true, fileMustExist: true });
    try {
      return database.prepare<[], Row>(sql).all();
    } finally {
      database.close();
    }
  }
}
