import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstOctet, formatMac, highestMac, isMac, parseMac, readMac } from "../../provider/mac/mac";
import { anyMac, codeOf, faultOf, octetsOf } from "./support";

const hex = (octet: number) => octet.toString(16).padStart(2, "0");

const spellings: Readonly<Record<string, (octets: readonly number[]) => string>> = {
  colons: (octets) => octets.map(hex).join(":"),
  hyphens: (octets) => octets.map(hex).join("-"),
  "Cisco dots": (octets) =>
    octets
      .map(hex)
      .join("")
      .replace(/....(?!$)/g, "$&."),
  "bare digits": (octets) => octets.map(hex).join(""),
  "colons without leading zeros": (octets) => octets.map((octet) => octet.toString(16)).join(":"),
  "hyphens without leading zeros": (octets) => octets.map((octet) => octet.toString(16)).join("-"),
};

const refused = [
  ["nothing", ""],
  ["five octets", "42:00:00:00:00"],
  ["seven octets", "42:00:00:00:00:00:00"],
  ["an octet of three digits", "042:00:00:00:00:00"],
  ["an empty octet", "42::00:00:00:00"],
  ["mixed separators", "42:00-00:00-00:00"],
  ["a separator at the end", "42:00:00:00:00:0:"],
  ["a separator in front", ":42:00:00:00:00:0"],
  ["a letter that is no digit", "42:00:00:00:00:0g"],
  ["a hexadecimal prefix", "0x4259ef8095"],
  ["a sign", "-259ef80958d"],
  ["an exponent-like number", "4259e1.80958"],
  ["eleven bare digits", "4259ef80958"],
  ["thirteen bare digits", "4259ef80958d0"],
  ["dots without leading zeros", "4259.ef80.8d"],
  ["dots in the wrong places", "42.59ef.80.958d"],
  ["dots between octets", "42.59.ef.80.95.8d"],
  ["white space in front", " 42:59:ef:80:95:8"],
  ["a newline at the end", "4259ef80958d\n"],
  ["a NUL at the end", "4259ef80958d\0"],
  ["a NUL inside", "42:59:ef:\0:95:8d"],
  ["fullwidth digits", "42:59:ef:80:95:\uff18\uff14"],
  ["nothing but fullwidth digits", "\uff14\uff12\uff15\uff19\uff10\uff10\uff18\uff10\uff19\uff15\uff18\uff10"],
  ["Arabic digits", "\u0664\u0662:\u0665\u0669:00:80:95:00"],
  ["a Cyrillic letter", "42:59:\u0435f:80:95:8d"],
  ["a dash that is no hyphen", "42\u201359\u2013ef\u201380\u201395\u20138d"],
  ["a byte order mark", "\ufeff42:59:ef:80:95:8"],
  ["an EUI-64", "42:59:ef:ff:fe:80:95:8d"],
  ["a word", "auto"],
];

describe("parseMac", () => {
  it.each(Object.entries(spellings))("reads every address spelled with %s, in either case", (_, spell) => {
    fc.assert(
      fc.property(anyMac, (mac) => {
        const text = spell(octetsOf(mac));
        expect(parseMac(text)).toBe(mac);
        expect(parseMac(text.toUpperCase())).toBe(mac);
      }),
    );
  });

  it("reads the examples of the documentation", () => {
    expect(parseMac("42:59:ef:80:95:8d")).toBe(0x4259ef80958d);
    expect(parseMac("4259.EF80.958D")).toBe(0x4259ef80958d);
    expect(parseMac("2:0:0:0:0:1")).toBe(0x020000000001);
    expect(parseMac("ff:ff:ff:ff:ff:ff")).toBe(highestMac);
  });

  it.each(refused)("refuses %s", (_, text) => {
    expect(codeOf(() => parseMac(text))).toBe("INVALID_MAC");
    expect(readMac(text)).toBeUndefined();
  });

  it("reads nothing that it would not print again as the same octets", () => {
    const unit = fc.constantFrom(..."0123456789abcdefABCDEFg:-. \n", "");
    const almost = fc
      .tuple(anyMac, fc.constantFrom(...Object.values(spellings)), fc.nat(17), unit, fc.boolean())
      .map(([mac, spell, at, put, isInserted]) => {
        const text = spell(octetsOf(mac));
        return text.slice(0, at) + put + text.slice(isInserted ? at : at + 1);
      });
    fc.assert(
      fc.property(almost, (text) => {
        const mac = readMac(text);
        if (mac === undefined) return;
        expect(isMac(mac)).toBe(true);
        expect(Object.values(spellings).map((spell) => spell(octetsOf(mac)))).toContain(withLeadingZeros(text));
      }),
      { numRuns: 5000 },
    );
  });

  it("shows in the error what was given and how to write it", () => {
    const { message } = faultOf(() => parseMac("42:1"));
    expect(message).toContain('"42:1"');
    for (const spelling of ["42:59:ef:80:95:8d", "42-59-ef-80-95-8d", "4259.ef80.958d", "4259ef80958d"]) {
      expect(message).toContain(spelling);
      expect(parseMac(spelling)).toBe(0x4259ef80958d);
    }
  });
});

describe("the error for hostile text", () => {
  it.each([
    ["NUL", "\0", "\\u0000"],
    ["an escape sequence", "\x1b[2J", "\\u001b[2J"],
    ["DEL", "\x7f", "\\u007f"],
    ["a C1 control", "\x9b", "\\u009b"],
    ["a newline", "a\nb", "a\\nb"],
    ["a quotation mark", 'a"b', 'a\\"b'],
    ["a right-to-left mark", "\u202e", "\\u202e"],
    ["a fullwidth digit", "\uff14", "\\uff14"],
    ["half a surrogate pair", "\ud83d", "\\ud83d"],
  ])("escapes %s", (_, text, shown) => {
    expect(faultOf(() => parseMac(text)).message).toContain(`"${shown}"`);
  });

  it("is printable ASCII whatever was given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(readMac(text) === undefined);
        expect(faultOf(() => parseMac(text)).message).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  it.each(["0", ":", "0:", "0-", "00:", "0000.", " ", "\0", "\uff10", '"'])(
    "stays short, and comes at once, for 1 MiB of %j",
    (unit) => {
      const text = unit.repeat(2 ** 20 / unit.length);
      const started = performance.now();
      const { message } = faultOf(() => parseMac(text));
      expect(performance.now() - started).toBeLessThan(1000);
      expect(message.length).toBeLessThan(500);
      expect(message).toContain(`(${text.length} characters)`);
    },
  );
});

describe("formatMac", () => {
  it("gives lower case, colons and two digits per octet", () => {
    expect(formatMac(0x0a00_0000_00ff)).toBe("0a:00:00:00:00:ff");
    expect(formatMac(0)).toBe("00:00:00:00:00:00");
    expect(formatMac(highestMac)).toBe("ff:ff:ff:ff:ff:ff");
    fc.assert(
      fc.property(anyMac, (mac) => {
        expect(formatMac(mac)).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
      }),
    );
  });

  it("is undone by parseMac", () => {
    fc.assert(
      fc.property(anyMac, (mac) => {
        expect(parseMac(formatMac(mac))).toBe(mac);
      }),
    );
  });

  it("orders as the addresses do", () => {
    fc.assert(
      fc.property(anyMac, anyMac, (a, b) => {
        expect(formatMac(a) < formatMac(b)).toBe(a < b);
      }),
    );
  });

  it.each([-1, 2 ** 48, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d, which is no address", (value) => {
    expect(codeOf(() => formatMac(value))).toBe("INTERNAL");
    expect(codeOf(() => firstOctet(value))).toBe("INTERNAL");
    expect(isMac(value)).toBe(false);
  });
});

describe("firstOctet", () => {
  it("is the octet that stands first in the text", () => {
    fc.assert(
      fc.property(anyMac, (mac) => {
        expect(firstOctet(mac)).toBe(octetsOf(mac)[0]);
      }),
    );
  });
});

function withLeadingZeros(text: string): string {
  const separator = /[:-]/.exec(text)?.[0];
  if (separator === undefined) return text.toLowerCase();
  const octets = text.toLowerCase().split(separator);
  return octets.map((octet) => octet.padStart(2, "0")).join(separator);
}
