import { type Entry, lineCounter, type NamedFile, notFollowed, unreadable } from "./entry";

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly line: number;
}

interface Block {
  /** The name of a `host` declaration; undefined for any other block. */
  readonly host: string | undefined;
  /** Whether the server wrote it, which it does in its leases file alone. */
  isDynamic: boolean;
  isDeleted: boolean;
  readonly entries: Entry[];
}

/** The entries of each block, by the host's name. */
type Hosts = Map<string, (readonly Entry[])[]>;

/** Comment, quoted text, punctuation or word; a quote without end is a word of its own and fails later. */
const TOKEN = /#[^\n]*|"([^"\\\n]*(?:\\.[^"\\\n]*)*)"|[{};]|[^\s{};"#]+|"/g;
const MAX_DEPTH = 1000;

/** Reads an ISC dhcpd configuration or leases file: `host` declarations, in whatever groups. The owner is the host's name. */
export function parseDhcpd(text: string): readonly Entry[] {
  const open: Block[] = [blockOf([])];
  const hosts: Hosts = new Map();
  const files: NamedFile[] = [];
  const strays: Entry[] = [];
  let statement: Token[] = [];
  for (const token of tokens(text)) {
    if (token.isQuoted || !["{", "}", ";"].includes(token.text)) {
      statement.push(token);
      continue;
    }
    strays.push(...strayIn(statement, open.at(-1)));
    if (token.text === "{") open.push(blockOf(statement));
    else if (token.text === "}") enter(closed(open, token), hosts);
    else {
      take(statement, open.at(-1));
      files.push(...includedBy(statement));
    }
    if (open.length > MAX_DEPTH) throw unreadable(`line ${token.line}`, "it is nested too deeply.");
    statement = [];
  }
  if (open.length > 1) throw unreadable("at its end", "a { has no }.");
  return [...[...hosts.values()].flat(2), ...strays, ...notFollowed(files)];
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
  const host = isKeyword(keyword, "host") ? (name?.text ?? "") : undefined;
  return { host, isDynamic: false, isDeleted: false, entries: [] };
}

function isKeyword(token: Token | undefined, keyword: string): boolean {
  return token?.isQuoted === false && token.text.toLowerCase() === keyword;
}

function includedBy([keyword, file]: readonly Token[]): readonly NamedFile[] {
  if (keyword === undefined || !isKeyword(keyword, "include")) return [];
  return [{ place: `line ${keyword.line}`, name: file?.text ?? "" }];
}

function take(statement: readonly Token[], block: Block | undefined): void {
  const [keyword, type, address] = statement;
  if (block?.host === undefined || keyword === undefined) return;
  if (keyword.text.toLowerCase() === "dynamic") block.isDynamic = true;
  if (keyword.text.toLowerCase() === "deleted") block.isDeleted = true;
  if (keyword.text.toLowerCase() !== "hardware") return;
  const entry: Entry = { place: `line ${keyword.line}`, address: address?.text ?? "", owner: block.host || undefined };
  if (type?.text.toLowerCase() === "ethernet") block.entries.push(entry);
  else {
    const reason = `Hardware type ${(type?.text ?? "").slice(0, 40)} is not Ethernet.`;
    block.entries.push({ ...entry, fault: { code: "INVALID_MAC", reason } });
  }
}

/** Whoever has a lease for a time, or is in a class by the address alone, is passed over, but not in silence. */
function strayIn([keyword, type, value]: readonly Token[], block: Block | undefined): readonly Entry[] {
  if (keyword === undefined || type === undefined || block?.host !== undefined) return [];
  const address = isKeyword(keyword, "hardware") ? (value?.text ?? "") : memberOf(keyword, value);
  const skip =
    "It is in no host declaration. If the NIC is yours, write one for it, or register it with macpool claim.";
  return address === undefined ? [] : [{ place: `line ${keyword.line}`, address, skip }];
}

/** A class by hardware has the type of it before each address, 1 for Ethernet (dhcp.conf(5), "subclasses"). */
function memberOf(keyword: Token, value: Token | undefined): string | undefined {
  if (!isKeyword(keyword, "subclass") || value === undefined) return undefined;
  return /^0?1:((?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2})$/i.exec(value.text)?.[1];
}

function closed(open: Block[], token: Token): Block {
  const block = open.length > 1 ? open.pop() : undefined;
  if (block === undefined) throw unreadable(`line ${token.line}`, "a } has no {.");
  return block;
}

/**
 * A leases file is a log: what it says last of a host counts, and of a host that went it says `deleted;` alone
 * (dhcpd.leases(5)). What an administrator wrote stays: dhcpd starts with no two hosts of one name, but files get joined.
 */
function enter({ host, isDynamic, isDeleted, entries }: Block, hosts: Hosts): void {
  if (host === undefined) return;
  if (host !== "" && (isDynamic || isDeleted)) hosts.delete(host);
  if (isDeleted) return;
  const others = hosts.get(host) ?? [];
  others.push(entries);
  hosts.set(host, others);
}
