import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { libvirtInterface } from "../../sdk/formats";
import { onEveryEngine } from "../e2e/support/scenario";
import { openExample } from "./support/example";
import { runTool, withTools } from "./support/tool";

const VALIDATOR = { "virt-xml-validate": "libvirt-clients", xmllint: "libxml2-utils" };
const VIRSH = { virsh: "libvirt-clients" };

/** What libvirt's own schema says: "validates", or what is wrong. */
function verdictOn(xml: string): string {
  const { code, text } = runTool("virt-xml-validate", ["-", "domain"], { input: xml });
  return code === 0 ? "validates" : text;
}

/**
 * Returns what libvirt makes of a domain's interfaces, one a line. Its test driver lives in the client library, needs no
 * daemon, and parses a domain as every driver does; only the domain's type is another.
 */
function interfacesOf(name: string, xml: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), "macpool-libvirt-"));
  try {
    const file = join(directory, "domain.xml");
    writeFileSync(file, xml.replace("<domain type='kvm'>", "<domain type='test'>"));
    const { code, text } = runTool("virsh", ["-q", "-c", "test:///default", `define ${file}; domiflist ${name}`]);
    if (code !== 0) throw new Error(text);
    return text.trim().split("\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The columns of such a line after the host's device: type, source, model and address. */
const columns = (line: string) => line.trim().split(/\s+/).slice(1);

const domainWith = (element: string) =>
  `<domain type='kvm'><name>one</name><memory>1024</memory><os><type>hvm</type></os><devices>${element}</devices></domain>`;

withTools({ ...VALIDATOR, ...VIRSH }, () => {
  onEveryEngine((scenario) => {
    scenario("every domain is one by libvirt's schema, and has the declared addresses", async (lab) => {
      const stack = await openExample(lab, "libvirt");
      const preview = await stack.preview();
      const { outputs } = await stack.up();
      expect(outputs).toEqual(preview.outputs);
      const [web, db] = [String(outputs["web"]), String(outputs["db"])];
      expect(verdictOn(web)).toBe("validates");
      expect(verdictOn(db)).toBe("validates");

      const address = async (name: string) => String((await stack.outputs(name))["address"]);
      expect(interfacesOf("web", web).map(columns)).toEqual([
        ["network", "default", "virtio", await address("web-lan")],
        ["bridge", "br0", "e1000e", await address("web-storage")],
      ]);
      expect(interfacesOf("db", db).map(columns)).toEqual([["network", "default", "virtio", await address("db-lan")]]);
      expect(await lab.register.live()).toHaveLength(3);
    });
  });

  describe("libvirtInterface", () => {
    test.each(["default", `a&b<c>d'e"f`, "přílišný", "a  b", "-"])(
      "attaches to the network %j and no other",
      (network) => {
        const xml = domainWith(libvirtInterface("42:00:00:00:00:01", { network }));
        expect(verdictOn(xml)).toBe("validates");
        expect(interfacesOf("one", xml)).toEqual([
          expect.stringContaining(`   ${network}   virtio   42:00:00:00:00:01`),
        ]);
      },
    );

    test("the schema refuses an address that could not be one, so a verdict means something", () => {
      const element = libvirtInterface("42:00:00:00:00:01", { network: "default" });
      expect(verdictOn(domainWith(element.replace("42:00", "43:00")))).toContain("fails to validate");
    });
  });
});
