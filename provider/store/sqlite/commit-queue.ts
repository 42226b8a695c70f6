import { MacpoolError } from "../../error";
import { Groups } from "../groups";
import type { Patience } from "../patience";
import { withPatience } from "./patience";
import { isBusy } from "./sqlite-error";
import { Turns } from "./turns";

/** How a batch of work becomes one transaction. */
export interface Transaction {
  /** Returns a value that is another one after each commit of another process. */
  begin(): unknown;
  commit(): void;
  /** Undoes the transaction if one is open. */
  rollback(): void;
  /** Counts the rows written so far, in this transaction and before. */
  writes(): number;
}

interface Item {
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: everything asked for in one turn of the event loop becomes one transaction, and no promise resolves
 * before its commit. A failing item does not disturb the others of its batch.
 */
export class CommitQueue {
  readonly #transaction: Transaction;
  readonly #patience: Patience;
  readonly #turns = new Turns();
  readonly #groups = new Groups<Item>((waiting) => this.#settleSome(waiting));
  #isSpoilt = false;

  constructor(transaction: Transaction, patience: Patience) {
    this.#transaction = transaction;
    this.#patience = patience;
  }

  /**
   * Runs `work` inside a transaction and returns its result once that is committed. When it throws a MacpoolError without
   * having written anything, the others of its batch go on; when it throws anything else the batch is undone and its items
   * are tried again one by one. When the commit fails, that is so for all of the batch; when the lock cannot be had in
   * time, for all that wait.
   *
   * @throws MacpoolError REGISTER_BUSY when the lock cannot be had in time; otherwise what `work` or the commit throws.
   */
  add<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = () => {
        const value = work();
        return () => resolve(value);
      };
      this.#groups.add({ run, reject });
    });
  }

  /** Resolves when nothing is waiting or running. */
  idle(): Promise<void> {
    return this.#groups.idle();
  }

  async #settleSome(waiting: Item[]): Promise<void> {
    await this.#turns.giveWay();
    const batch = waiting.splice(0, this.#turns.largestBatch);
    try {
      await this.#settle(batch);
    } catch (error) {
      if (this.#isSpoilt && batch.length > 1) await this.#settleOneByOne(batch, waiting);
      else refuse(batch, waiting, error);
    }
  }

  async #settleOneByOne(batch: readonly Item[], waiting: Item[]): Promise<void> {
    for (const [index, item] of batch.entries()) {
      await this.#turns.giveWay();
      try {
        await this.#settle([item]);
      } catch (error) {
        if (isBusy(error)) return refuse(batch.slice(index), waiting, error);
        item.reject(error);
      }
    }
  }

  async #settle(batch: readonly Item[]): Promise<void> {
    const untilNextTry = (waited: number) => this.#turns.untilNextTry(waited);
    const settlements = await withPatience(this.#patience, () => this.#commit(batch), untilNextTry);
    for (const settle of settlements) settle();
  }

  #commit(batch: readonly Item[]): readonly (() => void)[] {
    this.#isSpoilt = false;
    try {
      this.#turns.began(this.#transaction.begin());
      const settlements = batch.map((item) => this.#attempt(item));
      this.#transaction.commit();
      return settlements;
    } catch (error) {
      this.#transaction.rollback();
      throw error;
    }
  }

  #attempt(item: Item): () => void {
    const before = this.#transaction.writes();
    try {
      return item.run();
    } catch (error) {
      if (MacpoolError.is(error) && this.#transaction.writes() === before) return () => item.reject(error);
      this.#isSpoilt = true;
      throw error;
    }
  }
}

function refuse(batch: readonly Item[], waiting: Item[], error: unknown): void {
  // Who came meanwhile has waited for the same lock, and must not wait as long again, one after the other.
  const others = isBusy(error) ? waiting.splice(0) : [];
  for (const item of [...batch, ...others]) item.reject(error);
}
