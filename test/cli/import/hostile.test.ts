import { describe, expect, test } from "vitest";
import { FORMATS, type Format } from "../../../cli/import/format-names";
import { readEntries } from "../../../cli/import/formats";
import { plan } from "../../../cli/import/plan";
import { MacpoolError } from "../../../provider/error";

const MEBI = 2 ** 20;

function codeOf(text: string, format?: Format): string {
  try {
    return `read ${readEntries(text, format).entries.length}`;
  } catch (error) {
    if (MacpoolError.is(error)) return error.code;
    throw error;
  }
}

const LAUGHS = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<domain><name>&lol2;</name></domain>`;

const FILES: Readonly<Record<string, string>> = {
  nothing: "",
  "zero bytes": "\0".repeat(1000),
  "one line of a mebibyte": "x".repeat(MEBI),
  "a million lines": "\n".repeat(MEBI),
  "open brackets": "[".repeat(MEBI),
  "open braces": "{".repeat(MEBI),
  "open braces, spaced": "{ ".repeat(MEBI),
  "open quotes": '"'.repeat(MEBI + 1),
  "escaped quotes without end": `"${'\\"'.repeat(MEBI)}`,
  "open comments": "/*".repeat(MEBI),
  "open tags": "<a>".repeat(100_000),
  "an entity without end": `<domain>&${"a".repeat(MEBI)}`,
  laughs: LAUGHS,
  commas: ",".repeat(MEBI),
  "continued lines": "qemu -device a \\\n".repeat(100_000),
  "quotes of a shell": `qemu -nic ${`'"`.repeat(MEBI)}`,
  colons: `dhcp-host=${":".repeat(MEBI)}`,
  "a host of a mebibyte": `host ${"x".repeat(MEBI)} { hardware ethernet ${"y".repeat(MEBI)}; }`,
};

describe("a hostile file", () => {
  test.each(Object.keys(FILES))("of %s is read or refused in every format, without a crash", (name) => {
    const text = FILES[name] ?? "";
    for (const format of [undefined, ...FORMATS]) expect(codeOf(text, format)).toMatch(/^(?:read \d+|INVALID_FILE)$/);
  });

  test("with a DOCTYPE is refused before any entity of it is looked at", () => {
    expect(codeOf(LAUGHS)).toBe("INVALID_FILE");
  });

  test.each([
    ["csv", 'mac,owner\n52:54:00:00:00:01,"open\n'],
    ["csv", 'mac,owner\n52:54:00:00:00:01,"a"b\n'],
    ["json", '{"mac":"52:54:00:00:00:01"}\n{"mac":'],
    ["libvirt", "<domain><name>a</domain>"],
    ["libvirt", "<network><mac address='52:54:00:00:00:01'/></network>"],
    ["dhcpd", "host a { hardware ethernet 52:54:00:00:00:01;"],
    ["dhcpd", "host a { hardware ethernet 52:54:00:00:00:01; } }"],
    ["dhcpd", 'host "a { }'],
    ["kea", '{ "Dhcp4": { "reservations": [ { "hw-address": } ] } }'],
    ["qemu", "qemu-system-x86_64 -nic user"],
  ] as const)("of %s that is broken is refused as a whole: %j", (format, text) => {
    expect(codeOf(text, format)).toBe("INVALID_FILE");
    expect(codeOf(text)).toBe("INVALID_FILE");
  });

  test("says where it is broken", () => {
    expect(() => readEntries('mac,owner\n1,2\n3,"open\n')).toThrow(/line \d/);
    expect(() => readEntries("<domain>\n<name>a</domain>")).toThrow(/line 2/);
    expect(() => readEntries('{ "Dhcp4": {\n "reservations": [ { "hw-address": } ] } }')).toThrow(/line 2/);
  });
});

describe("a hostile name", () => {
  const code = (owner: string, more: object = {}) =>
    plan([{ place: "line 1", address: "52:54:00:00:00:01", owner, pool: "default", ...more }], [])[0]?.fault?.code;

  test.each(["__proto__", "constructor", "toString", "../../etc/passwd", "a'b\"c"])(
    "%s is a name like any other",
    (owner) => {
      expect(code(owner)).toBeUndefined();
    },
  );

  test.each([
    ["of a mebibyte", "x".repeat(MEBI)],
    ["with a zero byte", "a\0b"],
    ["with an escape", "a\u001b[31m"],
    ["with half a character", "a\ud800"],
  ])("%s is a conflict of its row alone", (_, owner) => {
    expect(code(owner)).toBe("INVALID_OWNER");
  });

  test("too long a description, one with half a character, or too many tags are a conflict of their row alone", () => {
    expect(code("a", { description: "a\ud800" })).toBe("INVALID_FILE");
    expect(code("a", { description: "x".repeat(MEBI) })).toBe("INVALID_FILE");
    expect(code("a", { tags: { x: "x".repeat(MEBI) } })).toBe("INVALID_FILE");
  });
});
