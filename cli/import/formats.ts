import { MacpoolError } from "../../provider/error";
import { isCsvHeader, parseCsv } from "./csv";
import { parseDhcpd } from "./dhcpd";
import { isDhcpHost, isHostsFileLine, parseDnsmasq } from "./dnsmasq";
import type { Entry, Parse } from "./entry";
import { FORMATS, type Format } from "./format-names";
import { parseJson } from "./json";
import { isKea, parseKea } from "./kea";
import { parseLibvirt } from "./libvirt";
import { plainJson } from "./plain-json";
import { isQemu, parseQemu } from "./qemu";

const PARSERS: Readonly<Record<Format, Parse>> = {
  csv: parseCsv,
  json: parseJson,
  libvirt: parseLibvirt,
  qemu: parseQemu,
  dnsmasq: parseDnsmasq,
  dhcpd: parseDhcpd,
  kea: parseKea,
};

/** Formats are told apart by their beginning. */
const GLANCE = 2 ** 20;

/**
 * Reads a file as `format`, or as the one that its content shows.
 *
 * @throws MacpoolError INVALID_FILE, also when the content shows none.
 */
export function readEntries(
  text: string,
  format?: Format,
): { readonly format: Format; readonly entries: readonly Entry[] } {
  const chosen = format ?? detect(text);
  if (chosen !== undefined) return { format: chosen, entries: PARSERS[chosen](text) };
  throw new MacpoolError(
    "INVALID_FILE",
    `The file's content is of no format that can be imported (${FORMATS.join(", ")}). Look into it, or name the format with --format.`,
  );
}

function detect(text: string): Format | undefined {
  const start = text
    .slice(0, GLANCE)
    .replace(/^\ufeff/, "")
    .trimStart();
  if (start.startsWith("<")) return "libvirt";
  const bare = plainJson(start).trimStart();
  if (/^[{[]/.test(bare)) return isKea(bare) ? "kea" : "json";
  const lines = start.split(/\r?\n/).filter((line) => !/^\s*(?:#|$)/.test(line));
  const [first = ""] = lines;
  if (isCsvHeader(first)) return "csv";
  if (lines.some(isDhcpHost)) return "dnsmasq";
  if (/^\s*host\s[^\n{]{1,300}\{/m.test(start) || /\bhardware\s+ethernet\b/.test(start)) return "dhcpd";
  // Before QEMU, whose name a host may have.
  if (lines.some(isHostsFileLine)) return "dnsmasq";
  return isQemu(start) ? "qemu" : undefined;
}
