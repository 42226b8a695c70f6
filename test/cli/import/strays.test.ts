import { describe, expect, test } from "vitest";
import { readEntries } from "../../../cli/import/formats";

/** Format, then place, address and what is said of each entry that is not simply taken. */
function read(text: string): readonly string[] {
  const { format, entries } = readEntries(text);
  return [
    format,
    ...entries.map(({ place, address, skip, fault }) =>
      [place, address, skip === undefined ? (fault?.code ?? "") : "skipped"].join(" ").trim(),
    ),
  ];
}

describe("no address is passed over in silence", () => {
  test.each(["running", "Live", "shut off", "reusable", "quarantined"])("of a VM whose state is %s", (state) => {
    const vm = { name: "web", mac: "42:00:00:00:00:01", state };
    expect(read(JSON.stringify([vm]))).toEqual(["json", "item 1 42:00:00:00:00:01"]);
  });

  test("but for what macpool list says was released", () => {
    const lease = { address: "42:00:00:00:00:01", owner: "web", releasedAt: "2026-01-01T00:00:00Z" };
    expect(read(JSON.stringify([{ ...lease, state: "reusable" }]))).toEqual([
      "json",
      "item 1 42:00:00:00:00:01 skipped",
    ]);
    expect(read(JSON.stringify([{ ...lease, state: "live", releasedAt: null }]))).toEqual([
      "json",
      "item 1 42:00:00:00:00:01",
    ]);
  });

  test("but for what lines of an export say was released, or happened once", () => {
    const lease = { record: "lease", address: "42:00:00:00:00:01", owner: "web", seq: 4, releasedAt: null };
    const event = { record: "event", address: "42:00:00:00:00:03", owner: "web", seq: 5, at: 1, kind: "release" };
    const over = { ...lease, address: "42:00:00:00:00:02", seq: 5, releasedAt: 1 };
    expect(read([lease, over, event].map((line) => JSON.stringify(line)).join("\n"))).toEqual([
      "json",
      "line 1 42:00:00:00:00:01",
      "line 2 42:00:00:00:00:02 skipped",
      "line 3 42:00:00:00:00:03 skipped",
    ]);
  });

  test("in a lease of dhcpd, which is for a time", () => {
    const lease = "lease 10.0.0.5 {\n hardware ethernet 42:00:00:00:53:01;\n}\n";
    const host = "host a { hardware ethernet 42:00:00:00:53:02; }\n";
    expect(read(lease + host)).toEqual(["dhcpd", "line 4 42:00:00:00:53:02", "line 2 42:00:00:00:53:01 skipped"]);
  });

  test("in a class of dhcpd, of which it is by its address", () => {
    const classes = `subclass "ours" 1:42:00:00:00:54:01;
subclass "ours" 01:42:0:0:0:54:2 { lease limit 4; }
subclass "theirs" "42:00:00:00:54:03";
`;
    expect(read(`${classes}host a { hardware ethernet 42:00:00:00:54:04; }\n`)).toEqual([
      "dhcpd",
      "line 4 42:00:00:00:54:04",
      "line 1 42:00:00:00:54:01 skipped",
      "line 2 42:0:0:0:54:2 skipped",
    ]);
  });

  test("of dnsmasq, which takes one without colons for a name", () => {
    expect(read("dhcp-host=42-00-00-00-52-01,web\ndhcp-host=4200.0000.5202\ndhcp-host=web-1,192.0.2.1\n")).toEqual([
      "dnsmasq",
      "line 1 42-00-00-00-52-01 INVALID_MAC",
      "line 2 4200.0000.5202 INVALID_MAC",
    ]);
  });

  test("of a snapshot of a domain, unless the domain itself has it", () => {
    const domain = (mac: string) =>
      `<domain><name>a</name><devices><interface><mac address="${mac}"/></interface></devices></domain>`;
    const [one, other] = ["42:00:00:00:55:03", "42:00:00:00:55:04"] as const;
    const text = `${domain(one)}\n<domainsnapshot>${domain(other)}${domain(one)}</domainsnapshot>`;
    expect(read(text)).toEqual(["libvirt", `line 1 ${one}`, `line 2 ${other} INVALID_FILE`]);
  });

  test("that a domain of libvirt hands to QEMU itself", () => {
    const mac = (octet: string) => `42:00:00:00:56:${octet}`;
    const text = `<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><name>a</name>
<devices><interface><mac address="${mac("01")}"/></interface></devices>
<qemu:commandline><qemu:arg value="-device"/>
<qemu:arg value="virtio-net-pci,netdev=x,mac=${mac("02")}"/>
<qemu:arg value='{"driver":"e1000","mac":"${mac("03")}"}'/>
<qemu:arg value="e1000,mac=${mac("01")}"/></qemu:commandline></domain>`;
    expect(read(text)).toEqual([
      "libvirt",
      `line 2 ${mac("01")}`,
      `line 4 ${mac("02")} INVALID_FILE`,
      `line 5 ${mac("03")} INVALID_FILE`,
    ]);
  });

  test("of a domain whose name is CDATA", () => {
    const domain = `<domain><name><![CDATA[a&b]]></name><devices><interface><mac address="42:00:00:00:5a:01"/></interface></devices></domain>`;
    expect(readEntries(domain).entries.map(({ owner }) => owner)).toEqual(["a&b/0"]);
  });

  test("of a network of libvirt beside a domain, unless the domain has it", () => {
    const mac = (octet: string) => `42:00:00:00:57:${octet}`;
    const domain = `<domain><name>a</name><devices><interface><mac address="${mac("01")}"/></interface></devices></domain>`;
    const hosts = `<host mac="${mac("01")}" ip="192.0.2.2"/><host mac="${mac("02")}" ip="192.0.2.3"/>`;
    const network = `<network><mac address="${mac("03")}"/><ip><dhcp>${hosts}</dhcp></ip></network>`;
    expect(read(`${domain}\n${network}`)).toEqual([
      "libvirt",
      `line 1 ${mac("01")}`,
      `line 2 ${mac("03")} INVALID_FILE`,
      `line 2 ${mac("02")} INVALID_FILE`,
    ]);
  });

  test("of a second NIC in a column of its own, unless another row has it", () => {
    const [one, two, three] = ["42:00:00:00:58:01", "42-00-00-00-58-02", "4200.0000.5803"] as const;
    const text = `name,mac,ip,MAC,gateway\nweb,${one},192.0.2.1,${two},${three}\ndb,${three},42:00,${one},ff:ff:ff:ff:ff:ff\n`;
    expect(read(text)).toEqual(["csv", `line 2 ${one}`, `line 3 ${three}`, `line 2 ${two} INVALID_FILE`]);
    expect(read(`mac,serial\n${one},420000005804\n`)).toEqual(["csv", `line 2 ${one}`]);
  });

  test("of further NICs in an object, unless another object has them", () => {
    const mac = (octet: string) => `42:00:00:00:59:${octet}`;
    const vms = [
      { name: "a", mac: mac("01"), nics: [{ mac: mac("01") }, { mac: mac("02") }, { deep: [mac("04")] }] },
      { name: "b", mac: [mac("03"), mac("04")], broadcast: "ff:ff:ff:ff:ff:ff" },
      { Name: mac("06"), "MAC Address": mac("04"), tags: { gateway: mac("07") }, description: mac("08") },
    ];
    expect(read(JSON.stringify(vms))).toEqual([
      "json",
      `item 1 ${mac("01")}`,
      "item 2  INVALID_FILE",
      `item 3 ${mac("04")}`,
      `item 1 ${mac("02")} INVALID_FILE`,
      `item 2 ${mac("03")} INVALID_FILE`,
    ]);
  });

  test("of a host that is called as a column of CSV might be", () => {
    expect(read("42:00:00:00:51:01,mac,10.0.0.1\n42:00:00:00:51:02,web,10.0.0.2\n")).toEqual([
      "dnsmasq",
      "line 1 42:00:00:00:51:01",
      "line 2 42:00:00:00:51:02",
    ]);
  });
});
