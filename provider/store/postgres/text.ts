// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what this is about.
const PLAIN = /[\0\u0001]/g;
const ENCODED = /\u0001([\u0001\u0002])/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: no more of them.

/**
 * PostgreSQL's texts hold every character but NUL, which SQLite's do. So NUL travels as U+0001 U+0001, and U+0001 as
 * U+0001 U+0002: that keeps the order of UTF-8 bytes, and the beginning of a text stays a beginning.
 */
function encodeText(text: string): string {
  return text.replace(PLAIN, (character) => (character === "\0" ? "\u0001\u0001" : "\u0001\u0002"));
}

/** Returns the text that travels as `text`. */
export function decodeText(text: string): string {
  if (!text.includes("\u0001")) return text;
  return text.replace(ENCODED, (_, second) => (second === "\u0001" ? "\0" : "\u0001"));
}

/** Returns a statement's parameter with every text in it encoded. */
export function encodeParameter(value: unknown): unknown {
  if (typeof value === "string") return encodeText(value);
  return Array.isArray(value) ? value.map(encodeParameter) : value;
}

/** Returns what a column of type `json` holds, every text in it decoded. */
export function decodeJson(raw: string): unknown {
  const decode = (_: string, value: unknown) => (typeof value === "string" ? decodeText(value) : value);
  return raw.includes("\\u0001") ? JSON.parse(raw, decode) : JSON.parse(raw);
}
