import { isIP } from "node:net";
import { readMac } from "../../provider/mac/mac";
import { type Entry, notFollowed } from "./entry";
import { isNicAddress } from "./strays";

const OPTION = /^\s*(?:--)?dhcp-host\s*=\s*/;
/** What names files with more options, or with hosts. */
const FILE = /^\s*(?:--)?(?:conf-(?:file|dir)|dhcp-hosts(?:file|dir))\s*=\s*(.*)$/;
/** Optionally the hardware type, as ARP numbers it, then six octets, of which any may be `*`. */
const HARDWARE = /^(?:([0-9a-f]{1,2})-)?([0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5})$/i;
const WILDCARD = /^(?:[0-9a-f]{1,2}-)?(?:[0-9a-f]{1,2}|\*)(?::(?:[0-9a-f]{1,2}|\*)){5}$/i;
const LEASE_TIME = /^(?:infinite|\d+[smhdw]?)$/i;
/** Ethernet, and IEEE 802 networks, whose addresses are of the same kind (IANA ARP parameters). */
const ETHERNET_TYPES: readonly number[] = [1, 6];

/** Returns whether a line holds the option `dhcp-host`. */
export function isDhcpHost(line: string): boolean {
  return OPTION.test(line);
}

/** Returns whether a line could be one of a file that `dhcp-hostsfile` names: the option's value alone. */
export function isHostsFileLine(line: string): boolean {
  return line.split(",").some((field) => WILDCARD.test(field.trim()));
}

/** Reads a dnsmasq configuration, or a file that its option `dhcp-hostsfile` names. The owner is the host's name. */
export function parseDnsmasq(text: string): readonly Entry[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const files = lines.flatMap((line, index) => {
    const name = FILE.exec(withoutComment(line))?.[1];
    return name === undefined ? [] : [{ place: `line ${index + 1}`, name: name.trim() }];
  });
  const isConfiguration = files.length > 0 || lines.some(isDhcpHost);
  const hosts = lines.flatMap((line, index) => {
    if (isConfiguration && !isDhcpHost(line)) return [];
    const value = withoutComment(line).replace(OPTION, "");
    return value.trim() === "" ? [] : hostOf(value, `line ${index + 1}`);
  });
  return [...hosts, ...notFollowed(files)];
}

function hostOf(value: string, place: string): readonly Entry[] {
  const fields = value.split(",").map((field) => field.trim());
  const addresses = fields.filter((field) => WILDCARD.test(field));
  const owner = fields.find(isName);
  const tags = fields.flatMap((field) => /^(?:set|net):(.+)$/.exec(field)?.[1] ?? []);
  const labels = tags.length === 0 ? {} : { tags: { dnsmasq: tags.join(" ") } };
  if (addresses.length === 0) return strayOf(fields, place);
  return addresses.map((written, index) => {
    const name = owner === undefined || addresses.length === 1 ? owner : `${owner}/${index}`;
    return { place, owner: name, ...labels, ...addressOf(written) };
  });
}

/** A host may be known by its name or client id alone; a field that tries to be an address must not be passed over. */
function strayOf(fields: readonly string[], place: string): readonly Entry[] {
  const stray = fields.find(
    (field) => /^(?:[^:[\]]*:){3,}/.test(field) && isIP(field) === 0 && !field.startsWith("id:"),
  );
  if (stray !== undefined) return [{ place, address: stray }];
  const reason = "dnsmasq takes it for a name: only with colons it is an address. Correct it in the file.";
  const misspelt = fields.find(isNicAddress);
  return misspelt === undefined ? [] : [{ place, address: misspelt, fault: { code: "INVALID_MAC", reason } }];
}

function addressOf(written: string): Pick<Entry, "address" | "fault"> {
  const [, type, address] = HARDWARE.exec(written) ?? [];
  if (address === undefined) {
    const reason = "It stands for many addresses. Register each of them, or make a pool or a reservation of the range.";
    return { address: written, fault: { code: "INVALID_MAC", reason } };
  }
  if (type === undefined || ETHERNET_TYPES.includes(Number.parseInt(type, 16))) return { address };
  return { address: written, fault: { code: "INVALID_MAC", reason: `Hardware type ${type} is not Ethernet.` } };
}

function isName(field: string): boolean {
  if (field === "" || field === "ignore" || field.includes(":") || field.includes("*")) return false;
  return isIP(field) === 0 && !LEASE_TIME.test(field) && readMac(field) === undefined;
}

/** `#` begins a comment where a word could begin (read_file in dnsmasq's option.c). */
function withoutComment(line: string): string {
  return line.replace(/(?:^|\s)#.*$/, "");
}
