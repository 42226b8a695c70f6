import fc from "fast-check";
import { expect, it } from "vitest";
import { MacpoolError } from "../../provider/error";
import { formatMac, readMac } from "../../provider/mac/mac";
import { formatRange, parsePrefix, parseRange } from "../../provider/mac/range";
import { depth } from "../depth";
import { anyMac, anyRange } from "../mac/support";
import { randomRuns } from "../random-runs";

const RUNS = depth(3000, 200_000);
const LIMIT = { timeout: 60_000 + RUNS * 10 };

/** Characters that look like a part of an address, or count as a digit in some alphabet, and are none. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  ...Object.fromEntries([..."0123456789"].map((digit, value) => [digit, alikesOf(value)])),
  ...{
    a: "\u0430\uff41\u{1d5ba}\u0251",
    b: "\u0184\uff42\u{1d5bb}\u13cf",
    c: "\u0441\uff43\u03f2\u217d",
    d: "\uff44\u0501\u217e",
  },
  ...{
    e: "\u0435\uff45\u212f\u04bd",
    f: "\uff46\u0192\u{1d5bf}",
    ":": "\uff1a\u2236\ua789\u0589\u05c3",
    "-": "\u2010\u2011\u2013\u2212\ufe63",
  },
  ".": "\u2024\uff0e\u3002\u0660",
  "/": "\u2044\u2215\uff0f",
};

/** Full-width, Arabic, Persian, Devanagari and mathematical digits, superscripts, and letters that look like digits. */
function alikesOf(value: number): string {
  const zeros = [0xff10, 0x0660, 0x06f0, 0x0966, 0x1d7ce, 0x1d7f6, 0x2080];
  return (
    String.fromCodePoint(...zeros.map((zero) => zero + value)) +
    (value === 0 ? "oO\u041e" : value === 1 ? "lI\u0406|" : "")
  );
}

const spelled = anyMac.chain((mac) => {
  const octets = formatMac(mac).split(":");
  const bare = octets.join("");
  return fc.constantFrom(octets.join(":"), octets.join("-"), bare, bare.replace(/....(?!$)/g, "$&."));
});

/** A text that spells an address or range, with one or more of its characters replaced by look-alikes. */
function disguised(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const places = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 3 });
  return fc.tuple(text, places).map(([plain, picks]) => {
    const characters = [...plain];
    for (const [at, which] of picks) {
      const index = at % characters.length;
      const alikes = [...(LOOK_ALIKES[characters[index] ?? ""] ?? "\u200b")];
      characters[index] = alikes[which % alikes.length] ?? "\u200b";
    }
    return characters.join("");
  });
}

/** Characters that cannot be seen, put somewhere. */
const veiled = fc
  .tuple(spelled, fc.nat(20), fc.constantFrom(..."\u200b\u200d\u2060\ufeff\u00ad\u0301\u202e\0\n\r\t \u00a0"))
  .map(([text, at, veil]) => text.slice(0, at) + veil + text.slice(at));

function isRefused(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return false;
  } catch (error) {
    if (!MacpoolError.is(error)) throw error;
    expect(error.code).toBe("INVALID_RANGE");
    return true;
  }
}

it("what only looks like an address, a range or a prefix is refused", LIMIT, async () => {
  const ranges = anyRange.map(formatRange);
  const texts = fc.oneof(disguised(spelled), disguised(ranges), disguised(spelled.map((text) => `${text}/48`)), veiled);
  await randomRuns(
    "look-alikes",
    RUNS,
    fc.property(texts, (text) => {
      // Only what differs in nothing but case is not disguised at all.
      fc.pre(!/^[\x21-\x7e]*$/.test(text) || /[oOlI|]/.test(text));
      expect(readMac(text), text).toBeUndefined();
      expect(isRefused(parseRange, text), text).toBe(true);
      expect(isRefused(parsePrefix, text), text).toBe(true);
    }),
  );
});

it("of any text, nothing is read but the one address it spells", LIMIT, async () => {
  const near = fc
    .array(fc.constantFrom(..."0123456789abcdefABCDEF:-./ "), { maxLength: 20, size: "max" })
    .map((all) => all.join(""));
  await randomRuns(
    "any text",
    RUNS,
    fc.property(fc.oneof(near, fc.string({ unit: "binary", maxLength: 20 }), spelled), (text) => {
      expect(readMac(text), JSON.stringify(text)).toBe(spelledBy(text));
    }),
  );
});

it("what is printed is read back as the same", LIMIT, async () => {
  await randomRuns(
    "printed and read",
    RUNS,
    fc.property(anyMac, anyRange, (mac, range) => {
      expect(readMac(formatMac(mac))).toBe(mac);
      expect(parseRange(formatRange(range))).toEqual(range);
    }),
  );
});

/** Returns the address that a text spells, by a reading of its own: character by character, without a pattern. */
function spelledBy(text: string): number | undefined {
  const separator = [":", "-", "."].find((one) => text.includes(one));
  const groups = separator === undefined ? [text] : text.split(separator);
  const [count, shortest, longest] = separator === undefined ? [1, 12, 12] : separator === "." ? [3, 4, 4] : [6, 1, 2];
  const isRight = (group: string) =>
    group.length >= shortest && group.length <= longest && [...group].every((digit) => HEX.includes(digit));
  if (groups.length !== count || !groups.every(isRight)) return undefined;
  const width = 12 / count;
  return [...groups.map((group) => group.padStart(width, "0")).join("")].reduce(
    (all, digit) => all * 16 + (HEX.indexOf(digit) % 16),
    0,
  );
}

const HEX = "0123456789abcdef0123456789ABCDEF";
