/** Which operation on the watched files fails in this process; the words are those of shim/faults.c. */
export interface Fault {
  readonly action: "EIO" | "ENOSPC" | "CUT";
  /** A letter for each kind: writes, truncations, syncs, and changes of directory entries. */
  readonly kinds: string;
  /** The how manieth of these operations, from 1. */
  readonly at: number;
  readonly how: "once" | "sticky";
}

let plans = 0;

/** Makes an operation fail from now on. The preloaded library reads the environment of its own process. */
export function arm({ action, kinds, at, how }: Fault): void {
  plans += 1;
  delete process.env["MACPOOL_DISK_HIT"];
  process.env["MACPOOL_DISK_FAULT"] = `${action} ${kinds} ${at} ${how} ${plans}`;
}

/** Lets everything work again. */
export function disarm(): void {
  delete process.env["MACPOOL_DISK_FAULT"];
}

/** Returns the operation that the present fault, or the last one, has met: its kind and its path. */
export function hit(): string | undefined {
  return process.env["MACPOOL_DISK_HIT"];
}
