import { MacpoolError } from "../error";

/** Turns errors about one register into ours, and remembers its damage. */
export class Translator {
  readonly #translate: (error: unknown) => Error;
  #damage: MacpoolError | undefined;

  /** `translate` returns the error for what a database or its driver threw. */
  constructor(translate: (error: unknown) => Error) {
    this.#translate = translate;
  }

  /**
   * The first damage that was met. Where one thing is damaged, others may be without showing it: from then on nothing is
   * written.
   */
  get damage(): MacpoolError | undefined {
    return this.#damage;
  }

  /** Remembers damage that was found without an error. */
  noteDamage(damage: MacpoolError): void {
    this.#damage ??= damage;
  }

  /** Returns the error for `error`, and remembers it if it is about damage. */
  translated(error: unknown): Error {
    const translated = this.#translate(error);
    if (MacpoolError.is(translated) && translated.code === "REGISTER_CORRUPT") this.noteDamage(translated);
    return translated;
  }

  /** Returns what `work` resolves to; it rejects with our errors. */
  async inPromise<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.translated(error);
    }
  }

  /** Yields `items`, and throws our errors. */
  async *inItems<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* items;
    } catch (error) {
      throw this.translated(error);
    }
  }
}
