import { describe, expect, test } from "vitest";
import { readEntries } from "../../../cli/import/formats";

/** Format, then place, address and owner of each entry. */
function read(text: string, format?: "csv"): readonly string[] {
  const found = readEntries(text, format);
  return [found.format, ...found.entries.map(({ place, address, owner }) => `${place} ${address} ${owner ?? "-"}`)];
}

describe("an address of IP beside the one of the NIC is passed over", () => {
  test("in the lease file of Kea", () => {
    expect(
      read(`address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
192.0.2.1,52:54:00:12:34:56,01:52:54:00:12:34:56,3600,1767268800,1,0,0,web,0,
`),
    ).toEqual(["csv", "line 2 52:54:00:12:34:56 web"]);
  });

  test.each(["mac", "MAC Address", "hwaddr", "hw-address", "hardware_address"])("in CSV with a column %s", (name) => {
    expect(read(`address,${name}\n192.0.2.1,52:54:00:12:34:56\n`)).toEqual(["csv", "line 2 52:54:00:12:34:56 -"]);
  });

  test.each(["mac", "macAddress", "mac_address", "hwaddr", "hw-address"])("in JSON with a property %s", (name) => {
    expect(read(JSON.stringify([{ address: "192.0.2.1", [name]: "52:54:00:12:34:56" }]))).toEqual([
      "json",
      "item 1 52:54:00:12:34:56 -",
    ]);
  });
});

describe("CSV whose header is not its first line", () => {
  test.each([
    ["a comment", "# written by hand, on a Monday, by me\n"],
    ["a comment with a byte order mark", "\ufeff# a, b\n"],
    ["a comment that names columns", "# name, mac\n"],
    ["blank lines", "\n  \n"],
    ["both", "\n# a, b\r\n\r\n"],
  ])("is read behind %s, with its own delimiter and the file's line numbers", (_, preamble) => {
    const count = preamble.split("\n").length;
    const text = `${preamble}Hostname;MAC Address\nweb;52:54:00:12:34:56\n\ndb;52:54:00:12:34:57\n`;
    const expected = ["csv", `line ${count + 1} 52:54:00:12:34:56 web`, `line ${count + 3} 52:54:00:12:34:57 db`];
    expect(read(text)).toEqual(expected);
    expect(read(text, "csv")).toEqual(expected);
  });

  test("may have a column of numbers, called #", () => {
    expect(read("#,mac,name\n1,52:54:00:12:34:56,web\n", "csv")).toEqual(["csv", "line 2 52:54:00:12:34:56 web"]);
  });

  test("keeps a row that begins with # as one that is wrong", () => {
    expect(read("mac,name\n#52:54:00:12:34:56,web\n")).toEqual(["csv", "line 2 #52:54:00:12:34:56 web"]);
  });

  test("that names no address is refused where it stands", () => {
    expect(() => read("# a\n\nname;pool\n", "csv")).toThrow(/line 3: the header/);
    expect(() => read("# a\n# b", "csv")).toThrow(/line 1: the header/);
  });
});
