import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMac, highestMac, parseMac } from "../../provider/mac/mac";
import { formatRange, parsePrefix, parseRange, rangeSize } from "../../provider/mac/range";
import { anyMac, anyRange, codeOf, faultOf } from "./support";

const hyphens = (mac: number) => formatMac(mac).replaceAll(":", "-");
const bare = (mac: number) => formatMac(mac).replaceAll(":", "");
const dots = (mac: number) => bare(mac).replace(/....(?!$)/g, "$&.");

const between = (first: string, last: string) => ({ start: parseMac(first), end: parseMac(last) });

describe("parsePrefix", () => {
  it.each([
    ["42", "42:00:00:00:00:00", "42:ff:ff:ff:ff:ff"],
    ["52:54:00", "52:54:00:00:00:00", "52:54:00:ff:ff:ff"],
    ["52-54-00", "52:54:00:00:00:00", "52:54:00:ff:ff:ff"],
    ["525400", "52:54:00:00:00:00", "52:54:00:ff:ff:ff"],
    ["4259", "42:59:00:00:00:00", "42:59:ff:ff:ff:ff"],
    ["5254.00", "52:54:00:00:00:00", "52:54:00:ff:ff:ff"],
    ["4259.EF80", "42:59:ef:80:00:00", "42:59:ef:80:ff:ff"],
    ["4259.ef80.95", "42:59:ef:80:95:00", "42:59:ef:80:95:ff"],
    ["42:59:EF:80:95", "42:59:ef:80:95:00", "42:59:ef:80:95:ff"],
  ])("reads %s", (text, first, last) => {
    expect(parsePrefix(text)).toEqual(between(first, last));
  });

  it("holds exactly the addresses whose first octets are the prefix", () => {
    fc.assert(
      fc.property(anyMac, anyMac, fc.integer({ min: 1, max: 5 }), (mac, probe, count) => {
        const { start, end } = parsePrefix(bare(mac).slice(0, 2 * count));
        const isInside = formatMac(probe).startsWith(formatMac(mac).slice(0, 3 * count - 1));
        expect(start <= probe && probe <= end).toBe(isInside);
        expect(start <= mac && mac <= end).toBe(true);
        expect(end - start + 1).toBe(256 ** (6 - count));
      }),
    );
  });

  it.each([
    ["half octets, which are ambiguous", "42:1"],
    ["a single digit", "4"],
    ["half an octet of bare digits", "420"],
    ["nothing", ""],
    ["six octets, which are an address", "42:00:00:00:00:00"],
    ["six octets without separators", "420000000000"],
    ["six octets with dots", "4200.0000.0000"],
    ["a separator at the end", "42:"],
    ["a separator in front", ":42"],
    ["mixed separators", "42:01-02"],
    ["a dot after one octet", "42.01"],
    ["a wildcard", "42:*"],
    ["white space", "42 "],
    ["a newline", "42\n"],
    ["NUL", "42\0"],
    ["fullwidth digits", "\uff14\uff12"],
    ["Arabic digits", "\u0664\u0662"],
  ])("refuses %s", (_, text) => {
    expect(codeOf(() => parsePrefix(text))).toBe("INVALID_RANGE");
  });
});

const expected = between("42:00:00:00:00:10", "42:00:00:00:01:ff");

describe("parseRange", () => {
  it.each([
    "42:00:00:00:00:10-42:00:00:00:01:ff",
    "42:00:00:00:00:10 - 42:00:00:00:01:ff",
    "42:00:00:00:00:10..42:00:00:00:01:ff",
    "42:00:00:00:00:10 .. 42:00:00:00:01:FF",
    "42-00-00-00-00-10 - 42-00-00-00-01-ff",
    "42-00-00-00-00-10..42-00-00-00-01-ff",
    "420000000010-4200000001ff",
    "4200.0000.0010-4200.0000.01ff",
    "4200.0000.0010..4200.0000.01ff",
    "42:0:0:0:0:10-42:0:0:0:1:ff",
    "42-0-0-0-0-10 .. 42:0:0:0:1:ff",
  ])("reads first and last address from %s", (text) => {
    expect(parseRange(text)).toEqual(expected);
  });

  it("reads every range in every spelling of its ends", () => {
    const spelling = fc.constantFrom(formatMac, hyphens, bare, dots);
    const separator = fc.constantFrom(" - ", "..", " .. ");
    fc.assert(
      fc.property(anyRange, spelling, spelling, separator, (range, first, last, join) => {
        expect(parseRange(`${first(range.start)}${join}${last(range.end)}`)).toEqual(range);
      }),
    );
  });
});

describe("parseRange of a block", () => {
  it("reads a prefix, and an address as the range of itself", () => {
    expect(parseRange("52:54:00")).toEqual(parsePrefix("52:54:00"));
    expect(parseRange("52-54")).toEqual(parsePrefix("5254"));
    expect(parseRange("42-00-00-00-00-10")).toEqual({ start: expected.start, end: expected.start });
    expect(parseRange("2:0:0:0:0:1")).toEqual({ start: 0x020000000001, end: 0x020000000001 });
  });

  it.each([
    ["42:00:00:00:00:00/8", "42:00:00:00:00:00", "42:ff:ff:ff:ff:ff"],
    ["42-50-00-00-00-00/12", "42:50:00:00:00:00", "42:5f:ff:ff:ff:ff"],
    ["00:50:56:80:00:00/26", "00:50:56:80:00:00", "00:50:56:bf:ff:ff"],
    ["4200.0000.0001/48", "42:00:00:00:00:01", "42:00:00:00:00:01"],
    ["00:00:00:00:00:00/0", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
  ])("reads an address with its fixed bits: %s", (text, first, last) => {
    expect(parseRange(text)).toEqual(between(first, last));
  });

  it("gives every number of fixed bits a range of the other bits", () => {
    fc.assert(
      fc.property(anyMac, fc.integer({ min: 0, max: 48 }), (mac, bits) => {
        const start = Number((BigInt(mac) >> BigInt(48 - bits)) << BigInt(48 - bits));
        const range = parseRange(`${formatMac(start)}/${bits}`);
        expect(range.start).toBe(start);
        expect(rangeSize(range)).toBe(2 ** (48 - bits));
      }),
    );
  });

  it("names the right start when bits after the fixed ones are set", () => {
    const fault = faultOf(() => parseRange("42:00:00:00:00:01/8"));
    expect(fault.code).toBe("INVALID_RANGE");
    expect(fault.message).toContain("42:00:00:00:00:00/8");
  });
});

const refused = [
  ["nothing", ""],
  ["a range without an end", "42:00:00:00:00:00-"],
  ["a range without a start", "..42:00:00:00:00:00"],
  ["three addresses", "420000000000..420000000001..420000000002"],
  ["hyphens between and within, which are ambiguous", "42-00-00-00-00-00-42-00-00-00-00-01"],
  ["prefixes as ends", "42:00 - 42:01"],
  ["an end that is no address", "42:00:00:00:00:00-42:00:00:00:00:0g"],
  ["an end without all octets", "42:00:00:00:00:00-42:00:00:00:00"],
  ["a start with mixed separators", "42:00-00:00:00:00..42:00:00:00:00:01"],
  ["49 fixed bits", "42:00:00:00:00:00/49"],
  ["a leading zero in the bits", "42:00:00:00:00:00/08"],
  ["fixed bits below zero", "42:00:00:00:00:00/-1"],
  ["Arabic digits for the bits", "42:00:00:00:00:00/\u0668"],
  ["fixed bits after a prefix", "42/8"],
  ["fixed bits after something else", "42:00:00:00:00:0-/8"],
  ["a mask", "42:00:00:00:00:00/ff:00:00:00:00:00"],
  ["white space around", " 42 "],
  ["a newline at the end", "42:00:00:00:00:00-42:00:00:00:00:01\n"],
  ["a tab between", "42:00:00:00:00:00\t-\t42:00:00:00:00:01"],
  ["NUL", "42\0"],
  ["half octets", "42:1"],
];

describe("parseRange of something else", () => {
  it("refuses a range that runs backwards, by the whole address and not octet by octet", () => {
    for (const text of ["42:00:00:00:00:02-42:00:00:00:00:01", "02:00:00:00:01:00-02:00:00:00:00:ff"]) {
      expect(codeOf(() => parseRange(text))).toBe("INVALID_RANGE");
    }
    expect(rangeSize(parseRange("02:00:00:00:00:ff-02:00:00:00:01:00"))).toBe(2);
    fc.assert(
      fc.property(anyMac, anyMac, (a, b) => {
        fc.pre(a > b);
        expect(codeOf(() => parseRange(`${formatMac(a)}-${formatMac(b)}`))).toBe("INVALID_RANGE");
      }),
    );
  });

  it.each(refused)("refuses %s", (_, text) => {
    expect(codeOf(() => parseRange(text))).toBe("INVALID_RANGE");
  });

  it("names the end that is no address", () => {
    expect(faultOf(() => parseRange("42:00:00:00:00:00-42:00:00:00:00")).message).toContain('"42:00:00:00:00"');
    expect(faultOf(() => parseRange("42:00:00:00:00..42:00:00:00:00:00")).message).toContain('"42:00:00:00:00"');
  });

  it.each(["0", "-", ".", "..", " - ", " ", "00:", "0000.", "4200.0000.0000..", "/", "\0", "\uff10"])(
    "refuses 1 MiB of %j at once, with a short error",
    (unit) => {
      const text = unit.repeat(Math.floor(2 ** 20 / unit.length));
      for (const parse of [parseRange, parsePrefix]) {
        const started = performance.now();
        const fault = faultOf(() => parse(text));
        expect(performance.now() - started).toBeLessThan(1000);
        expect(fault.code).toBe("INVALID_RANGE");
        expect(fault.message.length).toBeLessThan(700);
      }
    },
  );

  it("reads only addresses, whatever it is given", () => {
    const unit = fc.constantFrom(..."0123456789abcdef:-./ ", "..", " - ", "");
    const almost = fc.tuple(anyRange, fc.nat(36), unit, fc.boolean()).map(([range, at, put, isInserted]) => {
      const text = formatRange(range);
      return text.slice(0, at) + put + text.slice(isInserted ? at : at + 1);
    });
    fc.assert(
      fc.property(almost, (text) => {
        const range = readOrUndefined(text);
        if (range === undefined) return;
        expect(0 <= range.start && range.start <= range.end && range.end <= highestMac).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("formatRange", () => {
  it("is undone by parseRange", () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        expect(parseRange(formatRange(range))).toEqual(range);
      }),
    );
  });

  it("gives first and last address without a space, so that a shell takes it as one word", () => {
    expect(formatRange(parsePrefix("42"))).toBe("42:00:00:00:00:00-42:ff:ff:ff:ff:ff");
  });

  it("gives a range of one as its address", () => {
    fc.assert(
      fc.property(anyMac, (mac) => {
        expect(formatRange({ start: mac, end: mac })).toBe(formatMac(mac));
      }),
    );
  });
});

function readOrUndefined(text: string) {
  try {
    return parseRange(text);
  } catch {
    return undefined;
  }
}
