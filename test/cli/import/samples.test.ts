import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../../cli/import/entry";
import { type Format } from "../../../cli/import/format-names";
import { readEntries } from "../../../cli/import/formats";

function sample(name: string) {
  return readEntries(readFileSync(join(__dirname, "samples", name), "utf8"));
}

/** Address, owner and what is wrong, in one line. */
function line({ address, owner, fault, skip }: Entry): string {
  return [
    address,
    owner ?? "-",
    ...(fault === undefined ? [] : [fault.code]),
    ...(skip === undefined ? [] : ["skip"]),
  ].join(" ");
}

const SAMPLES: readonly (readonly [name: string, format: Format, lines: readonly string[]])[] = [
  [
    "addresses.csv",
    "csv",
    ["52:54:00:6b:3c:58 web-1", '52-54-00-6B-3C-59 say "db"', "525400.6b3c5a short", "5254006b3c5b -"],
  ],
  ["excel.csv", "csv", ["52:54:00:6b:3c:58 web-1", "5254.006b.3c59 -"]],
  ["addresses.json", "json", ["52:54:00:6b:3c:58 web-1", "52:54:00:6b:3c:59 db/0", "52:54:00:6b:3c:5a - INVALID_FILE"]],
  [
    "leases.jsonl",
    "json",
    ["42:59:ef:80:95:8d acme/network/prod/web-1-nic", "42:59:ef:80:95:8e acme/network/prod/old skip"],
  ],
  ["domain.xml", "libvirt", ["52:54:00:6b:3c:58 R&D web/0", "52:54:00:6b:3c:59 R&D web/ua-storage", " R&D web/2 skip"]],
  ["dumpxml.xml", "libvirt", ["52:54:00:6b:3c:58 web/0", "52:54:00:6b:3c:59 db/0"]],
  [
    "qemu.sh",
    "qemu",
    [
      "52:54:00:6b:3c:58 web,1/net0",
      "52:54:00:6b:3c:59 web,1/mgmt",
      "52:54:00:6b:3c:5a db/0",
      "52:54:00:6b:3c:5b -",
      "52:54:00:6b:3c:5c -",
      "$mac shell/0",
      "52:54:00:6b:3c:5d - INVALID_FILE",
    ],
  ],
  ["qemu.ps", "qemu", ["52:54:00:6b:3c:58 it's/hostnet0", "BC:24:11:2C:69:EC vm100/net0"]],
  ["qemu.cmdline", "qemu", ["52:54:00:6b:3c:58 R and D/net0"]],
  ["qemu.log", "qemu", ["52:54:00:6b:3c:58 web/hostnet0"]],
  [
    "dnsmasq.conf",
    "dnsmasq",
    [
      "52:54:00:6b:3c:58 -",
      "52:54:00:6b:3c:59 fred",
      "52:54:00:6b:3c:5a barney",
      "52:54:00:6b:3c:5b wilma/0",
      "52:54:00:6b:3c:5c wilma/1",
      "52:54:00:6b:3c:5d -",
      "20-52:54:00:6b:3c:5e serial INVALID_MAC",
      "52:54:00:*:*:* - INVALID_MAC",
      "52:54:00:6b:3c:5f -",
      "52:54:00:6b:3c:60 pebbles",
      "52:54:00:6b:3c:61 dino",
      "52:54:00:6b:3c -",
      "52:54:00:6b:3c:62 bambam",
    ],
  ],
  ["dnsmasq.hosts", "dnsmasq", ["52:54:00:6b:3c:58 fred", "52:54:00:6b:3c:59 barney"]],
  [
    "dhcpd.conf",
    "dhcpd",
    [
      "0:0:c0:5d:bd:95 passacaglia",
      "52:54:00:49:2b:57 ncd1",
      "52:54:00:80:fc:32 ncd 4",
      "52:54:00:80:fc:33 ring INVALID_MAC",
    ],
  ],
  [
    "kea-dhcp4.conf",
    "kea",
    [
      "52:54:00:6b:3c:58 everywhere",
      "52:54:00:6b:3c:59 alice # not a comment",
      " number",
      "52:54:00:6B:3C:5A -",
      "52:54:00:6b:3c:5b shared",
    ],
  ],
  ["kea-dhcp6.conf", "kea", ["52:54:00:6b:3c:58 six"]],
];

describe("a sample", () => {
  test.each(SAMPLES)("%s is known by its content as %s, and every address of it is read", (name, format, lines) => {
    const read = sample(name);
    expect(read.format).toBe(format);
    expect(read.entries.map(line)).toEqual(lines);
  });

  test("of CSV keeps pools, labels, and where in the file each row ends", () => {
    expect(sample("addresses.csv").entries.slice(0, 3)).toEqual([
      expect.objectContaining({ place: "line 2", description: "first, of two", tags: { rack: "7", row: "b" } }),
      expect.objectContaining({ place: "line 4", pool: "lab", description: "two\nlines" }),
      expect.objectContaining({ place: "line 6" }),
    ]);
  });

  test("of JSON keeps tags whatever their names mean to JavaScript", () => {
    const [first] = sample("addresses.json").entries;
    expect(JSON.stringify(first?.tags)).toBe('{"rack":"7","__proto__":"kept","row":"3"}');
  });

  test.each([
    ["domain.xml", "line 22"],
    ["qemu.sh", "line 4"],
    ["dnsmasq.conf", "line 4"],
    ["dhcpd.conf", "line 9"],
    ["kea-dhcp4.conf", "Dhcp4.reservations[0]"],
    ["leases.jsonl", "line 1"],
  ])("%s says where its first address stands", (name, place) => {
    expect(sample(name).entries[0]?.place).toBe(place);
  });

  test("of dnsmasq keeps the tags that a host sets", () => {
    expect(sample("dnsmasq.conf").entries[2]?.tags).toEqual({ dnsmasq: "red lan" });
  });
});
