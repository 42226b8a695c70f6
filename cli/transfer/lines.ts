import { open } from "node:fs/promises";
import { TextDecoder } from "node:util";
import { type ErrorOptions, MacpoolError } from "../../provider/error";
import { namesServer } from "../../provider/store/open";

/** Longer than any line of ours: what has none is no export, and is not read into memory as a whole. */
const LONGEST_LINE = 2 ** 24;

/** Bytes in which the first line is looked for. */
const PEEK = 65_536;
const LINE_FEED = 10;

/** A file of which the beginning is known. */
export interface Peeked {
  /** Undefined when there is none within 64 KiB. */
  readonly firstLine: string | undefined;
  /** All of the file, once. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Returns the first line of `file`, or of stdin for `-`, without losing it for whoever reads on.
 *
 * @throws MacpoolError INVALID_FILE when it cannot be read.
 */
export async function peek(file: string): Promise<Peeked> {
  const source = bytesOf(file)[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  let isOver = false;
  while (!isOver && size < PEEK && !head.at(-1)?.includes(LINE_FEED)) {
    const { value, done } = await source.next();
    isOver = done === true;
    if (done !== true) head.push(value);
    size += value?.length ?? 0;
  }
  const isWhole = isOver || head.at(-1)?.includes(LINE_FEED) === true;
  const [line] = decoderFor(head[0]).decode(Buffer.concat(head)).split(/\r?\n/, 1);
  return { firstLine: isWhole ? line : undefined, bytes: join(head, source) };
}

async function* join(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* head;
  yield* { [Symbol.asyncIterator]: () => rest };
}

async function* bytesOf(file: string): AsyncIterable<Uint8Array> {
  // It may hold a password, so it is not repeated.
  if (namesServer(file)) {
    throw new MacpoolError(
      "INVALID_FILE",
      "The file's name is that of a server. Name a file here, and a register with --store.",
    );
  }
  try {
    if (file === "-") yield* process.stdin;
    else yield* (await open(file, "r")).createReadStream();
  } catch (cause) {
    const name = file === "-" ? "Standard input" : file;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MacpoolError("INVALID_FILE", `${name} cannot be read: ${why}.`, { cause, details: { file: name } });
  }
}

/**
 * Yields the lines of a text in UTF-8, or in UTF-16 with a byte order mark as PowerShell writes it, without their ends. A
 * last line without an end counts.
 *
 * @throws MacpoolError INVALID_FILE when it is no such text, or a line is longer than 16 MiB.
 */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let decoder: TextDecoder | undefined;
  let rest = "";
  for await (const chunk of bytes) {
    decoder ??= decoderFor(chunk, true);
    // Not by `readline`, which also ends lines at characters that may stand in a JSON text.
    const lines = (rest + decode(decoder, chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw notText("a line is longer than 16 MiB");
    yield* lines.map(withoutReturn);
  }
  rest += decoder === undefined ? "" : decode(decoder);
  if (rest !== "") yield withoutReturn(rest);
}

function decoderFor(chunk: Uint8Array | undefined, fatal = false): TextDecoder {
  const isLittle = chunk?.[0] === 0xff && chunk[1] === 0xfe;
  const isBig = chunk?.[0] === 0xfe && chunk[1] === 0xff;
  return new TextDecoder(isLittle ? "utf-16le" : isBig ? "utf-16be" : "utf-8", { fatal });
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    // Many lines are decoded at once, so that nobody knows which it is.
    throw notText("it is not UTF-8", { cause });
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function notText(why: string, options?: ErrorOptions): MacpoolError {
  return new MacpoolError("INVALID_FILE", `The file is no text that can be read: ${why}.`, options);
}
