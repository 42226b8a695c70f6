const INTERESTING = /["#/]/g;
// A text without end ends with its line: looking for the end of each quote in it would take forever.
const TEXT = /"[^"\\\n]*(?:\\.[^"\\\n]*)*"?/y;
const TRAILING = /"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|,(?=\s*[\]}])/g;

/**
 * Returns JSON with the comments that Kea takes (`//`, `#` and C's) and commas before a closing bracket replaced by
 * spaces; lines stay. Takes time in proportion to the text, whatever is in it.
 */
export function plainJson(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    INTERESTING.lastIndex = at;
    const start = INTERESTING.exec(text)?.index ?? text.length;
    parts.push(text.slice(at, start));
    if (start === text.length) break;
    const end = endOf(text, start);
    const part = text.slice(start, end);
    parts.push(part.startsWith('"') || part === "/" ? part : part.replace(/[^\n]/g, " "));
    at = end;
  }
  return parts.join("").replace(TRAILING, (part) => (part === "," ? " " : part));
}

function endOf(text: string, start: number): number {
  if (text.startsWith("/*", start)) return after(text, "*/", start + 2);
  if (text.startsWith("//", start) || text.startsWith("#", start)) return after(text, "\n", start);
  TEXT.lastIndex = start;
  return start + (TEXT.exec(text)?.[0].length ?? 1);
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at === -1 ? text.length : at + end.length;
}
