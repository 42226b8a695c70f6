const longestQuote = 40;

/**
 * Returns `text` in double quotes, fit for an error message on a terminal: at most 40 characters of it, and everything
 * but printable ASCII as `\uXXXX`, so that a fullwidth digit, a right-to-left mark or an escape sequence shows itself.
 */
export function quote(text: string): string {
  const start = JSON.stringify(text.slice(0, longestQuote)).replace(/[^\x20-\x7e]/g, escapeUnit);
  return text.length > longestQuote ? `${start.slice(0, -1)}..." (${text.length} characters)` : start;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
