// Control and bidirectional characters, line separators and lone surrogates: what can act on a terminal, end a line or
// make text read otherwise than it is.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const NAMED: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/**
 * Returns `text` as one field of a line: whatever could end the field or the line, or act on a terminal, is written as
 * `\t`, `\n`, `\r` or `\uXXXX`, and a backslash as two (so that it can be read back, as from `jq`'s `@tsv`).
 */
export function escapeField(text: string): string {
  return text.replaceAll("\\", "\\\\").replace(UNSAFE, (unit) => NAMED[unit] ?? escapeUnit(unit));
}

/** Returns words for a person with everything but line ends that could act on a terminal as `\uXXXX`. */
export function escapeWords(text: string): string {
  return text.replace(UNSAFE, (unit) => (unit === "\n" ? unit : escapeUnit(unit)));
}

/** Returns `value` as one line of JSON in which nothing can act on a terminal either. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
