import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dnsmasqHost } from "../../sdk/formats";
import { onEveryEngine } from "../e2e/support/scenario";
import { exampleDirectory, exampleFile, openExample } from "./support/example";
import { shell, shellEnv } from "./support/macpool";
import { whyNoTap } from "./support/tap";
import { runTool, withTools } from "./support/tool";

const TOOLS = { dnsmasq: "dnsmasq-base", "kea-dhcp4": "kea-dhcp4-server", jq: "jq" };

/** Leases that make no reservation: one that was released, and one that has no IP address. */
const HAND_MADE = `
macpool claim 42:00:00:00:00:99 --owner gone --tag ip=192.0.2.99 --tag name=gone
macpool release gone
macpool next --owner untagged
`;

/** One guest and one dnsmasq, alone in a network namespace. */
const WIRE = join(__dirname, "support", "dhcp-wire.sh");

withTools(TOOLS, () => {
  onEveryEngine((scenario) => {
    scenario("dnsmasq and Kea take the reservations, one for every declared address", async (lab) => {
      const stack = await openExample(lab, "dhcp");
      const preview = await stack.preview();
      const { outputs } = await stack.up();
      expect(outputs).toEqual(preview.outputs);
      const address = async (name: string) => String((await stack.outputs(name))["address"]);
      const [web, db] = [await address("web"), await address("db")];
      expect(await lab.register.live()).toEqual([web, db].sort());

      const hosts = String(outputs["dnsmasqHosts"]);
      expect(hosts.split("\n")).toEqual([`${web},192.0.2.10,web`, `${db},192.0.2.11,db`]);
      expect(dnsmasqVerdict(stack.directory, hosts)).toContain("syntax check OK");

      const expected = [
        { "hw-address": web, "ip-address": "192.0.2.10", hostname: "web" },
        { "hw-address": db, "ip-address": "192.0.2.11", hostname: "db" },
      ];
      expect(outputs["keaReservations"]).toEqual(expected);
      expect(keaVerdict(stack.directory, outputs["keaReservations"])).toBe("good");
      expect(keaVerdict(stack.directory, [{ "hw-address": web, "ip-address": "198.51.100.1" }])).toContain(
        "198.51.100.1",
      );

      for (const file of ["hosts", "reservations.json"]) rmSync(join(stack.directory, file));
      shell(`${HAND_MADE}${linesWithoutPulumi()}`, shellEnv(lab.register.store), stack.directory);
      const lines = readFileSync(join(stack.directory, "hosts"), "utf8").trim().split("\n");
      expect(lines.sort()).toEqual(hosts.split("\n").sort());
      const reservations: unknown = JSON.parse(readFileSync(join(stack.directory, "reservations.json"), "utf8"));
      expect(reservations).toHaveLength(2);
      for (const reservation of expected) expect(reservations).toContainEqual(reservation);
    });
  });
});

withTools({ ...TOOLS, "qemu-system-x86_64": "qemu-system-x86", ip: "iproute2", unshare: "util-linux" }, () => {
  const reason = whyNoTap();
  if (reason !== undefined) console.warn(`\nSKIPPED: a guest that asks dnsmasq for its address, because ${reason}.\n`);

  test.skipIf(reason !== undefined)("a real guest with its address gets from dnsmasq what is reserved for it", () => {
    const directory = mkdtempSync(join(tmpdir(), "macpool-wire-"));
    try {
      const env = shellEnv(join(directory, "register.db"));
      const mac = shell("macpool init >&2; macpool next --owner web", env).trim();
      writeFileSync(join(directory, "hosts"), dnsmasqHost(mac, { ip: "192.0.2.10", name: "web" }));
      const conf = join(exampleDirectory("dhcp"), "dnsmasq.conf");
      const { text } = runTool("unshare", ["--net", "sh", WIRE, conf, mac], { cwd: directory, env });
      expect(text).toContain(`DHCPDISCOVER(tap0) ${mac}`);
      const [, client, ip, name] = readFileSync(join(directory, "leases"), "utf8").split(" ");
      expect({ client, ip, name }).toEqual({ client: mac, ip: "192.0.2.10", name: "web" });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** The lines of the README that need the register alone. */
function linesWithoutPulumi(): string {
  const [, rest = ""] = exampleFile("dhcp", "README.md").split("## From the register alone");
  const lines = /^```sh\n(.*?)^```/ms.exec(rest)?.[1];
  if (lines === undefined) throw new Error("the README has no such lines");
  return lines;
}

/** What dnsmasq says about the example's configuration and every line of a hosts file, which `--test` does not open. */
function dnsmasqVerdict(directory: string, hosts: string): string {
  writeFileSync(join(directory, "hosts"), hosts);
  const lines = hosts.split("\n").map((line) => `--dhcp-host=${line}`);
  return runTool("dnsmasq", ["--test", "--conf-file=dnsmasq.conf", ...lines], { cwd: directory }).text;
}

function keaVerdict(directory: string, reservations: unknown): string {
  writeFileSync(join(directory, "reservations.json"), JSON.stringify(reservations));
  const { code, text } = runTool("kea-dhcp4", ["-t", "kea-dhcp4.conf"], { cwd: directory });
  return code === 0 ? "good" : text;
}
