import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { highestMac } from "../../provider/mac/mac";
import {
  contains,
  intersectSize,
  macAtOffset,
  normalizeRanges,
  offsetOfMac,
  overlaps,
  parsePrefix,
  parseRange,
  type Range,
  rangeAt,
  rangeSize,
  rangesSize,
  unionRanges,
} from "../../provider/mac/range";
import { addressesOf, anyRange, codeOf, smallRanges } from "./support";

const space: readonly number[] = Array.from({ length: 32 }, (_, mac) => mac);

const isDisjoint = (ranges: readonly Range[]) => {
  const addresses = addressesOf(ranges);
  return new Set(addresses).size === addresses.length;
};

/** Non-empty, disjoint, in any order: what an operator may give a pool. */
const poolRanges = smallRanges.map(dropOverlapping).filter((ranges) => ranges.length > 0);

describe("sizes", () => {
  it("count the addresses of one range and of several", () => {
    fc.assert(
      fc.property(smallRanges, (ranges) => {
        expect(rangesSize(ranges)).toBe(addressesOf(ranges).length);
        for (const range of ranges) expect(rangeSize(range)).toBe(addressesOf([range]).length);
      }),
    );
  });

  it("are exact beyond 32 bits", () => {
    expect(rangeSize(parsePrefix("42"))).toBe(1_099_511_627_776);
    expect(rangeSize({ start: 0, end: highestMac })).toBe(2 ** 48);
    expect(rangesSize([parsePrefix("42"), parsePrefix("52:54:00")])).toBe(2 ** 40 + 2 ** 24);
  });
});

describe("overlaps, contains and rangeAt", () => {
  it("overlaps holds exactly for ranges that share an address, in both orders", () => {
    fc.assert(
      fc.property(smallRanges, (ranges) => {
        for (const a of ranges) {
          for (const b of ranges) {
            const isShared = addressesOf([a]).some((mac) => addressesOf([b]).includes(mac));
            expect(overlaps(a, b)).toBe(isShared);
          }
        }
      }),
    );
  });

  it("compares whole addresses, not octet by octet", () => {
    const low = parseRange("02:00:00:00:00:ff-02:00:00:00:01:00");
    expect(overlaps(low, parseRange("02:00:00:00:00:00-02:00:00:00:00:fe"))).toBe(false);
    expect(overlaps(low, parseRange("02:00:00:00:01:00-02:00:00:00:01:01"))).toBe(true);
    expect(contains([low], parsePrefix("02:00:00:00:00").end)).toBe(true);
  });

  it("contains knows every address of ranges in any order, overlapping or not", () => {
    fc.assert(
      fc.property(smallRanges, (ranges) => {
        const addresses = new Set(addressesOf(ranges));
        for (const mac of space) expect(contains(ranges, mac)).toBe(addresses.has(mac));
      }),
    );
  });

  it("rangeAt finds in a long list what a search one by one finds", () => {
    fc.assert(
      fc.property(poolRanges, (given) => {
        const ranges = given.toSorted((a, b) => a.start - b.start);
        for (const mac of space) {
          expect(rangeAt(ranges, mac)).toBe(ranges.find(({ start, end }) => start <= mac && mac <= end));
        }
      }),
    );
  });

  it("rangeAt gives back the caller's own object, with what else it carries", () => {
    const reserved = [{ ...parsePrefix("42:01"), reason: "Google Cloud" }];
    expect(rangeAt(reserved, parsePrefix("42:01").end)?.reason).toBe("Google Cloud");
    expect(rangeAt(reserved, parsePrefix("42:02").start)).toBeUndefined();
    expect(rangeAt([], 0)).toBeUndefined();
  });

  it("rangeAt looks at few of a million ranges", () => {
    let looked = 0;
    const ranges = Array.from({ length: 1_000_000 }, (_, index) => ({
      get start() {
        looked += 1;
        return index * 4;
      },
      end: index * 4 + 1,
    }));
    expect(rangeAt(ranges, 2_000_001)?.end).toBe(2_000_001);
    expect(rangeAt(ranges, 2_000_002)).toBeUndefined();
    expect(looked).toBeLessThan(100);
  });
});

describe("normalizeRanges", () => {
  it("keeps exactly the addresses, in ascending order, with gaps between the ranges", () => {
    fc.assert(
      fc.property(poolRanges, (ranges) => {
        const normal = normalizeRanges(ranges);
        expect(addressesOf(normal)).toEqual(addressesOf(ranges).toSorted((a, b) => a - b));
        for (const [index, range] of normal.slice(1).entries()) {
          expect(range.start).toBeGreaterThan((normal[index]?.end ?? Number.NaN) + 1);
        }
      }),
    );
  });

  it("moves no offset when it merges adjacent ranges", () => {
    const apart = [parsePrefix("42:00"), parsePrefix("42:01"), parsePrefix("42:03")];
    const merged = normalizeRanges(apart);
    expect(merged).toHaveLength(2);
    for (const offset of [0, 2 ** 32 - 1, 2 ** 32, 2 ** 33 - 1, 2 ** 33, 3 * 2 ** 32 - 1]) {
      expect(macAtOffset(merged, offset)).toBe(macAtOffset(apart, offset));
    }
    fc.assert(
      fc.property(poolRanges, (ranges) => {
        const sorted = ranges.toSorted((a, b) => a.start - b.start);
        const normal = normalizeRanges(ranges);
        for (let offset = 0; offset < rangesSize(ranges); offset += 1) {
          expect(macAtOffset(normal, offset)).toBe(macAtOffset(sorted, offset));
        }
      }),
    );
  });

  it("changes nothing the second time, and never its input", () => {
    fc.assert(
      fc.property(poolRanges, (ranges) => {
        const before = structuredClone(ranges);
        const once = normalizeRanges(ranges);
        expect(normalizeRanges(once)).toEqual(once);
        expect(ranges).toEqual(before);
      }),
    );
  });

  it("refuses ranges that share an address, wherever they stand, and only those", () => {
    fc.assert(
      fc.property(smallRanges, (ranges) => {
        fc.pre(ranges.length > 0);
        if (isDisjoint(ranges)) normalizeRanges(ranges);
        else expect(codeOf(() => normalizeRanges(ranges))).toBe("INVALID_RANGE");
      }),
    );
  });

  it("refuses no range, a backward range and bounds that are no addresses", () => {
    const first = parsePrefix("42").start;
    const bad: readonly (readonly Range[])[] = [
      [],
      [{ start: first + 1, end: first }],
      [parsePrefix("52"), { start: first + 0x100, end: first + 0xff }],
      [{ start: -1, end: 1 }],
      [{ start: 0, end: 2 ** 48 }],
      [{ start: 0.5, end: 1 }],
      [{ start: Number.NaN, end: Number.NaN }],
      [{ start: 0, end: Number.POSITIVE_INFINITY }],
    ];
    for (const ranges of bad) expect(codeOf(() => normalizeRanges(ranges))).toBe("INVALID_RANGE");
  });
});

describe("unionRanges", () => {
  it("covers exactly the addresses of overlapping ranges, each once and ascending", () => {
    fc.assert(
      fc.property(smallRanges, (ranges) => {
        const expected = [...new Set(addressesOf(ranges))].toSorted((a, b) => a - b);
        expect(addressesOf(unionRanges(ranges))).toEqual(expected);
      }),
    );
  });

  it("lets rangeAt find an address that only the wider of two nested ranges holds", () => {
    const nested = unionRanges([parsePrefix("42:01"), parsePrefix("42:01:02")]);
    expect(rangeAt(nested, parsePrefix("42:01:03").start)).toEqual(parsePrefix("42:01"));
  });
});

describe("macAtOffset and offsetOfMac", () => {
  it("count through the ranges in the order in which they stand", () => {
    fc.assert(
      fc.property(poolRanges, (ranges) => {
        for (const [offset, mac] of addressesOf(ranges).entries()) {
          expect(macAtOffset(ranges, offset)).toBe(mac);
          expect(offsetOfMac(ranges, mac)).toBe(offset);
        }
      }),
    );
  });

  it("give no offset to an address outside", () => {
    fc.assert(
      fc.property(poolRanges, (ranges) => {
        for (const mac of space) expect(offsetOfMac(ranges, mac) === undefined).toBe(!contains(ranges, mac));
      }),
    );
  });

  it("undo each other in ranges of any size", () => {
    fc.assert(
      fc.property(anyRange, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (range, share) => {
        const offset = Math.floor(share * rangeSize(range));
        expect(offsetOfMac([range], macAtOffset([range], offset))).toBe(offset);
      }),
    );
  });

  it("never run over the end of a range into addresses nobody gave: the offset is refused instead", () => {
    const ranges = [parsePrefix("42:01"), parsePrefix("42:03")];
    const size = rangesSize(ranges);
    expect(macAtOffset(ranges, 2 ** 32 - 1)).toBe(parsePrefix("42:01").end);
    expect(macAtOffset(ranges, 2 ** 32)).toBe(parsePrefix("42:03").start);
    expect(macAtOffset(ranges, size - 1)).toBe(parsePrefix("42:03").end);
    for (const offset of [-1, size, 2 ** 48, 0.5, 2 ** 32 + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => macAtOffset(ranges, offset))).toBe("INTERNAL");
    }
    expect(codeOf(() => macAtOffset([], 0))).toBe("INTERNAL");
  });
});

describe("intersectSize", () => {
  it("counts each shared address once, however the ranges overlap", () => {
    fc.assert(
      fc.property(smallRanges, smallRanges, (ranges, others) => {
        const shared = space.filter((mac) => contains(ranges, mac) && contains(others, mac));
        expect(intersectSize(ranges, others)).toBe(shared.length);
      }),
    );
  });

  it("is exact for the largest ranges", () => {
    const all = { start: 0, end: highestMac };
    expect(intersectSize([all], [all, all, parsePrefix("42")])).toBe(2 ** 48);
    expect(intersectSize([parsePrefix("42")], [parsePrefix("42:01"), parsePrefix("42:01:02")])).toBe(2 ** 32);
    expect(intersectSize([parsePrefix("42")], [])).toBe(0);
  });
});

function dropOverlapping(ranges: readonly Range[]): readonly Range[] {
  return ranges.filter((range, index) => !ranges.slice(0, index).some((earlier) => overlaps(earlier, range)));
}
