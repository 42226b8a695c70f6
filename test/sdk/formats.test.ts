import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dashed, dotted, eui64, integer, linkLocalIpv6, qemuDevice, upper } from "../../sdk/formats";

const address = fc
  .array(fc.nat(255), { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":"));

/** Bytes that a spelling stands for, whatever its separators and case. */
const bytes = (text: string): string => text.replace(/[^0-9a-f]/gi, "").toLowerCase();

describe("spellings", () => {
  it("write the same address in each notation", () => {
    expect(dashed("42:59:ef:80:95:8d")).toBe("42-59-ef-80-95-8d");
    expect(dotted("42:59:ef:80:95:8d")).toBe("4259.ef80.958d");
    expect(upper("42:59:ef:80:95:8d")).toBe("42:59:EF:80:95:8D");
    expect(integer("42:59:ef:80:95:8d")).toBe(0x4259ef80958d);
  });

  it("keep every digit of every address", () => {
    fc.assert(
      fc.property(address, (text) => {
        for (const spelling of [dashed(text), dotted(text), upper(text)]) expect(bytes(spelling)).toBe(bytes(text));
        expect(integer(text).toString(16).padStart(12, "0")).toBe(bytes(text));
      }),
    );
  });

  it("are exact for the highest address", () => {
    expect(integer("ff:ff:ff:ff:ff:ff")).toBe(2 ** 48 - 1);
    expect(integer("00:00:00:00:00:00")).toBe(0);
  });

  it.each([
    "",
    "42",
    "42-00-00-00-00-01",
    "42:00:00:00:00:0G",
    "42:00:00:00:00:01:02",
    "4A:00:00:00:00:01",
    "42:00:00:00:00:01\n",
  ])("refuse %j, which is not canonical", (text) => {
    for (const format of [dashed, dotted, upper, integer, eui64, linkLocalIpv6])
      expect(() => format(text)).toThrow(RangeError);
  });
});

describe("eui64", () => {
  it("gives the example of RFC 2464 section 4", () => {
    expect(eui64("34:56:78:9a:bc:de")).toBe("3656:78ff:fe9a:bcde");
  });

  it("turns a local address into an identifier with the bit cleared", () => {
    expect(eui64("42:00:00:00:00:01")).toBe("4000:00ff:fe00:0001");
    expect(eui64("52:54:00:12:34:56")).toBe("5054:00ff:fe12:3456");
  });

  it("is never the same for two addresses, and inverts exactly the U/L bit", () => {
    fc.assert(
      fc.property(address, (text) => {
        const identifier = bytes(eui64(text));
        expect(identifier.slice(6, 10)).toBe("fffe");
        const back = BigInt(`0x${identifier.slice(0, 6)}${identifier.slice(10)}`) ^ (0x02n << 40n);
        expect(back).toBe(BigInt(integer(text)));
      }),
    );
  });
});

describe("linkLocalIpv6", () => {
  it("gives the examples of the facts file", () => {
    expect(linkLocalIpv6("42:00:00:00:00:01")).toBe("fe80::4000:ff:fe00:1");
    expect(linkLocalIpv6("52:54:00:12:34:56")).toBe("fe80::5054:ff:fe12:3456");
  });

  it("shortens the longest run of zero groups only", () => {
    expect(linkLocalIpv6("02:00:00:00:00:00")).toBe("fe80::ff:fe00:0");
    expect(linkLocalIpv6("42:00:00:00:00:00")).toBe("fe80::4000:ff:fe00:0");
  });

  it("agrees with the WHATWG URL parser, which writes RFC 5952", () => {
    const anyOrZero = fc.oneof(
      address,
      address.map((text) => text.replace(/^..:../, "02:00").replace(/..:..$/, "00:00")),
    );
    fc.assert(
      fc.property(anyOrZero, (text) => {
        const canonical = new URL(`http://[fe80:0:0:0:${eui64(text)}]/`).hostname;
        expect(`[${linkLocalIpv6(text)}]`).toBe(canonical);
      }),
    );
  });
});

describe("qemuDevice", () => {
  it("writes the value of -device", () => {
    expect(qemuDevice("42:00:00:00:00:01", "net0", "virtio-net-pci")).toBe(
      "virtio-net-pci,netdev=net0,mac=42:00:00:00:00:01",
    );
  });

  it.each(["", "net,0", "0net", "net 0", "net=0", "nét", "net0\n"])(
    "refuses the netdev id %j, as QEMU does",
    (netdev) => {
      expect(() => qemuDevice("42:00:00:00:00:01", netdev, "e1000")).toThrow(/netdev/);
    },
  );

  it("refuses a model that would smuggle in another option", () => {
    expect(() => qemuDevice("42:00:00:00:00:01", "net0", "e1000,mac=00:00:00:00:00:00")).toThrow(/model/);
  });
});
