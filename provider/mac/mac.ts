import { MacpoolError } from "../error";
import { quote } from "./quote";

/**
 * A 48-bit MAC address (EUI-48, IEEE 802) as an integer from 0 to 2^48 - 1, first octet most significant. Exact in a
 * double; JavaScript's 32-bit operators (`&`, `<<`, `>>`) cut it and must not touch it.
 */
export type Mac = number;

/** The all-ones address, `ff:ff:ff:ff:ff:ff`: the highest {@link Mac}. */
export const highestMac: Mac = 2 ** 48 - 1;

/** Number of addresses that share a first octet. */
export const firstOctetSize = 2 ** 40;

const longestSpelling = "42:59:ef:80:95:8d".length;
const octets = /^[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4}$/i;
const dotted = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/i;
const bare = /^[0-9a-f]{12}$/i;

/**
 * Returns the address that `text` spells: `42:59:ef:80:95:8d`, `42-59-ef-80-95-8d`, `4259.ef80.958d` or `4259ef80958d`,
 * in either case; with `:` and `-` an octet may lack its leading zero (`2:0:0:0:0:1`). White space is refused, also
 * around the address: who reads files trims, and a stray newline in a declaration shows up where it stands.
 *
 * @throws MacpoolError INVALID_MAC, which quotes what was given and shows the accepted spellings.
 */
export function parseMac(text: string): Mac {
  const mac = readMac(text);
  if (mac !== undefined) return mac;
  throw new MacpoolError(
    "INVALID_MAC",
    `${quote(text)} is not a MAC address. Write six octets in hexadecimal, such as 42:59:ef:80:95:8d, 42-59-ef-80-95-8d, 4259.ef80.958d or 4259ef80958d.`,
  );
}

/** Returns the address that `text` spells as {@link parseMac} reads it, or undefined when it spells none. */
export function readMac(text: string): Mac | undefined {
  if (text.length > longestSpelling) return undefined;
  if (bare.test(text)) return Number.parseInt(text, 16);
  if (dotted.test(text)) return Number.parseInt(text.replaceAll(".", ""), 16);
  if (!octets.test(text)) return undefined;
  const digits = text.split(/[:-]/).map((octet) => octet.padStart(2, "0"));
  return Number.parseInt(digits.join(""), 16);
}

/**
 * Returns the canonical spelling: lower case, colons, two digits per octet.
 *
 * @throws MacpoolError INTERNAL when `mac` is not a {@link Mac}.
 */
export function formatMac(mac: Mac): string {
  assertMac(mac);
  const digits = mac.toString(16).padStart(12, "0");
  return digits.replace(/..(?!$)/g, "$&:");
}

/**
 * Returns the first octet, 0 to 255, which carries the I/G bit (0x01), the U/L bit (0x02) and the SLAP quadrant (0x0c).
 *
 * @throws MacpoolError INTERNAL when `mac` is not a {@link Mac}.
 */
export function firstOctet(mac: Mac): number {
  assertMac(mac);
  return Math.floor(mac / firstOctetSize);
}

/** Returns whether `value` is an integer from 0 to 2^48 - 1. */
export function isMac(value: number): value is Mac {
  return Number.isInteger(value) && value >= 0 && value <= highestMac;
}

function assertMac(mac: Mac): void {
  if (!isMac(mac)) throw new MacpoolError("INTERNAL", `${mac} is not a 48-bit address. Please report this as a bug.`);
}
