import { type ErrorCode, MacpoolError } from "../../provider/error";
import { listText } from "../../provider/list-text";
import { quote } from "../../provider/mac/quote";

/** One address that a file says is in use. */
export interface Entry {
  /** Where it stands in the file, such as `line 3`. */
  readonly place: string;
  /** The address as written, checked by nobody yet. */
  readonly address: string;
  /** Who has it; absent when the file does not say. */
  readonly owner?: string | undefined;
  readonly pool?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Why it cannot be registered, as far as the file alone shows it. */
  readonly fault?: Fault | undefined;
  /** Why it need not be registered. */
  readonly skip?: string | undefined;
}

/** Why an address was not registered. */
export interface Fault {
  readonly code: ErrorCode;
  readonly reason: string;
}

/**
 * Reads a file of one format.
 *
 * @throws MacpoolError INVALID_FILE, with the place, when it is not of that format.
 */
export type Parse = (text: string) => readonly Entry[];

/** Returns the error for a file that is not of the format it seemed to be of. */
export function unreadable(place: string, why: string, cause?: unknown): MacpoolError {
  return new MacpoolError("INVALID_FILE", `The file cannot be read, ${place}: ${why}`, { cause, details: { place } });
}

/** A file that another one says is part of it. */
export interface NamedFile {
  readonly place: string;
  readonly name: string;
}

/** More names than a row has room for are counted. */
const MAX_NAMES = 10;

/** Returns the one entry that says which files are not read with the one that names them; none when it names none. */
export function notFollowed(files: readonly NamedFile[]): readonly Entry[] {
  const [first] = files;
  if (first === undefined) return [];
  const names = files.map(({ name }) => quote(name));
  const skip = `Files that the file names are not read with it: ${listText(names, MAX_NAMES)}. Import each of them by itself.`;
  return [{ place: first.place, address: "", skip }];
}

/** Returns, for a text, the number from 1 of the line that each position is in; positions must be asked in ascending order. */
export function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let next = text.indexOf("\n");
  return (position) => {
    while (next !== -1 && next < position) {
      line += 1;
      next = text.indexOf("\n", next + 1);
    }
    return line;
  };
}
