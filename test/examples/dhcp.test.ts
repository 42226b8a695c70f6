import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { onEveryEngine } from "../e2e/support/scenario";
import { exampleFile, openExample } from "./support/example";
import { shell, shellEnv } from "./support/macpool";
import { runTool, withTools } from "./support/tool";

const TOOLS = { dnsmasq: "dnsmasq-base", "kea-dhcp4": "kea-dhcp4-server", jq: "jq" };

withTools(TOOLS, () => {
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
      shell(linesWithoutPulumi(), shellEnv(lab.register.path), stack.directory);
      const lines = readFileSync(join(stack.directory, "hosts"), "utf8").trim().split("\n");
      expect(lines.sort()).toEqual(hosts.split("\n").sort());
      const reservations: unknown = JSON.parse(readFileSync(join(stack.directory, "reservations.json"), "utf8"));
      expect(reservations).toHaveLength(2);
      for (const reservation of expected) expect(reservations).toContainEqual(reservation);
    });
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
