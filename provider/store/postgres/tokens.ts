/** Makes tokens, and gives out again those that were made for nothing and that nobody has seen. */
export class Tokens {
  readonly #newToken: () => string;
  readonly #spare: string[] = [];

  constructor(newToken: () => string) {
    this.#newToken = newToken;
  }

  take(): string {
    return this.#spare.shift() ?? this.#newToken();
  }

  giveBack(tokens: readonly string[]): void {
    this.#spare.unshift(...tokens);
  }
}

/** The tokens of one request. However often its rules run, the nth grant gets the same token. */
export class TokenDraw {
  readonly #tokens: Tokens;
  readonly #drawn: string[] = [];
  #used = 0;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  /** To be called before the rules run. */
  restart(): void {
    this.#used = 0;
  }

  next(): string {
    const token = this.#drawn[this.#used] ?? this.#tokens.take();
    this.#drawn[this.#used] = token;
    this.#used += 1;
    return token;
  }

  /** Gives back what the last run did not need. To be called when nothing of an earlier run can have been written. */
  end(): void {
    this.#tokens.giveBack(this.#drawn.splice(this.#used));
  }
}
