import { describe, expect, test } from "vitest";
import { parseDhcpd } from "../../../cli/import/dhcpd";
import { parseDnsmasq } from "../../../cli/import/dnsmasq";
import { type Format } from "../../../cli/import/format-names";
import { readEntries } from "../../../cli/import/formats";

function hosts(text: string): readonly string[] {
  return parseDhcpd(text).map(({ address, owner }) => `${address} ${owner ?? "-"}`);
}

function block(name: string, ...statements: readonly string[]): string {
  return `host ${name} {\n${statements.map((statement) => `  ${statement};\n`).join("")}}\n`;
}

const [OLD, NEW] = ["52:54:00:12:34:56", "52:54:00:12:34:57"] as const;
const [WAS, IS] = [`hardware ethernet ${OLD}`, `hardware ethernet ${NEW}`] as const;

describe("in a leases file of ISC dhcpd", () => {
  test("a host that was deleted is gone, and the others stay", () => {
    const file = block("a", "dynamic", WAS) + block("b", "dynamic", IS) + block("a", "dynamic", "deleted");
    expect(hosts(file)).toEqual([`${NEW} b`]);
    expect(hosts(block("a", WAS) + block("a", "deleted"))).toEqual([]);
  });

  test("a host that was deleted and came again has its new address, as the server writes every change", () => {
    const file = block("a", "dynamic", WAS) + block("a", "dynamic", "deleted") + block("a", "dynamic", IS);
    expect(hosts(file)).toEqual([`${NEW} a`]);
  });

  test("what is said last of a host counts", () => {
    expect(hosts(block("a", "dynamic", WAS) + block("a", "dynamic", IS))).toEqual([`${NEW} a`]);
    expect(hosts(block("a", "dynamic", WAS) + block("a", "dynamic", 'uid "x"'))).toEqual([]);
  });

  test("hosts without a name are not taken for one", () => {
    expect(hosts(`host { dynamic; ${WAS}; } host { dynamic; ${IS}; } host { deleted; }`)).toEqual([
      `${OLD} -`,
      `${NEW} -`,
    ]);
  });
});

test("configurations of ISC dhcpd that were joined lose no host, though two have one name", () => {
  expect(hosts(block("a", WAS) + block("b", WAS) + block("a", IS))).toEqual([`${OLD} a`, `${NEW} a`, `${OLD} b`]);
});

describe("files that a file names are not read, which is said once", () => {
  const said = (text: string, parse: typeof parseDhcpd) =>
    parse(text).flatMap(({ skip, place, address }) => (skip === undefined ? [] : [`${place} ${address}${skip}`]));
  const words = (names: string) =>
    `Files that the file names are not read with it: ${names}. Import each of them by itself.`;

  test("of ISC dhcpd", () => {
    const text = `# include "old.conf";\n"include" "y";\ninclude "a.conf";\ngroup { INCLUDE "b.conf"; ${block("a", WAS)} }`;
    expect(said(text, parseDhcpd)).toEqual([`line 3 ${words('"a.conf", "b.conf"')}`]);
    expect(hosts(text)).toContain(`${OLD} a`);
    expect(said(block("a", WAS), parseDhcpd)).toEqual([]);
  });

  test("of dnsmasq", () => {
    const text = `#conf-file=old.conf
dhcp-host=${OLD},fred
conf-dir=/etc/dnsmasq.d/,*.conf # all of them
 conf-file = /etc/more.conf
dhcp-hostsfile=/etc/hosts.dhcp
--dhcp-hostsdir=/etc/a:b:c:d:e
`;
    const names = '"/etc/dnsmasq.d/,*.conf", "/etc/more.conf", "/etc/hosts.dhcp", "/etc/a:b:c:d:e"';
    expect(said(text, parseDnsmasq)).toEqual([`line 3 ${words(names)}`]);
    expect(parseDnsmasq(text).map(({ address }) => address)).toEqual([OLD, ""]);
    expect(said(`dhcp-host=${OLD},conf-file\n`, parseDnsmasq)).toEqual([]);
  });

  test("of dnsmasq, where the file has no host of its own", () => {
    expect(parseDnsmasq("domain=a:b:c:d:e\nconf-dir=/etc/a:b:c:d:e\n")).toEqual([
      { place: "line 2", address: "", skip: words('"/etc/a:b:c:d:e"') },
    ]);
  });

  test("with ten names at most", () => {
    const text = Array.from({ length: 12 }, (_, index) => `include "${index}";`).join("");
    expect(said(text, parseDhcpd)[0]).toContain('"9" and 2 more. ');
  });
});

describe("a file of hosts for dnsmasq", () => {
  test.each(["kvm1", "qemu-host"])("is one though a host is called %s", (name) => {
    const found = readEntries(`# the lab\n${OLD},192.0.2.1,${name}\n`);
    expect([found.format, found.entries[0]?.owner]).toEqual(["dnsmasq" satisfies Format, name]);
  });
});
