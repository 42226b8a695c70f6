import fc from "fast-check";
import { UNKNOWN } from "../../provider/resource/schema";

/** Names that mean something to JavaScript, SQL, a shell or a terminal, and texts that look like something else. */
const HOSTILE: readonly string[] = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then", "prototype", "__defineGetter__"],
  ...["'; drop table lease; --", '" or 1=1 --', "x'00'", "%", "_", "*", "?1", ":owner", "null", "undefined", "NaN"],
  ...["../../etc/passwd", "$(reboot)", "`reboot`", "a\nb", "a\0b", "\u001b[2J", "\ud800", "a\udfffb", "\ufeffa", " "],
  ...["\u202egnp.exe", "a\u0301", "\u00e1", "\uff10\uff11", "\u0430dmin", "\u{1f600}", "ﬃ", "İ", "ß", "\u200b", ""],
  ...[
    "42:59:\u0435f:80:95:8d",
    "\uff14\uff12:59:ef:80:95:8d",
    "42:59:ef:80:95:8d\0",
    "42\u201359\u2013ef\u201380\u201395\u20138d",
  ],
  ...["42:59:ef:80:95:8d", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "52:54:00", "42", "42/48", "-", "x".repeat(5000)],
  UNKNOWN,
];

/** Texts, most of them hostile. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...HOSTILE), fc.constantFrom(...HOSTILE)).map((two) => two.join("")),
  },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 2000, size: "max" }) },
);

/** The wrapping of a secret on the wire, which the host should have taken off. */
const secret = anyText.map((value) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
}));

/** Any value that JSON can carry, with hostile texts as values and keys. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    anyText,
    fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, 1024, 3600),
    secret,
    fc.array(tie("value"), { maxLength: 4 }),
    objectOf(tie("value")),
  ),
})).value;

/** Property bags: the sound one with some of its properties changed or missing, and others added. */
export function anyBag(sound: Readonly<Record<string, unknown>>): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const names = [
    ...Object.keys(sound),
    "address",
    "addresses",
    "adopt",
    "tags",
    "keepers",
    "description",
    "requestedAddress",
  ];
  const others = [
    "strategy",
    "quarantineSeconds",
    "universal",
    "size",
    "reason",
    "__provider",
    "__proto__",
    "constructor",
  ];
  const change = fc.tuple(
    fc.constantFrom(...names, ...names, ...others),
    fc.oneof(anyJson, anyText, fc.constant(undefined)),
  );
  return fc.tuple(fc.boolean(), fc.array(change, { maxLength: 5 })).map(([isSound, changes]) => {
    return Object.fromEntries(
      [...(isSound ? Object.entries(sound) : []), ...changes].filter(([, value]) => value !== undefined),
    );
  });
}

/** Objects whose keys are their own, also `__proto__`. */
function objectOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.array(fc.tuple(anyText, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
}
