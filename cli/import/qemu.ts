import { readMac } from "../../provider/mac/mac";
import { type Entry, unreadable } from "./entry";
import { withStrays } from "./strays";
import { withoutComment, wordsOf } from "./words";

/** What starts a QEMU: Debian, Fedora and Proxmox name it so. */
const PROGRAM = /(?:^|\/)(?:qemu-system-[\w-]+|qemu-kvm|qemu|kvm)$/;
const NIC = /(?:^|\s|\0)--?(?:device|nic|net)(?:\s|\0)/;
/** What gives a NIC its address, as an option or in JSON, wherever it stands. */
const ASSIGNED = /(?<![\w-])(?:mac|macaddr)(?:=|\\?["']\s*:\s*)\\?["']?([0-9A-Fa-f:-]{11,17})(?![0-9A-Fa-f:-])/g;

/** Returns whether the text has command lines of QEMU. */
export function isQemu(text: string): boolean {
  return /qemu|kvm/.test(text) || NIC.test(text);
}

/**
 * Reads command lines of QEMU: a shell script, a process list, the log that libvirt keeps, or `/proc/PID/cmdline`. The
 * owner is `NAME/NETDEV`, from `-name` and the device. An address that stands elsewhere, such as in a variable, is refused.
 */
export function parseQemu(text: string): readonly Entry[] {
  const entries = commands(text).flatMap(({ words, place }) => nicsOf(words, place));
  if (entries.length === 0)
    throw unreadable("anywhere in it", "no command line of QEMU gives a NIC its address (mac=).");
  return withStrays(entries, strays(text));
}

/** Returns a refused entry for each address that a line has, whether or not a command line was found to use it. */
function strays(text: string): readonly Entry[] {
  const reason =
    "It is in no -device, -nic or -net that could be read. Write it out there, or register it with macpool claim.";
  return text.split(/\r?\n/).flatMap((line, index) =>
    assignedIn(withoutComment(line)).map((address) => {
      return { place: `line ${index + 1}`, address, fault: { code: "INVALID_FILE" as const, reason } };
    }),
  );
}

/** Returns the addresses that `text` gives to a NIC, wherever in it. */
export function assignedIn(text: string): readonly string[] {
  return [...text.matchAll(ASSIGNED)].flatMap(([, address = ""]) => (readMac(address) === undefined ? [] : [address]));
}

interface Command {
  readonly words: readonly string[];
  readonly place: string;
}

function commands(text: string): readonly Command[] {
  // The kernel ends each argument with a zero byte.
  if (text.includes("\0")) return split(text.split(/[\0\n]/), "line 1");
  const found: Command[] = [];
  let waiting: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    // A comment ends with its line, whatever its last character is.
    const isContinued = line.endsWith("\\") && withoutComment(line) === line;
    waiting.push(isContinued ? line.slice(0, -1) : line);
    if (isContinued) continue;
    for (const command of split(wordsOf(waiting.join("")), `line ${index + 2 - waiting.length}`)) found.push(command);
    waiting = [];
  }
  return [...found, ...split(wordsOf(waiting.join("")), "last line")];
}

/** Cuts before every word that starts another QEMU. */
function split(words: readonly string[], place: string): readonly Command[] {
  const starts = words.flatMap((word, index) => (PROGRAM.test(word) ? [index] : []));
  return [0, ...starts].map((start, index) => ({ place, words: words.slice(start, starts[index] ?? words.length) }));
}

type Options = ReadonlyMap<string, string>;

function nicsOf(words: readonly string[], place: string): readonly Entry[] {
  const options = words.flatMap((word, index) => {
    const option = /^--?(name|device|nic|net)$/.exec(word)?.[1];
    return option === undefined ? [] : [{ option, values: valuesOf(words[index + 1] ?? "") }];
  });
  const name = options.find(({ option }) => option === "name")?.values;
  const guest = name?.get("guest") ?? name?.get("");
  const nics = options.flatMap(({ option, values }) => (option === "name" ? [] : [values])).filter(hasAddress);
  return nics.map((values, index) => {
    const nic = values.get("netdev") ?? values.get("id") ?? values.get("name") ?? index;
    return { place, address: addressOf(values) ?? "", owner: guest === undefined ? undefined : `${guest}/${nic}` };
  });
}

function hasAddress(values: Options): boolean {
  return addressOf(values) !== undefined;
}

/** `-device` and `-nic` call it `mac`, `-net nic` calls it `macaddr`. */
function addressOf(values: Options): string | undefined {
  return values.get("mac") ?? values.get("macaddr");
}

/** Returns the values of an option by key; the first may come without one, and has the key "". */
function valuesOf(text: string): Options {
  const json = text.startsWith("{") ? objectOf(text) : undefined;
  if (json !== undefined) return json;
  return new Map(
    partsOf(text).map((part) => {
      const at = part.indexOf("=");
      return at === -1 ? ["", part] : [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

function objectOf(text: string): Options | undefined {
  try {
    const entries = Object.entries<unknown>(JSON.parse(text));
    return new Map(entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])));
  } catch {
    // A word that only begins like an object has no address that could be read.
    return undefined;
  }
}

/** A comma ends a part; two stand for one that does not (`qemu_opts_parse` in QEMU's util/qemu-option.c). */
function partsOf(text: string): readonly string[] {
  const parts = [""];
  for (const piece of text.replaceAll(",,", "\0").split(",")) parts.push(piece.replaceAll("\0", ","));
  return parts.slice(1);
}
