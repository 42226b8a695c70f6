/**
 * Milliseconds for which something new waits for a word to the contrary: Pulumi creates what is new while it still compares
 * what there is.
 */
export const QUIET_MILLISECONDS = 1_000;
