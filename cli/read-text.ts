import { open } from "node:fs/promises";
import { MacpoolError } from "../provider/error";

/** 256 MiB: more than a million hosts in any format, and well below what a string can hold. */
const MAX_BYTES = 2 ** 28;

/**
 * Returns the text of a file, or of stdin for `-`: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
 *
 * @throws MacpoolError INVALID_FILE when it cannot be read, is larger than 256 MiB or is no text in these encodings.
 */
export async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(file, "it is not UTF-8 text", cause);
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    if (file === "-") return await collect(process.stdin);
    const handle = await open(file, "r");
    return await collect(handle.createReadStream());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unreadable(file, why, cause);
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error("it is larger than 256 MiB");
    all.push(chunk);
  }
  return Buffer.concat(all);
}

function unreadable(file: string, why: string, cause: unknown): MacpoolError {
  const name = file === "-" ? "Standard input" : file;
  return new MacpoolError("INVALID_FILE", `${name} cannot be read: ${why}.`, { cause, details: { file: name } });
}
