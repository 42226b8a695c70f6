/**
 * Collects what is asked for in one turn of the event loop, or while a group is under way, and has it done in groups, one
 * after the other.
 */
export class Groups<Item> {
  readonly #doNext: (waiting: Item[]) => Promise<void>;
  readonly #waiting: Item[] = [];
  #running: Promise<void> | undefined;

  /** `doNext` takes the next group from the beginning of what waits, which is never empty, and settles it; it never fails. */
  constructor(doNext: (waiting: Item[]) => Promise<void>) {
    this.#doNext = doNext;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    this.#running ??= this.#drain();
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    await new Promise((next) => setImmediate(next));
    while (this.#waiting.length > 0) await this.#doNext(this.#waiting);
    this.#running = undefined;
  }
}
