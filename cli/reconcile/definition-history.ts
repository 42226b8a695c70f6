import type { RegisterEvent } from "../../provider/lease/lease";
import { formatMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";
import type { Declaration } from "./declarations";

/** When a register's pools and reservations were changed. */
export class DefinitionHistory {
  readonly #register: LeaseStore;
  #changes: Promise<ReadonlyMap<string, number>> | undefined;

  constructor(register: LeaseStore) {
    this.#register = register;
  }

  /**
   * Returns when anybody last made or changed what is declared, in milliseconds since 1970, if that was after the
   * declaration's state was written. The whole history is read for the first of them.
   */
  async changedSince({ pool, reservation, writtenAt }: Declaration): Promise<number | undefined> {
    this.#changes ??= this.#read();
    const at = (await this.#changes).get(pool === undefined ? reserved(reservation?.start ?? 0) : named(pool.name));
    return at !== undefined && at > writtenAt ? at : undefined;
  }

  /**
   * Returns when the declaration's own program deleted it, in milliseconds since 1970, if that was after its state was
   * written.
   */
  async deletedSince({ by, pool, reservation, writtenAt }: Declaration): Promise<number | undefined> {
    let deletedAt: number | undefined;
    for await (const { kind, at, installation, ...event } of this.#register.history({ owner: by.owner })) {
      if (installation !== by.installation || at <= writtenAt) continue;
      const isPool = kind === "delete-pool" && event.pool === pool?.name;
      const isReservation = kind === "unreserve" && event.address === reservation?.start;
      if (isPool || isReservation) deletedAt = at;
    }
    return deletedAt;
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    const changes = new Map<string, number>();
    for await (const event of this.#register.history()) {
      const name = subjectOf(event);
      if (name !== undefined) changes.set(name, event.at);
    }
    return changes;
  }
}

/** An event of a reservation has the first address of its range only. */
function subjectOf({ kind, pool, address }: RegisterEvent): string | undefined {
  if (kind === "create-pool" || kind === "update-pool" || kind === "delete-pool") return named(pool);
  return (kind === "reserve" || kind === "unreserve") && address !== undefined ? reserved(address) : undefined;
}

function named(pool: string): string {
  return `pool ${pool}`;
}

function reserved(start: number): string {
  return `reserved ${formatMac(start)}`;
}
