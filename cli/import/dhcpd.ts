import { type Entry, lineCounter, unreadable } from "./entry";

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly line: number;
}

interface Block {
  /** The name of a `host` declaration; undefined for any other block. */
  readonly host: string | undefined;
  isDeleted: boolean;
  readonly entries: Entry[];
}

/** Comment, quoted text, punctuation or word; a quote without end is a word of its own and fails later. */
const TOKEN = /#[^\n]*|"([^"\\\n]*(?:\\.[^"\\\n]*)*)"|[{};]|[^\s{};"#]+|"/g;
const MAX_DEPTH = 1000;

/** Reads an ISC dhcpd configuration or leases file: `host` declarations, in whatever groups. The owner is the host's name. */
export function parseDhcpd(text: string): readonly Entry[] {
  const open: Block[] = [{ host: undefined, isDeleted: false, entries: [] }];
  const all: Entry[] = [];
  let statement: Token[] = [];
  for (const token of tokens(text)) {
    if (token.isQuoted || !["{", "}", ";"].includes(token.text)) {
      statement.push(token);
      continue;
    }
    if (token.text === "{") open.push(blockOf(statement));
    else if (token.text === ";") take(statement, open.at(-1));
    else for (const entry of closed(open, token)) all.push(entry);
    if (open.length > MAX_DEPTH) throw unreadable(`line ${token.line}`, "it is nested too deeply.");
    statement = [];
  }
  if (open.length > 1) throw unreadable("at its end", "a { has no }.");
  return all;
}

function* tokens(text: string): Iterable<Token> {
  const lineAt = lineCounter(text);
  for (const match of text.matchAll(TOKEN)) {
    const [written, quoted] = match;
    if (written.startsWith("#")) continue;
    const line = lineAt(match.index);
    if (written === '"') throw unreadable(`line ${line}`, "a quoted text has no end.");
    yield { text: quoted ?? written, isQuoted: quoted !== undefined, line };
  }
}

function blockOf(statement: readonly Token[]): Block {
  const [keyword, name] = statement;
  const isHost = keyword?.isQuoted === false && keyword.text.toLowerCase() === "host";
  return { host: isHost ? (name?.text ?? "") : undefined, isDeleted: false, entries: [] };
}

function take(statement: readonly Token[], block: Block | undefined): void {
  const [keyword, type, address] = statement;
  if (block?.host === undefined || keyword === undefined) return;
  if (keyword.text.toLowerCase() === "deleted") block.isDeleted = true;
  if (keyword.text.toLowerCase() !== "hardware") return;
  const entry: Entry = { place: `line ${keyword.line}`, address: address?.text ?? "", owner: block.host || undefined };
  if (type?.text.toLowerCase() === "ethernet") block.entries.push(entry);
  else {
    const reason = `Hardware type ${(type?.text ?? "").slice(0, 40)} is not Ethernet.`;
    block.entries.push({ ...entry, fault: { code: "INVALID_MAC", reason } });
  }
}

/** A leases file says of a host that went: `deleted;`. */
function closed(open: Block[], token: Token): readonly Entry[] {
  const block = open.length > 1 ? open.pop() : undefined;
  if (block === undefined) throw unreadable(`line ${token.line}`, "a } has no {.");
  return block.isDeleted ? [] : block.entries;
}
