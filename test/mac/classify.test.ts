import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify, neverAllocated } from "../../provider/mac/classify";
import { firstOctet, parseMac } from "../../provider/mac/mac";
import { normalizeRanges, parsePrefix, rangeAt } from "../../provider/mac/range";
import { anyMac, codeOf, isGroupAddress } from "./support";

const verdicts: readonly (readonly [text: string, kind: string, generate: boolean, claim: string])[] = [
  ["00:00:00:00:00:00", "null", false, "refuse"],
  ["ff:ff:ff:ff:ff:ff", "broadcast", false, "refuse"],
  ["ff:ff:ff:ff:ff:fe", "group", false, "refuse"],
  ["01:00:5e:00:00:01", "group", false, "refuse"],
  ["33:33:00:00:00:01", "group", false, "refuse"],
  ["01:80:c2:00:00:00", "group", false, "refuse"],
  ["43:00:00:00:00:00", "group", false, "refuse"],
  ["03:bf:00:00:00:00", "group", false, "refuse"],
  ["fd:00:00:00:00:00", "group", false, "refuse"],
  ["00:00:5e:00:01:01", "protocol", false, "refuse"],
  ["00:00:5e:00:00:00", "protocol", false, "refuse"],
  ["00:00:0c:07:ac:ff", "protocol", false, "refuse"],
  ["02:bf:00:00:00:00", "protocol", false, "refuse"],
  ["02:bf:ff:ff:ff:ff", "protocol", false, "refuse"],
  ["fe:00:00:00:00:00", "libvirt-tap", false, "warn"],
  ["fe:ff:ff:ff:ff:ff", "libvirt-tap", false, "warn"],
  ["00:00:00:00:00:01", "universal", false, "warn"],
  ["00:00:5d:ff:ff:ff", "universal", false, "warn"],
  ["00:00:5f:00:00:00", "universal", false, "warn"],
  ["00:00:0c:07:ad:00", "universal", false, "warn"],
  ["bc:24:11:00:00:01", "universal", false, "warn"],
  ["fc:ff:ff:ff:ff:ff", "universal", false, "warn"],
  ["06:00:00:00:00:00", "slap-reserved", false, "warn"],
  ["56:6f:00:00:00:01", "slap-reserved", false, "warn"],
  ["0a:58:0a:00:00:01", "eli", false, "info"],
  ["fa:16:3e:00:00:01", "eli", false, "info"],
  ["1e:00:00:00:00:00", "sai", false, "info"],
  ["be:ef:00:00:00:00", "sai", false, "info"],
  ["02:be:ff:ff:ff:ff", "aai", true, "accept"],
  ["02:c0:00:00:00:00", "aai", true, "accept"],
  ["42:59:ef:80:95:8d", "aai", true, "accept"],
  ["52:54:00:12:34:56", "aai", true, "accept"],
  ["f2:ff:ff:ff:ff:ff", "aai", true, "accept"],
];

describe("classify", () => {
  it.each(verdicts)("takes %s for %s", (text, kind, generate, claim) => {
    expect(classify(parseMac(text))).toMatchObject({ kind, generate, claim });
  });

  it.each(["02", "12", "22", "32", "42", "52", "62", "72", "82", "92", "a2", "b2", "c2", "d2", "e2", "f2"])(
    "takes %s, one of the 16 octets of the AAI quadrant, for free to use",
    (octet) => {
      for (const mac of [parsePrefix(octet).start, parsePrefix(octet).end]) {
        expect(classify(mac)).toMatchObject({ kind: "aai", generate: true, claim: "accept" });
      }
    },
  );

  it("decides by the two low bits of the first octet and the quadrant, for every first octet", () => {
    for (let octet = 0; octet < 256; octet += 1) {
      const text = octet.toString(16).padStart(2, "0");
      expect(classify(parseMac(`${text}:12:34:56:78:9a`)).kind).toBe(kindOfOctet(text));
    }
  });

  it("lets an owned OUI be generated and claimed, and nothing else more than before", () => {
    const owned = classify(parseMac("bc:24:11:00:00:01"), { universal: true });
    expect(owned).toMatchObject({ kind: "universal", generate: true, claim: "accept" });
    fc.assert(
      fc.property(anyMac, (mac) => {
        fc.pre(classify(mac).kind !== "universal");
        expect(classify(mac, { universal: true })).toEqual(classify(mac));
      }),
    );
    for (const text of ["00:00:00:00:00:00", "01:00:00:00:00:00", "00:00:5e:00:01:01"]) {
      expect(classify(parseMac(text), { universal: true }).claim).toBe("refuse");
    }
  });

  it("never generates or accepts a group address", () => {
    fc.assert(
      fc.property(anyMac, fc.boolean(), (mac, universal) => {
        const { generate, claim } = classify(mac, { universal });
        if (isGroupAddress(mac)) expect({ generate, claim }).toEqual({ generate: false, claim: "refuse" });
        if (generate) expect(claim).toBe("accept");
      }),
    );
  });

  it("gives a note of one sentence, for every address", () => {
    fc.assert(
      fc.property(anyMac, fc.boolean(), (mac, universal) => {
        expect(classify(mac, { universal }).note).toMatch(/^[\x20-\x7e]{10,120}\.$/);
      }),
    );
  });

  it("gives back the four fields and no more, so that it can be printed as JSON", () => {
    expect(Object.keys(classify(parseMac("42:00:00:00:00:00"))).toSorted()).toEqual([
      "claim",
      "generate",
      "kind",
      "note",
    ]);
  });

  it.each([-1, 2 ** 48, 1.5, Number.NaN])("refuses %d, which is no address", (value) => {
    expect(codeOf(() => classify(value))).toBe("INTERNAL");
  });
});

describe("neverAllocated", () => {
  it("is the protocol blocks, ascending, and finds them by binary search", () => {
    expect(neverAllocated).toEqual(normalizeRanges(neverAllocated));
    fc.assert(
      fc.property(fc.oneof(anyMac, fc.constantFrom("00:00:5e", "00:00:0c:07:ac", "02:bf").map(startOf)), (mac) => {
        expect(rangeAt(neverAllocated, mac) !== undefined).toBe(classify(mac).kind === "protocol");
      }),
    );
  });
});

function startOf(text: string): number {
  return parsePrefix(text).start;
}

function kindOfOctet(octet: string): string {
  if (/.[13579bdf]/.test(octet)) return "group";
  if (octet === "fe") return "libvirt-tap";
  const kinds = new Map([
    ["2", "aai"],
    ["6", "slap-reserved"],
    ["a", "eli"],
    ["e", "sai"],
  ]);
  expect(firstOctet(parsePrefix(octet).start)).toBe(Number.parseInt(octet, 16));
  return kinds.get(octet.slice(1)) ?? "universal";
}
