import { describe, expect, it } from "vitest";
import { DEFAULT_POOL, DEFAULT_RESERVATIONS, defaultPool, definePool, type PoolSpec } from "../../provider/lease/pool";
import { formatMac, parseMac } from "../../provider/mac/mac";
import { formatRange, parsePrefix, parseRange } from "../../provider/mac/range";
import { faultOf } from "../mac/support";

const CENTURY_SECONDS = 100 * 366 * 86_400;

const spec = (change: Partial<PoolSpec> = {}): PoolSpec => ({ name: "web", ranges: [parsePrefix("42:10")], ...change });

describe("a pool's name", () => {
  it.each(["a", "0", "web", "Web-2.prod_eu", "x".repeat(63)])("may be %j", (name) => {
    expect(definePool(spec({ name })).name).toBe(name);
  });

  it.each(["", " ", "a b", "-a", ".a", "_a", "a/b", "a\nb", "a\n", "caf\u00e9", "\u0430", "a:b", "x".repeat(64)])(
    "may not be %j",
    (name) => {
      const fault = faultOf(() => definePool(spec({ name })));
      expect(fault.code).toBe("INVALID_POOL");
      expect(fault.message).toContain(JSON.stringify(name));
    },
  );

  it("may be that of an Object.prototype property", () => {
    expect(definePool(spec({ name: "constructor" })).name).toBe("constructor");
    expect(faultOf(() => definePool(spec({ name: "__proto__" }))).code).toBe("INVALID_POOL");
  });
});

describe("a pool's quarantine", () => {
  it("is 24 hours unless told otherwise", () => {
    expect(definePool(spec()).quarantineSeconds).toBe(86_400);
    expect(definePool(spec({ quarantineSeconds: undefined })).quarantineSeconds).toBe(86_400);
  });

  it.each([0, 1, CENTURY_SECONDS])("may be %d seconds", (quarantineSeconds) => {
    expect(definePool(spec({ quarantineSeconds })).quarantineSeconds).toBe(quarantineSeconds);
  });

  it.each([-1, 0.5, CENTURY_SECONDS + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    "may not be %d seconds",
    (quarantineSeconds) => {
      const fault = faultOf(() => definePool(spec({ quarantineSeconds })));
      expect(fault.code).toBe("INVALID_POOL");
      expect(fault.message).toContain('"web"');
      expect(fault.message).toContain(String(quarantineSeconds));
    },
  );
});

describe("a pool's ranges", () => {
  it("are put in ascending order, adjacent ones merged, and counted", () => {
    const ranges = ["42:30", "42:10", "42:11"].map(parsePrefix);
    const pool = definePool(spec({ ranges }));
    expect(pool.ranges.map(formatRange)).toEqual([
      "42:10:00:00:00:00-42:11:ff:ff:ff:ff",
      "42:30:00:00:00:00-42:30:ff:ff:ff:ff",
    ]);
    expect(pool.size).toBe(3 * 2 ** 32);
  });

  it("may be a single address", () => {
    expect(definePool(spec({ ranges: [parseRange("42:00:00:00:00:07")] })).size).toBe(1);
  });

  it.each([
    ["none", []],
    ["one that runs backwards", [{ start: parseMac("42:00:00:00:00:02"), end: parseMac("42:00:00:00:00:01") }]],
    ["two that overlap", [parsePrefix("42:10"), parsePrefix("42:10:05")]],
    ["the same one twice", [parsePrefix("42:10"), parsePrefix("42:10")]],
    ["fractions", [{ start: 0.5 + parseMac("42:00:00:00:00:02"), end: parseMac("42:00:00:00:00:09") }]],
    ["more than 48 bits", [{ start: 2 ** 48, end: 2 ** 48 }]],
    ["a group address", [parsePrefix("43")]],
    ["the null address", [{ start: 0, end: 0 }]],
    ["the broadcast address", [parseRange("ff:ff:ff:ff:ff:ff")]],
    ["a universally administered block", [parsePrefix("00:16:3e")]],
  ])("may not be %s", (_, ranges) => {
    expect(faultOf(() => definePool(spec({ ranges }))).code).toBe("INVALID_RANGE");
  });

  it("may be an owned OUI when the pool says so, and only then", () => {
    const ranges = [parsePrefix("00:16:3e")];
    expect(definePool(spec({ ranges, universal: true })).universal).toBe(true);
    expect(faultOf(() => definePool(spec({ ranges, universal: false }))).code).toBe("INVALID_RANGE");
  });

  it("are never group addresses, not even of an owned OUI", () => {
    expect(faultOf(() => definePool(spec({ ranges: [parsePrefix("01:16:3e")], universal: true }))).code).toBe(
      "INVALID_RANGE",
    );
  });
});

describe("a pool's defaults", () => {
  it("are derived addresses, local ranges and no description", () => {
    expect(definePool(spec())).toMatchObject({ strategy: "derived", universal: false, description: "" });
    expect(definePool(spec({ strategy: "sequential", description: "racks" }))).toMatchObject({
      strategy: "sequential",
      description: "racks",
    });
  });

  it("survive being defined again from the pool itself", () => {
    const pool = definePool(spec({ strategy: "sequential", quarantineSeconds: 7, description: "racks" }));
    expect(definePool(pool)).toEqual(pool);
  });
});

describe("the pool of a new register", () => {
  it("is called default and has the 2^40 addresses under 42", () => {
    const pool = defaultPool();
    expect(pool.name).toBe(DEFAULT_POOL);
    expect(pool.size).toBe(2 ** 40);
    expect(pool.ranges.map(({ start }) => formatMac(start))).toEqual(["42:00:00:00:00:00"]);
  });

  it("may have another prefix, if that is a local one", () => {
    expect(defaultPool("52:54:00").size).toBe(2 ** 24);
    expect(faultOf(() => defaultPool("43")).code).toBe("INVALID_RANGE");
    expect(faultOf(() => defaultPool("prod")).code).toBe("INVALID_RANGE");
  });

  it("does not hand out the addresses of Google Cloud", () => {
    expect(DEFAULT_RESERVATIONS.map(formatRange)).toEqual(["42:01:00:00:00:00-42:01:ff:ff:ff:ff"]);
    expect(DEFAULT_RESERVATIONS[0]?.reason).toContain("Google");
  });
});
