import { MacpoolError } from "../../../provider/error";
import { formatMac, type Mac, parseMac } from "../../../provider/mac/mac";
import { openRegister, systemContext } from "../../../provider/store/open";
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

/** A row of a lease. */
export type RawLease = Omit<LeaseRow, "address" | "isLive"> & {
  readonly address: Mac;
  readonly isLive: boolean | 0 | 1;
};

/** The kind of every event, oldest first. */
export const EVENTS = "select kind from event order by seq";

export const context = systemContext(() => {});

/** A register of a scenario, looked at without any of the product's code in between. */
export abstract class Register {
  /** What `macpool:store` says of it: a path, or a URL. */
  abstract readonly store: string;

  /** Whether it is there. */
  abstract exists(): Promise<boolean>;

  /** Creates it, with the content of a new register, as `macpool init` does. */
  abstract create(): Promise<this>;

  /** Sees to it that deployments can use it: a file is made by the first of them, a schema of a server by its operator. */
  abstract prepare(): Promise<void>;

  /** Whether no deployment has made it or written to it. */
  abstract isUntouched(): Promise<boolean>;

  /** Removes a lease as if it had never been, behind the product's back. */
  abstract lose(address: string): Promise<void>;

  /** Deletes it, and all that belongs to it. */
  abstract remove(): Promise<void>;

  /** Copies it, while nobody writes, over whatever `other` is; both must be of this kind. */
  abstract copyTo(other: Register): Promise<void>;

  /** Asks for every lease by address. */
  protected abstract readonly leasesQuery: string;

  protected abstract rows<Row extends object>(sql: string): Promise<readonly Row[]>;

  /** Changes it by the verbs of a store. */
  async change(work: (store: LeaseStore) => Promise<unknown>): Promise<void> {
    const store = await openRegister(this.store, context);
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
  async leases(): Promise<LeaseRow[]> {
    const rows = await this.rows<RawLease>(this.leasesQuery);
    return rows.map((row) => ({ ...row, address: formatMac(Number(row.address)), isLive: Boolean(row.isLive) }));
  }

  /** Returns the lease, live or released, of the only owner whose last part is `name`. */
  async lease(name: string): Promise<LeaseRow> {
    const [lease, ...others] = (await this.leases()).filter(({ owner }) => owner.split("/").at(-1) === name);
    if (lease === undefined || others.length > 0) throw new Error(`"${name}" has ${others.length} leases too many`);
    return lease;
  }

  /** Returns the addresses that are leased now. */
  async live(): Promise<string[]> {
    return (await this.leases()).flatMap(({ address, isLive }) => (isLive ? [address] : []));
  }

  /** Returns the addresses that were released. */
  async released(): Promise<string[]> {
    return (await this.leases()).flatMap(({ address, isLive }) => (isLive ? [] : [address]));
  }

  /** Returns who holds which address now: the last part of each owner, which two leases must not share. */
  async holders(): Promise<Readonly<Record<string, string>>> {
    const live = (await this.leases()).filter(({ isLive }) => isLive);
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

  /** Returns what happened, oldest first: the kind of each event. */
  async events(): Promise<string[]> {
    return (await this.rows<{ kind: string }>(EVENTS)).map(({ kind }) => kind);
  }
}
