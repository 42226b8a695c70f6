import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { AcquireRequest } from "../../../provider/lease/lease";
import type { LeaseChange, LeaseRef } from "../../../provider/lease/transact";
import type { Mac } from "../../../provider/mac/mac";

/** What a process asks of a register. Each writes one event, or none. */
export type Operation =
  | ({ readonly do: "acquire" } & Pick<AcquireRequest, "owner" | "installation" | "pool" | "rotation">)
  | ({ readonly do: "release" } & LeaseRef)
  | ({ readonly do: "update" } & Omit<LeaseChange, "description" | "tags">);

/** What an acknowledged operation wrote: the lease's address, its token, and the number of the event. */
export interface Written {
  readonly address: Mac;
  readonly token: string;
  readonly seq: number;
}

interface Stamp {
  /** Who asked; a process that is started again needs another name, or must go on counting. */
  readonly process: string;
  /** Tells the operations of one process apart. */
  readonly op: number;
  /** Microseconds of the machine's monotonic clock, which all its processes share. */
  readonly at: number;
}

/**
 * One line of a history: an operation was asked for; or it was acknowledged, with what it wrote (null: nothing to release
 * or to change); or it certainly wrote nothing; or nobody can tell. One that has no second line nobody can tell either.
 */
export type Line = Stamp &
  (
    | { readonly type: "invoke"; readonly operation: Operation }
    | { readonly type: "ok"; readonly written: Written | null }
    | { readonly type: "fail"; readonly code: string }
    | { readonly type: "info"; readonly code: string }
  );

/** Returns the time now as lines of a history carry it. */
function monotonic(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Appends a process's lines to a file: at once, so that what was said is said even if the process is killed next. */
export class Recorder {
  readonly #file: number;
  readonly #process: string;
  #operations = 0;

  constructor(path: string, process: string) {
    this.#file = openSync(path, "a");
    this.#process = process;
  }

  /** Writes down that `operation` is asked for, and returns its number for the line that ends it. */
  invoke(operation: Operation): number {
    this.#operations += 1;
    this.#write({ ...this.#stamp(this.#operations), type: "invoke", operation });
    return this.#operations;
  }

  ok(op: number, written: Written | null): void {
    this.#write({ ...this.#stamp(op), type: "ok", written });
  }

  fail(op: number, code: string): void {
    this.#write({ ...this.#stamp(op), type: "fail", code });
  }

  info(op: number, code: string): void {
    this.#write({ ...this.#stamp(op), type: "info", code });
  }

  close(): void {
    closeSync(this.#file);
  }

  #stamp(op: number): Stamp {
    return { process: this.#process, op, at: monotonic() };
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** Returns the lines of the files at `paths`. A last line that was cut off is left out: its writer was killed in it. */
export function readHistory(paths: readonly string[]): readonly Line[] {
  return paths.flatMap((path) => {
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    return lines.map((line): Line => JSON.parse(line));
  });
}
