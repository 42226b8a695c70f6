import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertPoolRanges } from "../../provider/mac/classify";
import { formatMac } from "../../provider/mac/mac";
import { contains, parsePrefix, parseRange } from "../../provider/mac/range";
import { anyRange, codeOf, faultOf, isGroupAddress } from "./support";

const oui = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
const prefix = fc
  .tuple(oui, fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 5 }))
  .map(([head, fourth, fifth, count]) => [...head, fourth, fifth].slice(0, count))
  .map((octets) => parsePrefix(octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":")));

describe("assertPoolRanges", () => {
  it.each(["42", "52:54:00", "02", "56:6f", "fa:16:3e", "1e", "02:bf", "42:ff:ff:ff:ff:ff", "fa", "f2"])(
    "lets a pool have %s",
    (text) => {
      assertPoolRanges([parseRange(text)], false);
      assertPoolRanges([parseRange(text)], true);
    },
  );

  it.each([
    ["the null address", "00:00:00:00:00:00"],
    ["the null address among others", "00:00:00:00:00:00-00:00:00:00:00:05"],
    ["the broadcast address", "ff:ff:ff:ff:ff:ff"],
    ["a multicast prefix", "43"],
    ["a group octet that it only ends in", "42:ff:ff:ff:ff:fe-43:00:00:00:00:00"],
    ["a group octet that it only begins in", "41:ff:ff:ff:ff:ff-42:00:00:00:00:01"],
    ["a group octet between two good ones", "42:ff:ff:ff:ff:ff-44:00:00:00:00:00"],
    ["everything", "00:00:00:00:00:00/0"],
    ["first octet fe", "fe"],
    ["one address with first octet fe", "fe:12:34:56:78:9a"],
    ["the octet before fe, which is multicast", "fd"],
  ])("refuses %s, universal or not", (_, text) => {
    expect(codeOf(() => assertPoolRanges([parseRange(text)], false))).toBe("INVALID_RANGE");
    expect(codeOf(() => assertPoolRanges([parseRange(text)], true))).toBe("INVALID_RANGE");
  });

  it.each(["bc:24:11", "00:00:00:00:00:01", "00:00:5e", "fc"])(
    "lets a pool have %s only if it is universal",
    (text) => {
      assertPoolRanges([parseRange(text)], true);
      expect(codeOf(() => assertPoolRanges([parseRange(text)], false))).toBe("INVALID_RANGE");
    },
  );

  it("looks at every range, not only the first", () => {
    expect(codeOf(() => assertPoolRanges([parsePrefix("42"), parsePrefix("43")], false))).toBe("INVALID_RANGE");
  });

  it("refuses a range that runs backwards or is not of addresses", () => {
    const first = parsePrefix("42").start;
    for (const range of [
      { start: first + 1, end: first },
      { start: parsePrefix("52").start, end: first },
      { start: first, end: Number.POSITIVE_INFINITY },
    ]) {
      expect(codeOf(() => assertPoolRanges([range], true))).toBe("INVALID_RANGE");
    }
  });
});

describe("assertPoolRanges for any range", () => {
  it("lets no group address through, whatever the prefix", () => {
    fc.assert(
      fc.property(prefix, fc.boolean(), (range, universal) => {
        if (!isAccepted(range, universal)) return;
        for (const mac of [range.start, range.end]) expect(isGroupAddress(mac)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("accepts a range exactly when every address of it is allowed, at both ends and in between", () => {
    const nearBorder = fc
      .tuple(fc.nat(255), fc.integer({ min: -2, max: 2 }))
      .map(([octet, step]) => Math.max(0, octet * 2 ** 40 + step));
    const bordering = fc
      .tuple(nearBorder, nearBorder)
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    fc.assert(
      fc.property(fc.oneof(anyRange, bordering, prefix), fc.boolean(), (range, universal) => {
        const samples = boundariesOf(range);
        expect(isAccepted(range, universal)).toBe(samples.every((mac) => isAllowed(mac, universal)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the error of assertPoolRanges", () => {
  it("names the first address in the way", () => {
    const message = (text: string) => faultOf(() => assertPoolRanges([parseRange(text)], false)).message;
    expect(message("42:ff:ff:ff:ff:fe-43:00:00:00:00:09")).toContain("from 43:00:00:00:00:00 on");
    expect(message("43:00:00:00:00:05-43:00:00:00:00:09")).toContain("from 43:00:00:00:00:05 on");
  });
});

/** The rule of the facts, by digits: second digit even, not null, not fe; 2, 6, a or e unless the OUI is owned. */
function isAllowed(mac: number, universal: boolean): boolean {
  const text = formatMac(mac);
  if (text === "00:00:00:00:00:00" || text.startsWith("fe")) return false;
  return universal ? /^.[02468ace]/.test(text) : /^.[26ae]/.test(text);
}

function isAccepted(range: { start: number; end: number }, universal: boolean): boolean {
  try {
    assertPoolRanges([range], universal);
    return true;
  } catch {
    return false;
  }
}

/** Both ends, the middle, and the first and last address of every first octet in between. */
function boundariesOf(range: { start: number; end: number }): readonly number[] {
  const octets = Array.from({ length: 256 }, (_, octet) => octet * 2 ** 40).flatMap((mac) => [mac, mac + 2 ** 40 - 1]);
  const middle = Math.floor((range.start + range.end) / 2);
  return [range.start, middle, range.end, ...octets.filter((mac) => contains([range], mac))];
}
