import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rotationText } from "../../provider/resource/rotation";

describe("rotationText", () => {
  it("is empty for no keepers", () => {
    expect(rotationText({})).toBe("");
  });

  it("is the digest that stacks already hold", () => {
    const text = '[["disk","a"],["image","b"]]';
    expect(rotationText({ image: "b", disk: "a" })).toBe(createHash("sha256").update(text).digest("hex").slice(0, 32));
    expect(rotationText({ image: "b", disk: "a" })).toBe("2a63b8a57e5937c3e8ebb01ffad42de9");
  });

  it("does not depend on the order of the keepers", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string(), { minKeys: 1 }), (keepers) => {
        const reversed = Object.fromEntries(Object.entries(keepers).reverse());
        expect(rotationText(reversed)).toBe(rotationText(keepers));
        expect(rotationText(keepers)).toMatch(/^[0-9a-f]{32}$/);
      }),
    );
  });

  it("differs for different keepers", () => {
    const keepers = fc.dictionary(fc.constantFrom("a", "b", "ab"), fc.constantFrom("", "a", '"', ",", "b"));
    fc.assert(
      fc.property(keepers, keepers, (one, other) => {
        const same = JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
        expect(rotationText(one) === rotationText(other)).toBe(same);
      }),
    );
  });
});
