import { createMemoryStore } from "../../provider/store/memory-store";
import type { InitialContent, LeaseStore } from "../../provider/store/store";
import { Chance, type Machine, type Moment, type Work } from "./machine";

interface Entry {
  readonly work: Work<unknown>;
  readonly time: number;
  /** How many tokens had been handed out. */
  readonly tokens: number;
}

/** Starts a machine whose register is memory: a backup of it is the list of what was done, and is done once more. */
export async function startMemory(content: InitialContent): Promise<Machine> {
  return new MemoryMachine(content);
}

class MemoryMachine implements Machine {
  readonly #chance = new Chance();
  readonly #content: InitialContent;
  readonly #birth: number;
  #journal: Entry[] = [];
  store: LeaseStore;

  constructor(content: InitialContent) {
    this.#content = content;
    this.#birth = this.clock.now;
    this.store = createMemoryStore(content, this.#chance.context());
  }

  get clock() {
    return this.#chance.clock;
  }

  get tokens() {
    return this.#chance.tokens;
  }

  async write<T>(work: Work<T>): Promise<T> {
    this.#journal.push({ work, time: this.clock.now, tokens: this.tokens.length });
    return work(this.store);
  }

  async crash(moment: Moment, work: Work<unknown>): Promise<void> {
    if (moment === "after the commit") await this.write(work);
  }

  async reopen(): Promise<void> {
    // Memory that is closed is gone; there is nothing to open again.
  }

  async backup(): Promise<() => Promise<void>> {
    const journal = [...this.#journal];
    return async () => {
      this.#journal = [...journal];
      await this.#replay(journal);
    };
  }

  async end(): Promise<void> {
    await this.store.close();
  }

  async #replay(journal: readonly Entry[]): Promise<void> {
    const { now } = this.clock;
    this.clock.now = this.#birth;
    this.store = createMemoryStore(this.#content, this.#chance.context());
    for (const { work, time, tokens } of journal) {
      this.clock.now = time;
      this.#chance.repeatFrom(tokens);
      await work(this.store).catch(() => undefined);
    }
    this.#chance.renew();
    this.clock.now = now;
  }
}
