import { describe, expect, test } from "vitest";
import { type Format } from "../../../cli/import/format-names";
import { readEntries } from "../../../cli/import/formats";
import { plan } from "../../../cli/import/plan";

const MAC = "52:54:00:12:34:56";

/** What becomes of each entry: requested, skipped or the code of its fault. */
function fates(text: string, format: Format): readonly string[] {
  return plan(readEntries(text, format).entries, [], { pool: "default", ownerPrefix: "rack7/" }).map(
    ({ request, fault, entry }) => fault?.code ?? (request === undefined ? `skipped: ${entry.skip}` : "requested"),
  );
}

describe("an address that a file has twice", () => {
  test("for one host in two subnets of Kea is registered once", () => {
    const subnet = { reservations: [{ "hw-address": MAC, hostname: "web" }] };
    expect(fates(JSON.stringify({ Dhcp4: { subnet4: [subnet, subnet] } }), "kea")).toEqual([
      "requested",
      "skipped: The file has it before, at Dhcp4.subnet4[0].reservations[0], for the same owner.",
    ]);
  });

  test("for one domain of libvirt that was dumped twice is registered once", () => {
    const domain = `<domain><name>web</name><devices><interface><mac address="${MAC}"/></interface></devices></domain>`;
    expect(fates(domain + domain, "libvirt")).toEqual(["requested", expect.stringMatching(/^skipped/)]);
  });

  test("in two spellings for one owner is registered once", () => {
    expect(fates(`mac,owner\n${MAC},web\n${MAC.replaceAll(":", "-")},web\n`, "csv")).toEqual([
      "requested",
      expect.stringMatching(/^skipped/),
    ]);
  });

  test.each([
    ["for two owners", "web", "db"],
    ["for an owner and for nobody", "web", ""],
    ["for nobody, who may be two", "", ""],
  ])("%s is a conflict", (_, first, second) => {
    expect(fates(`mac,owner\n${MAC},${first}\n${MAC},${second}\n`, "csv")).toEqual(["requested", "ADDRESS_TAKEN"]);
  });
});

describe("an address that no pool holds", () => {
  const faultOf = (address: string) => {
    const [planned] = plan(readEntries(`mac,owner\n${address},web\n`, "csv").entries, []);
    return planned?.fault?.reason ?? "";
  };

  test("comes with a command that makes one, where there can be one", () => {
    expect(faultOf("46:00:00:00:00:01")).toContain("macpool pool create NAME --range 46:00:00");
    expect(faultOf("52:54:00:00:00:01")).toContain("macpool pool create NAME --range 52:54:00");
    expect(faultOf("00:1b:21:00:00:01")).toContain("--range 00:1b:21 --universal");
  });

  test("comes with the reason where there can be none", () => {
    expect(faultOf("fe:54:00:00:00:01")).not.toContain("pool create");
    expect(faultOf("fe:54:00:00:00:01")).toMatch(/No pool may hold fe:54:00, either: .*libvirt/);
  });
});
