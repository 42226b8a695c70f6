import { MacpoolError } from "../../error";
import type { Patience } from "../patience";
import { withPatience } from "./patience";

/** How a batch of work becomes one transaction. */
export interface Transaction {
  begin(): void;
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

/** A commit is one fsync however many leases it holds; beyond this the transaction itself takes noticeable time. */
const LARGEST_BATCH = 1024;

/**
 * Group commit: everything asked for in one turn of the event loop becomes one transaction, and no promise resolves
 * before its commit. A failing item does not disturb the others of its batch.
 */
export class CommitQueue {
  readonly #transaction: Transaction;
  readonly #patience: Patience;
  #waiting: Item[] = [];
  #running: Promise<void> | undefined;
  #isSpoilt = false;

  constructor(transaction: Transaction, patience: Patience) {
    this.#transaction = transaction;
    this.#patience = patience;
  }

  /**
   * Runs `work` inside a transaction and returns its result once that is committed. When it throws a MacpoolError without
   * having written anything, the others of its batch go on; when it throws anything else the batch is undone and its items
   * are tried again one by one. When the lock cannot be had or the commit fails, that is so for all of the batch.
   *
   * @throws MacpoolError REGISTER_BUSY when the lock cannot be had in time; otherwise what `work` or the commit throws.
   */
  add<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = () => {
        const value = work();
        return () => resolve(value);
      };
      this.#waiting.push({ run, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    await new Promise((next) => setImmediate(next));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LARGEST_BATCH);
      try {
        await this.#settle(batch);
      } catch (error) {
        if (this.#isSpoilt && batch.length > 1) await this.#settleOneByOne(batch);
        else for (const item of batch) item.reject(error);
      }
    }
    this.#running = undefined;
  }

  async #settleOneByOne(batch: readonly Item[]): Promise<void> {
    for (const item of batch) await this.#settle([item]).catch(item.reject);
  }

  async #settle(batch: readonly Item[]): Promise<void> {
    const settlements = await withPatience(this.#patience, () => this.#commit(batch));
    for (const settle of settlements) settle();
  }

  #commit(batch: readonly Item[]): readonly (() => void)[] {
    this.#isSpoilt = false;
    try {
      this.#transaction.begin();
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
