import type { Line, Operation, Written } from "./history";

/** What went against a promise, and the sentence that says where. */
export interface Violation {
  readonly promise:
    | "lost" // an acknowledged write is not in the register
    | "duplicate" // an address was live for two, or one write was acknowledged to two
    | "moved" // an owner was given another address than the one it was entitled to
    | "leak" // an address was skipped, or is counted nowhere
    | "quarantine" // an address went to another owner too early, or out of turn
    | "resurrected" // a lease is live though its release was acknowledged
    | "token" // something was done, or left undone, against what the token allowed
    | "phantom" // a write that nobody asked for
    | "order" // a number or a time went back
    | "content"; // what the register shows is not what its history makes of it
  readonly what: string;
}

/** One operation with what it came to. */
export interface Entry {
  /** Process and number, for messages. */
  readonly name: string;
  readonly operation: Operation;
  /** Microseconds of the monotonic clock. */
  readonly invokedAt: number;
  /** Infinite when nobody can tell whether it is over: its process was killed, or the connection lost. */
  readonly endedAt: number;
  readonly outcome: "ok" | "fail" | "unknown";
  /** What was acknowledged; null when there was nothing to do. */
  readonly written: Written | null;
  readonly code: string;
}

/** Returns the operations of a history in the order in which they were asked for. */
export function entriesOf(lines: readonly Line[]): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const line of lines) {
    const name = `${line.process}#${line.op}`;
    const before = entries.get(name);
    if (line.type === "invoke") {
      if (before !== undefined) throw new Error(`The history has operation ${name} twice.`);
      const open = { endedAt: Number.POSITIVE_INFINITY, outcome: "unknown", written: null, code: "" } as const;
      entries.set(name, { name, operation: line.operation, invokedAt: line.at, ...open });
    } else {
      if (before === undefined) throw new Error(`The history ends operation ${name}, which never began.`);
      entries.set(name, ended(before, line));
    }
  }
  return [...entries.values()].toSorted((one, other) => one.invokedAt - other.invokedAt);
}

function ended(entry: Entry, line: Exclude<Line, { type: "invoke" }>): Entry {
  switch (line.type) {
    case "ok":
      return { ...entry, endedAt: line.at, outcome: "ok", written: line.written };
    case "fail":
      return { ...entry, endedAt: line.at, outcome: "fail", code: line.code };
    case "info":
      return { ...entry, code: line.code };
  }
}
