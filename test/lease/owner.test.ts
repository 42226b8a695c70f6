import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ANONYMOUS, parseOwner } from "../../provider/lease/owner";
import { faultOf } from "../mac/support";

describe("an owner", () => {
  it.each([
    ["a name as the SDK builds it", "acme/network/prod/lab:vm:Vm/web-2-nic"],
    ["one character", "x"],
    ["1 024 characters", "x".repeat(1024)],
    ["a name of an Object.prototype property", "__proto__"],
    ["another one", "constructor"],
    ["SQL", "'; drop table lease; --"],
    ["SQL wildcards", "%_*?"],
    ["white space around and inside", "  a b  "],
    ["a no-break space and an emoji", "a\u00a0b \u{1f600}"],
    ["a shell variable", "$(id) $HOME"],
  ])("may be %s, and comes back unchanged", (_, owner) => {
    expect(parseOwner(owner)).toBe(owner);
  });

  it.each([
    ["empty", "", "is empty"],
    ["longer than 1 024 characters", "x".repeat(1025), "1025 characters"],
    ["with a NUL", "a\0b", "control character"],
    ["with a line feed", "a\nb", "control character"],
    ["with a tab", "a\tb", "control character"],
    ["with an escape", "\u001b[31mred", "control character"],
    ["with DEL", "a\u007f", "control character"],
    ["with a C1 control character", "a\u0085b", "control character"],
    ["with a lone high surrogate", "a\ud83d", "not well-formed Unicode"],
    ["with a lone low surrogate", "\ude00a", "not well-formed Unicode"],
    ["with surrogates the wrong way round", "\ude00\ud83d", "not well-formed Unicode"],
  ])("%s is refused, and the message says why", (_, owner, why) => {
    const fault = faultOf(() => parseOwner(owner));
    expect(fault.code).toBe("INVALID_OWNER");
    expect(fault.message).toContain(why);
  });
});

describe("owners", () => {
  it("are named in the refusal, cut off and with control characters spelt out", () => {
    expect(faultOf(() => parseOwner("rack\u001b7/nic")).message).toContain("rack\\u001b7/nic");
    expect(faultOf(() => parseOwner("y".repeat(5000))).message.length).toBeLessThan(300);
  });

  it.each([
    ["Cyrillic a", "\u0430", "a"],
    ["a composed and a decomposed letter", "caf\u00e9", "cafe\u0301"],
    ["a fullwidth letter", "\uff41", "a"],
    ["a zero-width space", "a\u200b", "a"],
    ["upper case", "A", "a"],
    ["a trailing space", "a ", "a"],
  ])("that look alike stay distinct: %s", (_, one, other) => {
    expect(parseOwner(one)).not.toBe(parseOwner(other));
  });

  it("pass exactly when they are 1 to 1 024 characters that UTF-8 keeps and none of them controls a terminal", () => {
    const unit = fc.oneof(fc.nat(0xffff), fc.nat(0x9f), fc.integer({ min: 0xd7ff, max: 0xe000 }));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 4 }), (units) => {
        const owner = String.fromCharCode(...units);
        const isKept = Buffer.from(owner, "utf8").toString("utf8") === owner;
        const isPlain = units.every((code) => code > 0x1f && (code < 0x7f || code > 0x9f));
        if (owner !== "" && isKept && isPlain) expect(parseOwner(owner)).toBe(owner);
        else expect(faultOf(() => parseOwner(owner)).code).toBe("INVALID_OWNER");
      }),
    );
  });

  it("cannot claim to be nobody in particular", () => {
    expect(faultOf(() => parseOwner(ANONYMOUS)).code).toBe("INVALID_OWNER");
  });
});
