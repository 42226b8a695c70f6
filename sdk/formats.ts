/** The canonical text of an address, as the provider returns it: lower case, colons, two digits per octet. */
const CANONICAL = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** What QEMU accepts as an identifier, hence never a comma (`id_wellformed` in util/id.c; its type names fit too). */
const QEMU_ID = /^[A-Za-z][A-Za-z0-9._-]*$/;

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
