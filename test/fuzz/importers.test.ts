import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, type Format } from "../../cli/import/format-names";
import { readEntries } from "../../cli/import/formats";
import { parseHeader, parseLine } from "../../cli/transfer/export-read";
import { linesOf } from "../../cli/transfer/lines";
import { MacpoolError } from "../../provider/error";
import { formatMac, readMac } from "../../provider/mac/mac";
import { depth } from "../depth";
import { randomRuns } from "../random-runs";
import { collect } from "../store/support";

const RUNS = depth(1500, 50_000);
const LIMIT = { timeout: 60_000 + RUNS * 100 };
const SAMPLES = join(__dirname, "..", "cli", "import", "samples");
const samples = readdirSync(SAMPLES)
  .filter((name) => name !== "README.md")
  .map((name) => readFileSync(join(SAMPLES, name), "latin1"));

/** What the formats are made of. */
const TOKENS = [
  ..."{}[]()<>\"'`,;:=#/\\*-._ \t\n\r\0&%$",
  ...[
    "52:54:00:6b:3c:58",
    "52-54-00-6b-3c-58",
    "5254.006b.3c58",
    "5254006b3c58",
    "06-52:54:00:6b:3c:58",
    "52:54:00:*:*:*",
  ],
  ...[
    "\uff15\uff12:54:00:6b:3c:58",
    "52:54:00:6b:3\u0441:58",
    "52:54:00:6b:3c:58\0",
    "\ufeff",
    "\ud800",
    ",,",
    "\\\n",
    "<?xml?>",
  ],
  ...[
    "host",
    "hardware ethernet",
    "dhcp-host=",
    "-device",
    "mac=",
    "-name",
    "qemu",
    "address",
    "mac,owner\n",
    "</domain>",
    "<domain>",
  ],
  ...[
    '"hw-address"',
    '"reservations"',
    '"Dhcp4"',
    "<mac address='",
    "<!DOCTYPE x [",
    "]]>",
    "<!--",
    "&#x41;",
    "deleted;",
    "__proto__",
  ],
];

/** A sample that was cut, copied about, and had other things put in; as an editor or a bad disk might do it. */
const mutated = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.array(fc.tuple(fc.nat(), fc.nat(20), fc.oneof(fc.constantFrom(...TOKENS), fc.string({ maxLength: 6 }))), {
      maxLength: 6,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((all, [at, cut, put]) => {
      const place = at % (all.length + 1);
      return all.slice(0, place) + put + all.slice(place + cut);
    }, text),
  );

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.array(fc.constantFrom(...TOKENS), { maxLength: 60, size: "max" }).map((parts) => parts.join("")),
);

function read(text: string, format: Format | undefined): readonly string[] {
  try {
    return readEntries(text, format).entries.map(({ address }) => address);
  } catch (error) {
    if (MacpoolError.is(error) && error.code === "INVALID_FILE") return [];
    throw error;
  }
}

/** An importer must not make an address up: it stands in the file, if need be in the quotes of a shell or of CSV. */
function expectLiteral(text: string, address: string): void {
  const mac = readMac(address.trim());
  if (mac === undefined || text.includes(address)) return;
  expect(text.replace(/["'\\\r\n]/g, ""), `${formatMac(mac)} stands nowhere in the file`).toContain(address);
}

it("an importer reads a mutated file or refuses it, and reports no address that is not in it", LIMIT, async () => {
  await randomRuns(
    "importers",
    RUNS,
    fc.property(fc.oneof(mutated, mutated, noise), fc.constantFrom(undefined, ...FORMATS), (text, format) => {
      for (const address of read(text, format)) expectLiteral(text, address);
    }),
  );
});

it("the export reader reads a mutated export or refuses it", LIMIT, async () => {
  const lines = fc.oneof(fc.constantFrom(...EXPORT), mutatedLine(), noise);
  await randomRuns(
    "export reader",
    RUNS,
    fc.asyncProperty(fc.array(lines, { maxLength: 5 }), fc.nat(200), async (parts, cut) => {
      const bytes = Buffer.from(parts.join("\n"), "latin1");
      async function* chunks(): AsyncIterable<Uint8Array> {
        yield bytes.subarray(0, cut);
        yield bytes.subarray(cut);
      }
      const texts = await collect(linesOf(chunks())).catch(refused);
      for (const text of texts ?? []) {
        for (const parse of [parseHeader, parseLine]) {
          try {
            const said = parse(text);
            if (said.record === "lease") expect(text).toContain(formatMac(said.lease.address));
          } catch (error) {
            refused(error);
          }
        }
      }
    }),
  );
});

/** One line of each kind, as `macpool export` writes them. */
const EXPORT: readonly string[] = [
  '{"format":"macpool-export","version":1,"storeId":"6f0a4b52-6a0e-4a0c-9a39-1f1f5e0d7c11","createdAt":1767268800000}',
  '{"record":"pool","name":"tiny","ranges":["42:10:00:00:00:00-42:10:00:00:00:04"],"strategy":"sequential","quarantineSeconds":3600,"universal":false,"description":"","cursor":"42:10:00:00:00:00","managedBy":null,"isRetired":false}',
  '{"record":"reservation","range":"42:01","reason":"kept","managedBy":{"owner":"a","installation":"b"}}',
  '{"record":"lease","address":"42:10:00:00:00:00","pool":"tiny","owner":"a","installation":"one","rotation":"","slot":0,"token":"t","seq":4,"acquiredAt":1767268800000,"releasedAt":null,"description":"","tags":{"__proto__":"x"}}',
  '{"record":"event","seq":4,"at":1767268800000,"kind":"sequence","address":"42:10:00:00:00:00","pool":"tiny","owner":"a","installation":"one","actor":"me","before":null}',
  '{"record":"end","lines":5,"sha256":"0"}',
];

function mutatedLine(): fc.Arbitrary<string> {
  const values = [
    "null",
    "-1",
    "1e400",
    "9007199254740993",
    '""',
    '"__proto__"',
    "[]",
    "{}",
    "true",
    '"\\ud800"',
    '"ff:ff:ff:ff:ff:ff"',
  ];
  return fc.tuple(fc.constantFrom(...EXPORT), fc.nat(), fc.constantFrom(...values)).map(([line, at, value]) => {
    const found = [...line.matchAll(/:("[^"]*"|\d+|null|false|\{[^}]*\}|\[[^\]]*\])/g)];
    const [whole, old = ""] = found[at % found.length] ?? [""];
    return line.replace(whole, whole.replace(old, value));
  });
}

function refused(error: unknown): undefined {
  if (!MacpoolError.is(error)) throw error;
  return undefined;
}

describe("a line of a mebibyte", () => {
  const units = fc.tuple(
    fc.constantFrom("", ...TOKENS, "qemu -device ", "mac\n", '{"a":"', "<domain>"),
    fc.array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", ...TOKENS),
  );

  it("of any repetition takes time in proportion to its length", LIMIT, async () => {
    await randomRuns(
      "long lines",
      depth(20, 500),
      fc.property(units, fc.constantFrom(undefined, ...FORMATS), ([head, unit, tail], format) => {
        expectProportionate((size) => head + unit.join("").repeat(size / unit.join("").length) + tail, format);
      }),
    );
  });
});

/**
 * Sixteen times as much takes sixteen times as long, and what takes the square of the length 256 times: at a mebibyte that
 * is a minute. What is over at once says nothing.
 */
function expectProportionate(textOf: (size: number) => string, format: Format | undefined): void {
  const took = (size: number) => {
    const text = textOf(size);
    const started = performance.now();
    read(text, format);
    return performance.now() - started;
  };
  const [part, whole] = [took(2 ** 16), took(2 ** 20)];
  if (whole > 2000) expect(whole / part, `a mebibyte took ${whole} ms, the sixteenth part ${part}`).toBeLessThan(64);
}
