/**
 * A text in single quotes, a text in double quotes, an escaped character, a text in parentheses within a word (`$(one)`, or
 * `web(1)` in a process list), or anything else up to one of these.
 */
const PIECE = /'[^']*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"|\\[\s\S]|\([^\s;'"\\()]*\)|[^\s;'"\\()]+|['"\\]/y;
const GAP = /[\s;()]*/y;

/**
 * Returns the words of a command line: of a shell, with its quotes, or of a process list, which has lost them. A JSON
 * object at the beginning of a word is a word, because there its quotes are its own.
 */
export function wordsOf(line: string): readonly string[] {
  return scan(line).words;
}

/** Returns a line of a shell without its comment, which begins with a `#` where a word could. */
export function withoutComment(line: string): string {
  return line.slice(0, scan(line).end);
}

function scan(line: string): { readonly words: readonly string[]; readonly end: number } {
  const words: string[] = [];
  let at = skip(line, 0);
  // Where one object has no end, looking for that of each later one could take forever.
  let hasObjects = true;
  while (at < line.length && line[at] !== "#") {
    const isObject = line[at] === "{" && hasObjects;
    const end = isObject ? endOfObject(line, at) : undefined;
    if (isObject && end === undefined) hasObjects = false;
    const { word, next } = end === undefined ? wordAt(line, at) : { word: line.slice(at, end), next: end };
    words.push(word);
    at = skip(line, next);
  }
  return { words, end: at };
}

function wordAt(line: string, start: number): { readonly word: string; readonly next: number } {
  const pieces: string[] = [];
  let at = start;
  for (;;) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(line)?.[0];
    if (piece === undefined) return { word: pieces.join(""), next: at };
    pieces.push(unquoted(piece));
    at += piece.length;
  }
}

function unquoted(piece: string): string {
  if (piece.length === 1) return piece;
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith('"')) return piece.slice(1, -1).replace(/\\([$`"\\])/g, "$1");
  return piece.startsWith("\\") ? piece.slice(1) : piece;
}

/** Returns where the object that begins at `start` ends; undefined when it does not. */
function endOfObject(line: string, start: number): number | undefined {
  const part = /[{}]|"[^"\\]*(?:\\[\s\S][^"\\]*)*"|"/g;
  part.lastIndex = start;
  let depth = 0;
  for (let match = part.exec(line); match !== null; match = part.exec(line)) {
    if (match[0] === '"') return undefined;
    if (match[0] === "{") depth += 1;
    if (match[0] === "}") depth -= 1;
    if (depth === 0) return part.lastIndex;
  }
  return undefined;
}

function skip(line: string, from: number): number {
  GAP.lastIndex = from;
  return from + (GAP.exec(line)?.[0].length ?? 0);
}
