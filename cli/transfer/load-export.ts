import { createHash, type Hash } from "node:crypto";
import { MacpoolError } from "../../provider/error";
import { loadRegister } from "../../provider/store/open";
import type { RegisterRecord } from "../../provider/store/record";
import type { StoreContext } from "../../provider/store/store";
import { parseHeader, parseLine } from "./export-read";

export { isExport } from "./export-read";

/** How the caller follows the loading of an export, and ends it early. */
export interface LoadOptions {
  /** Aborting it leaves nothing behind, and fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many lines were read. */
  readonly progress?: ((lines: number) => void) | undefined;
}

/** The register that was made of an export. */
export interface LoadedRegister {
  readonly location: string;
  readonly storeId: string;
  readonly seq: number;
  readonly leases: number;
}

/**
 * Creates the register `store` with exactly the content of an export, given as its lines, header included. All or nothing.
 *
 * @throws MacpoolError INVALID_FILE naming the line, when the export is cut off, was changed, or is none; those of
 * `loadRegister`.
 */
export async function loadExport(
  lines: AsyncIterable<string>,
  store: string,
  context: StoreContext,
  options: LoadOptions = {},
): Promise<LoadedRegister> {
  const reader = new ExportReader(lines, options);
  try {
    return await loadRegister(store, reader.records(), context, options.signal);
  } catch (error) {
    throw MacpoolError.is(error) && error.code === "INVALID_FILE" ? atLine(reader.line, error) : error;
  }
}

class ExportReader {
  /** Number of the line that is at hand, or of the last one, from 1; undefined while the next is read, which may fail. */
  line: number | undefined;
  readonly #lines: AsyncIterable<string>;
  readonly #options: LoadOptions;

  constructor(lines: AsyncIterable<string>, options: LoadOptions) {
    this.#lines = lines;
    this.#options = options;
  }

  async *records(): AsyncIterable<RegisterRecord> {
    const hash = createHash("sha256");
    let isOver = false;
    for await (const [line, text] of this.#numbered()) {
      this.#options.progress?.(line);
      if (isOver) throw invalid("the export ended in the line before");
      const said = line === 1 ? parseHeader(text) : parseLine(text);
      isOver = said.record === "end";
      if (said.record === "end") {
        assertWhole(said, line - 1, hash);
        continue;
      }
      hash.update(`${text}\n`);
      yield said;
    }
    if (!isOver) throw invalid("the export is cut off after it: its last line is missing");
  }

  async *#numbered(): AsyncIterable<readonly [line: number, text: string]> {
    let line = 0;
    for await (const text of this.#lines) {
      line += 1;
      this.line = line;
      yield [line, text];
      this.line = undefined;
    }
    this.line = line;
  }
}

function assertWhole(end: { readonly lines: number; readonly sha256: string }, lines: number, hash: Hash): void {
  if (end.lines !== lines) throw invalid(`${end.lines} lines should come before it, and there are ${lines}`);
  if (end.sha256 === hash.digest("hex")) return;
  throw invalid("the lines before it are not those that were exported: the checksum differs");
}

function atLine(line: number | undefined, error: MacpoolError): MacpoolError {
  const words = `${error.message.replace(/\.$/, "")}. Nothing was created.`;
  if (line === undefined) return new MacpoolError("INVALID_FILE", words, { cause: error });
  return new MacpoolError("INVALID_FILE", `Line ${line}: ${words}`, {
    cause: error,
    details: { ...error.details, line },
  });
}

function invalid(why: string): MacpoolError {
  return new MacpoolError("INVALID_FILE", why);
}
