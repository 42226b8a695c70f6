import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { onEveryEngine } from "../e2e/support/scenario";
import { openExample } from "./support/example";
import { runTool, withTools } from "./support/tool";

const SERVERS = { dnsmasq: "dnsmasq-base", "kea-dhcp4": "kea-dhcp4-server" };

withTools(SERVERS, () => {
  onEveryEngine((scenario) => {
    scenario("dnsmasq and Kea take the reservations, one for every declared address", async (lab) => {
      const stack = await openExample(lab, "dhcp");
      const preview = await stack.preview();
      const { outputs } = await stack.up();
      expect(outputs).toEqual(preview.outputs);
      const address = async (name: string) => String((await stack.outputs(name))["address"]);
      const [web, db] = [await address("web"), await address("db")];
      expect(lab.register.live()).toEqual([web, db].sort());

      const hosts = String(outputs["dnsmasqHosts"]);
      expect(hosts.split("\n")).toEqual([`${web},192.0.2.10,web`, `${db},192.0.2.11,db`]);
      expect(dnsmasqVerdict(stack.directory, hosts)).toContain("syntax check OK");

      expect(outputs["keaReservations"]).toEqual([
        { "hw-address": web, "ip-address": "192.0.2.10", hostname: "web" },
        { "hw-address": db, "ip-address": "192.0.2.11", hostname: "db" },
      ]);
      expect(keaVerdict(stack.directory, outputs["keaReservations"])).toBe("good");
    });
  });
});

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
