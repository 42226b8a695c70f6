/** One text in one source file put in place of another. */
export interface Edit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A fault that somebody could well make, and that the tests must notice. */
export interface Mutant {
  /** What is wrong with the code then. */
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Test files or folders that should notice; the rest of the suite runs only when they do not. */
  readonly suspects: readonly string[];
}
