import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { rotationOf, rotationText } from "../../sdk/rotation";
import { deploy, finish, known, Unknown } from "./harness";

describe("rotationText", () => {
  it.each([undefined, null, {}, { gone: undefined }])("is empty for %j", (keepers) => {
    expect(rotationText(keepers)).toBe("");
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

  it("never throws for values that are not text: check reports those on the property", () => {
    for (const odd of [5, true, null, 5n, ["a"], { deep: 5n }]) expect(rotationText({ odd })).toMatch(/^[0-9a-f]{32}$/);
    for (const keepers of ["text", 5, true, ["a"]]) expect(() => rotationText(keepers)).not.toThrow();
  });
});

describe("rotationOf", () => {
  afterEach(finish);

  it("waits for keepers that are outputs", async () => {
    expect(await known(rotationOf({ image: pulumi.output("b"), disk: Promise.resolve("a") }))).toBe(
      rotationText({ image: "b", disk: "a" }),
    );
  });

  it("is known and empty without keepers", async () => {
    expect(await known(rotationOf(undefined))).toBe("");
  });

  it("is a secret when one keeper is, and only then", async () => {
    expect(await pulumi.isSecret(rotationOf({ a: pulumi.secret("s"), b: "t" }))).toBe(true);
    expect(await pulumi.isSecret(rotationOf({ a: "s", b: "t" }))).toBe(false);
  });

  it("is unknown while one keeper is", async () => {
    await deploy({ preview: true });
    const rotation = rotationOf({ a: new Unknown("later").value, b: "t" });
    expect(await Reflect.get(rotation, "isKnown")).toBe(false);
  });
});
