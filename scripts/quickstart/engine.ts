/** What one operation showed. */
export interface Shown {
  /** The stack's outputs, whether they are there already or only foreseen. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** How many resources were (or would be) created, changed, deleted or left alone. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Something that runs the quickstart program. */
export interface Engine {
  /** One line that says what it is. */
  readonly name: string;
  preview(): Promise<Shown>;
  up(): Promise<Shown>;
  destroy(): Promise<Shown>;
}

/** Where the quickstart happens: nothing outside `scratch` is written. */
export interface Ground {
  /** The repository. */
  readonly root: string;
  readonly scratch: string;
  /** Where the program is, relative to `root`. */
  readonly program: string;
  readonly project: string;
  /** Variables for everything that runs. */
  readonly env: Readonly<Record<string, string>>;
}
