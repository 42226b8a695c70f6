import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { ATTEMPTS, derive } from "../../provider/lease/derive";
import { definePool } from "../../provider/lease/pool";
import { formatMac, parseMac } from "../../provider/mac/mac";
import { parsePrefix } from "../../provider/mac/range";

interface Vector {
  readonly pool: string;
  readonly ranges: readonly (readonly [start: string, end: string])[];
  readonly owner: string;
  readonly attempt: number;
  readonly address: string;
}

const vectors: { readonly cases: readonly Vector[] } = JSON.parse(readFileSync(join(__dirname, "derive.json"), "utf8"));

const poolOf = ({ pool, ranges }: Pick<Vector, "pool" | "ranges">) =>
  definePool({ name: pool, ranges: ranges.map(([start, end]) => ({ start: parseMac(start), end: parseMac(end) })) });

const web = definePool({ name: "web", ranges: [parsePrefix("42")] });

function first64Bits(owner: string, attempt: number): bigint {
  const text = Buffer.from(`macpool/derive/1\np\n${owner}\n${attempt}`, "utf8");
  return BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 16)}`);
}

describe("derive", () => {
  it.each(vectors.cases)("gives $owner in pool $pool at attempt $attempt the frozen address $address", (vector) => {
    expect(formatMac(derive(poolOf(vector), vector.owner, vector.attempt))).toBe(vector.address);
  });

  it("gives the same addresses on a Node without one-step hashing", async () => {
    vi.doMock("node:crypto", async (original) => ({ ...(await original<object>()), hash: undefined }));
    vi.resetModules();
    const { derive: deriveInSteps } = await import("../../provider/lease/derive.js");
    vi.doUnmock("node:crypto");
    expect(deriveInSteps).not.toBe(derive);
    for (const vector of vectors.cases) {
      expect(formatMac(deriveInSteps(poolOf(vector), vector.owner, vector.attempt))).toBe(vector.address);
    }
    const lone = "\ud800 lone \udfff";
    expect(deriveInSteps(web, lone, 0)).toBe(derive(web, lone, 0));
  });

  it("has vectors for more than one pool, attempt and range, and for owners beyond ASCII", () => {
    const { cases } = vectors;
    expect(new Set(cases.map(({ pool }) => pool)).size).toBeGreaterThan(1);
    expect(new Set(cases.map(({ attempt }) => attempt)).size).toBeGreaterThan(2);
    expect(cases.some(({ ranges }) => ranges.length > 1)).toBe(true);
    expect(cases.some(({ owner }) => /[^\x20-\x7e]/.test(owner))).toBe(true);
  });

  it("tries sixteen candidates", () => {
    expect(ATTEMPTS).toBe(16);
  });

  it("follows its formula for any owner, attempt and pool size, with exact 64-bit arithmetic", () => {
    const owner = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
    const powers = fc.nat(40).map((exponent) => 2 ** exponent);
    const size = fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), fc.constantFrom(1, 2, 255, 2 ** 32 + 1), powers);
    fc.assert(
      fc.property(owner, fc.nat(15), size, (name, attempt, many) => {
        const { start } = parsePrefix("42");
        const pool = definePool({ name: "p", ranges: [{ start, end: start + many - 1 }] });
        expect(derive(pool, name, attempt)).toBe(start + Number(first64Bits(name, attempt) % BigInt(many)));
      }),
    );
  });

  it("follows it in a pool of half of all local unicast addresses, whose offsets need 45 bits", () => {
    const octets = Array.from({ length: 32 }, (_, index) => 4 * index + 2);
    const ranges = octets.map((octet) => parsePrefix(octet.toString(16).padStart(2, "0")));
    const pool = definePool({ name: "p", ranges });
    for (let number = 0; number < 100; number += 1) {
      const offset = Number(first64Bits(`web-${number}`, 0) % 2n ** 45n);
      const { start } = ranges[Math.floor(offset / 2 ** 40)] ?? expect.fail("beyond the pool");
      expect(derive(pool, `web-${number}`, 0)).toBe(start + (offset % 2 ** 40));
    }
  });

  it("counts the offset through several ranges as one concatenation", () => {
    const { start } = parsePrefix("42");
    const whole = definePool({ name: "p", ranges: [{ start, end: start + 99 }] });
    const gap = 1_000_000;
    const split = definePool({
      name: "p",
      ranges: [
        { start, end: start + 29 },
        { start: start + 30 + gap, end: start + 99 + gap },
      ],
    });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const offset = derive(whole, "nic", attempt) - start;
      expect(derive(split, "nic", attempt)).toBe(start + offset + (offset < 30 ? 0 : gap));
    }
  });

  it("does not mind the order in which an operator writes the ranges", () => {
    const ranges = [parsePrefix("42:30"), parsePrefix("42:10")];
    const one = definePool({ name: "p", ranges });
    const other = definePool({ name: "p", ranges: ranges.toReversed() });
    expect(derive(one, "nic", 3)).toBe(derive(other, "nic", 3));
  });

  it("gives other candidates to another pool of the same ranges, and to an owner whose name differs in one character", () => {
    const other = definePool({ name: "db", ranges: web.ranges });
    expect(derive(web, "nic", 0)).not.toBe(derive(other, "nic", 0));
    expect(derive(web, "nic", 0)).not.toBe(derive(web, "nic ", 0));
    expect(derive(web, "nic", 0)).not.toBe(derive(web, "Nic", 0));
  });

  it("gives the composed and the decomposed spelling of a letter different addresses: names are bytes", () => {
    expect(derive(web, "caf\u00e9", 0)).not.toBe(derive(web, "cafe\u0301", 0));
  });
});
