import { isIP, isIPv6 } from "node:net";

/** The canonical text of an address, as the provider returns it: lower case, colons, two digits per octet. */
const CANONICAL = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** What QEMU accepts as an identifier, hence never a comma (`id_wellformed` in util/id.c; its type names fit too). */
const QEMU_ID = /^[A-Za-z][A-Za-z0-9._-]*$/;

/** What libvirt's schema accepts as the model of a NIC (domaincommon.rng, `interface-options`). */
const LIBVIRT_MODEL = /^[A-Za-z0-9_-]+$/;

/** What Linux takes as the name of a network device, hence at most 15 bytes, and what libvirt and netplan take unquoted. */
const DEVICE_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,15}$/;

/** What no XML 1.0 document may hold (its production 2, `Char`), and line breaks, which attributes turn into spaces. */
const NOT_IN_XML = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** A host name: labels of 1 to 63 letters, digits and inner hyphens, at most 253 characters (RFC 1123 section 2.1). */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Host names that dnsmasq takes for a lease time or a keyword (`one_opt` in its src/option.c). */
const DNSMASQ_WORD = /^(?:\d+[wdhms]?|infinite|ignore)$/i;

/** Bit of the first octet that tells locally from universally administered addresses (IEEE 802, "U/L"). */
const UNIVERSAL_LOCAL_BIT = 0x02;

/**
 * Returns `42-00-00-00-00-01` for `42:00:00:00:00:01`, as Windows and Hyper-V write it, in lower case.
 *
 * @throws RangeError when `address` is not canonical.
 */
export function dashed(address: string): string {
  return groups(digits(address), 2, "-");
}

/**
 * Returns `4200.0000.0001` for `42:00:00:00:00:01`, as Cisco IOS writes it.
 *
 * @throws RangeError when `address` is not canonical.
 */
export function dotted(address: string): string {
  return groups(digits(address), 4, ".");
}

/**
 * Returns `42:59:EF:80:95:8D` for `42:59:ef:80:95:8d`.
 *
 * @throws RangeError when `address` is not canonical.
 */
export function upper(address: string): string {
  return groups(digits(address), 2, ":").toUpperCase();
}

/**
 * Returns the address as an integer from 0 to 2^48 - 1, first octet most significant. Exact in a double.
 *
 * @throws RangeError when `address` is not canonical.
 */
export function integer(address: string): number {
  return Number.parseInt(digits(address), 16);
}

/**
 * Returns the modified EUI-64 interface identifier, four groups of four digits: `4000:00ff:fe00:0001` for
 * `42:00:00:00:00:01`. It is the address with `ff:fe` in the middle and the U/L bit inverted (RFC 4291 appendix A,
 * RFC 2464 section 4).
 *
 * @throws RangeError when `address` is not canonical.
 */
export function eui64(address: string): string {
  const text = digits(address);
  const first = Number.parseInt(text.slice(0, 2), 16) ^ UNIVERSAL_LOCAL_BIT;
  const identifier = `${first.toString(16).padStart(2, "0")}${text.slice(2, 6)}fffe${text.slice(6)}`;
  return groups(identifier, 4, ":");
}

/**
 * Returns the IPv6 link-local address that a guest with this MAC address has if it uses EUI-64: `fe80::4000:ff:fe00:1`
 * for `42:00:00:00:00:01` (RFC 4291 section 2.5.6), in the canonical text of RFC 5952.
 *
 * @throws RangeError when `address` is not canonical.
 */
export function linkLocalIpv6(address: string): string {
  const identifier = eui64(address)
    .split(":")
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
  // The prefix ends in three zero groups, so "::" stands for them and for a fourth when the identifier starts with one
  // (RFC 5952 section 4.2.1). A single zero group further right is always the shorter run and stays.
  return `fe80::${identifier.replace(/^0:/, "")}`;
}

/**
 * Returns the value of QEMU's `-device` for this address: `virtio-net-pci,netdev=net0,mac=42:00:00:00:00:01`.
 *
 * @throws RangeError when `address` is not canonical, or when `netdev` or `model` is no QEMU identifier.
 */
export function qemuDevice(address: string, netdev: string, model: string): string {
  return `${qemuId("model", model)},netdev=${qemuId("netdev", netdev)},mac=${groups(digits(address), 2, ":")}`;
}

/**
 * Returns the IPv6 address that a guest with this MAC address has below `prefix` if it forms it by stateless
 * autoconfiguration with EUI-64: `2001:db8::4000:ff:fe00:1` for `42:00:00:00:00:01` and `2001:db8::/64` (RFC 4862
 * section 5.5.3, RFC 4291 appendix A), in the canonical text of RFC 5952.
 *
 * @throws RangeError when `address` is not canonical, or when `prefix` is no /64 of unicast addresses: RFC 4862 ignores a
 * prefix whose length and that of the interface identifier, 64 bits on every kind of link with MAC addresses, are not 128.
 */
export function slaac(address: string, prefix: string): string {
  const [, network = "", length] = /^([^/%]+)\/(\d+)$/.exec(prefix) ?? [];
  if (!isIPv6(network)) throw badPrefix(prefix, "is not an IPv6 prefix");
  if (length !== "64") throw badPrefix(prefix, "is not a /64, and autoconfiguration needs one");
  const bits = groupsOf(network);
  if (bits.slice(4).some((group) => group !== 0)) throw badPrefix(prefix, "has bits set beyond the first 64");
  if ((bits[0] ?? 0) >= 0xff00) throw badPrefix(prefix, "is of multicast addresses");
  const first = bits.slice(0, 4).map((group) => group.toString(16));
  return canonicalIpv6(`${first.join(":")}:${eui64(address)}`);
}

/** Where a libvirt NIC is attached, either to a network or to a bridge, and what it looks like to the guest. */
export type LibvirtInterface = (
  | {
      /** The libvirt network to attach to, such as `default`. */
      readonly network: string;
      readonly bridge?: undefined;
    }
  | {
      /** The bridge of the host to attach to, such as `br0`. */
      readonly bridge: string;
      readonly network?: undefined;
    }
) & {
  /** The device model. Default `virtio`. */
  readonly model?: string | undefined;
};

/**
 * Returns the `<interface>` element of a libvirt domain for this address, ending without a line break
 * (https://libvirt.org/formatdomain.html#network-interfaces).
 *
 * @throws RangeError when `address` is not canonical, when not exactly one of `network` and `bridge` is given, when
 * `bridge` is no name of a network device, or when `network` or `model` hold what libvirt's schema refuses.
 */
export function libvirtInterface(address: string, { network, bridge, model = "virtio" }: LibvirtInterface): string {
  const mac = groups(digits(address), 2, ":");
  if ((network === undefined) === (bridge === undefined)) {
    throw new RangeError("A libvirt interface needs either a network or a bridge, and not both.");
  }
  if (!LIBVIRT_MODEL.test(model)) {
    throw new RangeError(`The libvirt model ${JSON.stringify(model)} is not one: use letters, digits, "_" and "-".`);
  }
  const type = network === undefined ? "bridge" : "network";
  const source = network === undefined ? deviceName("bridge", bridge ?? "") : xmlName("network", network);
  return [
    `<interface type='${type}'>`,
    `  <mac address='${mac}'/>`,
    `  <source ${type}='${source}'/>`,
    `  <model type='${model}'/>`,
    "</interface>",
  ].join("\n");
}

/** What a DHCP server gives to a host, besides knowing it. */
export interface DnsmasqHost {
  /** The IPv4 or IPv6 address to give it always. */
  readonly ip?: string | undefined;
  /** The host name to give it, with or without its domain. */
  readonly name?: string | undefined;
}

/**
 * Returns the value of `dhcp-host=`, which is also a line of a `dhcp-hostsfile`, of dnsmasq(8):
 * `42:00:00:00:00:01,192.0.2.10,web-1`. An IPv6 address gets its brackets.
 *
 * @throws RangeError when `address` is not canonical, when `ip` is no IP address, or when `name` is no host name of
 * RFC 1123 or one that dnsmasq takes for something else (`infinite`, `ignore`, or a lease time such as `12h`). Such a line
 * would keep dnsmasq from starting, or mean something else.
 */
export function dnsmasqHost(address: string, { ip, name }: DnsmasqHost = {}): string {
  const parts = [groups(digits(address), 2, ":")];
  if (ip !== undefined) parts.push(dnsmasqIp(ip));
  if (name !== undefined) parts.push(dnsmasqName(name));
  return parts.join(",");
}

/**
 * Returns the lines by which a device of netplan's `ethernets:` finds the NIC with this address and, with a `name`, calls
 * it so (https://netplan.readthedocs.io/en/stable/netplan-yaml/, "Properties for physical device types"):
 *
 * ```yaml
 * match: { macaddress: "42:00:00:00:00:01" }
 * set-name: "lan0"
 * ```
 *
 * They end without a line break; every line but the first is indented by `indent` spaces. The quotes matter: YAML 1.1
 * takes an address of decimal digits alone for a number of base 60.
 *
 * @throws RangeError when `address` is not canonical, or when `name` is no name of a network device.
 */
export function netplanMatch(address: string, name?: string, indent = 0): string {
  const match = `match: { macaddress: "${groups(digits(address), 2, ":")}" }`;
  if (name === undefined) return match;
  return `${match}\n${" ".repeat(indent)}set-name: "${deviceName("name", name)}"`;
}

function dnsmasqIp(ip: string): string {
  // A zone ("%eth0") is of this host alone.
  const version = ip.includes("%") ? 0 : isIP(ip);
  if (version === 0)
    throw new RangeError(`${JSON.stringify(ip)} is not an IP address such as 192.0.2.10 or 2001:db8::10.`);
  return version === 6 ? `[${ip}]` : ip;
}

function dnsmasqName(name: string): string {
  if (HOST_NAME.test(name) && !DNSMASQ_WORD.test(name) && isIP(name) === 0) return name;
  throw new RangeError(
    `${JSON.stringify(name)} cannot be a host name in dnsmasq: use letters, digits and "-", and neither a lease time such as 12h nor an address.`,
  );
}

function deviceName(what: string, text: string): string {
  if (DEVICE_NAME.test(text)) return text;
  throw new RangeError(
    `The ${what} ${JSON.stringify(text)} is not the name of a network device: use 1 to 15 letters, digits, ".", "_" and "-".`,
  );
}

function xmlName(what: string, text: string): string {
  if (text === "" || NOT_IN_XML.test(text)) {
    throw new RangeError(`The ${what} ${JSON.stringify(text)} is empty or holds a character that XML cannot.`);
  }
  return text.replace(/[&<>'"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Node's URL parser is the WHATWG's, whose serializer of IPv6 addresses writes RFC 5952. */
function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function groupsOf(ipv6: string): number[] {
  const halves = canonicalIpv6(ipv6).split("::");
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const gap = new Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...gap, ...right].map((group) => Number.parseInt(group, 16));
}

function badPrefix(prefix: string, why: string): RangeError {
  return new RangeError(`${JSON.stringify(prefix)} ${why}: give one such as 2001:db8:0:1::/64.`);
}

function qemuId(what: string, text: string): string {
  if (QEMU_ID.test(text)) return text;
  throw new RangeError(
    `QEMU ${what} ${JSON.stringify(text)} is not an identifier: use letters, digits, ".", "_" and "-", starting with a letter.`,
  );
}

function digits(address: string): string {
  if (CANONICAL.test(address)) return address.replaceAll(":", "");
  throw new RangeError(`${JSON.stringify(address)} is not a MAC address such as 42:00:00:00:00:01.`);
}

function groups(text: string, size: number, separator: string): string {
  return text.replace(new RegExp(`.{${size}}(?!$)`, "g"), `$&${separator}`);
}
