/** What one check of a register came to. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** Of a fault, the register cannot be used, or not be trusted. */
  readonly verdict: "ok" | "warning" | "fault";
  /** What was found, and for a warning or a fault what to do. */
  readonly finding: string;
}
