import { MacpoolError } from "../provider/error";
import { peek } from "./transfer/lines";

const MEBIBYTE = 2 ** 20;

/** Well below what a string can hold. */
const MAX_MEBIBYTES = 256;

/** Returns the whole text of a file, or of stdin for `-`; see {@link textOf}. */
export async function readText(file: string): Promise<string> {
  const { bytes } = await peek(file);
  return textOf(bytes, file);
}

/**
 * Returns `bytes` as text: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it. `file` is for messages.
 *
 * @throws MacpoolError INVALID_FILE when there are more than `mebibytes`, or they are no text in these encodings.
 */
export async function textOf(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  mebibytes = MAX_MEBIBYTES,
): Promise<string> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > mebibytes * MEBIBYTE) throw unreadable(file, `it is larger than ${mebibytes} MiB`);
    all.push(chunk);
  }
  const [first, second] = all[0] ?? [];
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(Buffer.concat(all));
  } catch (cause) {
    throw unreadable(file, "it is not UTF-8 text", cause);
  }
}

function unreadable(file: string, why: string, cause?: unknown): MacpoolError {
  const name = file === "-" ? "Standard input" : file;
  return new MacpoolError("INVALID_FILE", `${name} cannot be read: ${why}.`, { cause, details: { file: name } });
}
