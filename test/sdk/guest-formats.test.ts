import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dnsmasqHost, libvirtInterface, linkLocalIpv6, netplanMatch, slaac } from "../../sdk/formats";

const MAC = "42:00:00:00:00:01";

const address = fc
  .array(fc.nat(255), { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":"));

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "1", ".", "-", ",", " ", "\n") }),
);

/** What a format makes of a text, or undefined when it refuses it with the one error that it may throw. */
function unlessRefused(format: () => string): string | undefined {
  try {
    return format();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return undefined;
  }
}

describe("an address that is not canonical", () => {
  it.each(["", "42", "42-00-00-00-00-01", "4A:00:00:00:00:01", "42:00:00:00:00:01\n", "42:00:00:00:00:01,ignore"])(
    "such as %j is refused by every format",
    (text) => {
      expect(() => libvirtInterface(text, { network: "default" })).toThrow(RangeError);
      expect(() => dnsmasqHost(text)).toThrow(RangeError);
      expect(() => slaac(text, "2001:db8::/64")).toThrow(RangeError);
      expect(() => netplanMatch(text)).toThrow(RangeError);
    },
  );
});

describe("slaac", () => {
  it.each([
    // RFC 2464 section 4 has this address and its identifier, 36-56-78-FF-FE-9A-BC-DE.
    ["34:56:78:9a:bc:de", "2001:db8:1:2::/64", "2001:db8:1:2:3656:78ff:fe9a:bcde"],
    [MAC, "2001:db8::/64", "2001:db8::4000:ff:fe00:1"],
    [MAC, "fd00:1:2:3::/64", "fd00:1:2:3:4000:ff:fe00:1"],
    [MAC, "2001:DB8:0:00:0:0:0:0/64", "2001:db8::4000:ff:fe00:1"],
    [MAC, "2001:db8:0:1::/64", "2001:db8:0:1:4000:ff:fe00:1"],
    [MAC, "0:0:0:1::/64", "::1:4000:ff:fe00:1"],
    ["02:00:00:00:00:00", "2001:db8::/64", "2001:db8::ff:fe00:0"],
    // Two equal runs of zero groups: the first is shortened (RFC 5952 section 4.2.3).
    ["02:00:00:ff:00:00", "2001:db8::/64", "2001:db8::ff:feff:0"],
  ])("of %s below %s is %s", (mac, prefix, expected) => {
    expect(slaac(mac, prefix)).toBe(expected);
  });

  it("below the link-local prefix is the link-local address", () => {
    fc.assert(
      fc.property(address, (mac) => {
        expect(slaac(mac, "fe80::/64")).toBe(linkLocalIpv6(mac));
      }),
    );
  });

  it.each([
    "2001:db8::/63",
    "2001:db8::/65",
    "2001:db8::/128",
    "2001:db8::/064",
    "2001:db8::",
    "2001:db8::/",
    "/64",
    "",
    "2001:db8::1/64",
    "2001:db8::1:0:0:0/64",
    "::192.0.2.1/64",
    "192.0.2.0/64",
    "2001:db8:::/64",
    "2001:db8:1:2:3::/64 ",
    "fe80::%eth0/64",
    "ff02::/64",
    "2001:db8::/64/64",
  ])("refuses the prefix %j", (prefix) => {
    expect(() => slaac(MAC, prefix)).toThrow(RangeError);
  });
});

describe("libvirtInterface", () => {
  it("attaches to a network", () => {
    expect(libvirtInterface(MAC, { network: "default" })).toBe(
      [
        "<interface type='network'>",
        "  <mac address='42:00:00:00:00:01'/>",
        "  <source network='default'/>",
        "  <model type='virtio'/>",
        "</interface>",
      ].join("\n"),
    );
  });

  it("attaches to a bridge, with another model", () => {
    expect(libvirtInterface(MAC, { bridge: "br0.7", model: "e1000e" })).toBe(
      [
        "<interface type='bridge'>",
        "  <mac address='42:00:00:00:00:01'/>",
        "  <source bridge='br0.7'/>",
        "  <model type='e1000e'/>",
        "</interface>",
      ].join("\n"),
    );
  });

  it("escapes what XML takes for its own", () => {
    const text = libvirtInterface(MAC, { network: `a&b<c>d'e"f é` });
    expect(text).toContain("<source network='a&#38;b&#60;c&#62;d&#39;e&#34;f é'/>");
  });

  it.each(["", "a\nb", "a\tb", "\0", "\u007f", "\ud800", "\uffff"])("refuses the network %j", (network) => {
    expect(() => libvirtInterface(MAC, { network })).toThrow(RangeError);
  });

  it.each(["", ".", "..", "br 0", "br0'", "br0/1", "sixteen-bytes-xx", "br0\n", "é"])(
    "refuses the bridge %j",
    (bridge) => {
      expect(() => libvirtInterface(MAC, { bridge })).toThrow(RangeError);
    },
  );

  it.each(["", "virtio'/><evil/>", "a b", "e1000\n"])("refuses the model %j", (model) => {
    expect(() => libvirtInterface(MAC, { network: "default", model })).toThrow(/model/);
  });

  it("refuses both and neither", () => {
    // @ts-expect-error: a program that is type-checked hears of it before it runs.
    expect(() => libvirtInterface(MAC, {})).toThrow(RangeError);
    // @ts-expect-error: a program that is type-checked hears of it before it runs.
    expect(() => libvirtInterface(MAC, { network: "default", bridge: "br0" })).toThrow(RangeError);
  });

  it("always keeps its five lines and elements, whatever the network is called", () => {
    fc.assert(
      fc.property(anyText, (network) => {
        const text = unlessRefused(() => libvirtInterface(MAC, { network }));
        if (text === undefined) return;
        expect(text.split("\n")).toHaveLength(5);
        expect(text.match(/[<>]/g)).toHaveLength(10);
        expect(text.match(/'/g)).toHaveLength(8);
      }),
    );
  });
});

describe("dnsmasqHost", () => {
  it.each([
    [{}, MAC],
    [{ ip: "192.0.2.10" }, `${MAC},192.0.2.10`],
    [{ name: "web-1" }, `${MAC},web-1`],
    [{ ip: "192.0.2.10", name: "web-1.example.net" }, `${MAC},192.0.2.10,web-1.example.net`],
    [{ ip: "2001:db8::10", name: "1web" }, `${MAC},[2001:db8::10],1web`],
    [{ name: "a" }, `${MAC},a`],
    [{ name: "3com" }, `${MAC},3com`],
  ])("of %j is %j", (host, expected) => {
    expect(dnsmasqHost(MAC, host)).toBe(expected);
  });

  it.each([
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.10,ignore",
    "2001:db8::g",
    "[::1]",
    "fe80::1%eth0",
    "192.0.2.1 ",
    "010.0.0.1",
  ])("refuses the ip %j", (ip) => {
    expect(() => dnsmasqHost(MAC, { ip })).toThrow(RangeError);
  });

  it.each(["", "a b", "a,ignore", "-a", "a-", "a..b", ".a", "a.", "a_b", "é", "set:tag", "a\n", "x".repeat(64)])(
    "refuses the name %j, which is no host name",
    (name) => {
      expect(() => dnsmasqHost(MAC, { name })).toThrow(RangeError);
    },
  );

  it.each(["ignore", "infinite", "IGNORE", "12h", "45M", "600", "1w", "2d", "30s", "192.0.2.10"])(
    "refuses the name %j, which dnsmasq takes for something else",
    (name) => {
      expect(() => dnsmasqHost(MAC, { name })).toThrow(RangeError);
    },
  );

  it("refuses a name of more than 253 characters", () => {
    const label = "x".repeat(49);
    const longest = [label, label, label, label, label].join(".");
    expect(dnsmasqHost(MAC, { name: `${longest}.abc` })).toContain(longest);
    expect(() => dnsmasqHost(MAC, { name: `${longest}.abcd` })).toThrow(RangeError);
  });

  it("never has another field than those asked for", () => {
    fc.assert(
      fc.property(anyText, anyText, (ip, name) => {
        for (const host of [{ ip }, { name }]) {
          const text = unlessRefused(() => dnsmasqHost(MAC, host));
          if (text !== undefined) expect(text.split(/[,\n]/)).toHaveLength(2);
        }
      }),
    );
  });
});

describe("netplanMatch", () => {
  it("finds the NIC, with quotes against numbers of base 60", () => {
    expect(netplanMatch(MAC)).toBe('match: { macaddress: "42:00:00:00:00:01" }');
  });

  it("names it", () => {
    expect(netplanMatch(MAC, "lan0")).toBe('match: { macaddress: "42:00:00:00:00:01" }\nset-name: "lan0"');
  });

  it("fits into a template literal at any depth", () => {
    const [, second] = netplanMatch(MAC, "lan0", 6).split("\n");
    expect(second).toBe('      set-name: "lan0"');
  });

  it.each(["", ".", "..", "lan 0", 'lan"0', "lan:0", "lan/0", "sixteen-bytes-xx", "lan0\n"])(
    "refuses the name %j",
    (name) => {
      expect(() => netplanMatch(MAC, name)).toThrow(RangeError);
    },
  );
});
