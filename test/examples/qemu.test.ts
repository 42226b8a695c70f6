import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onEveryEngine } from "../e2e/support/scenario";
import { exampleDirectory, openExample } from "./support/example";
import { shell, shellEnv } from "./support/macpool";
import { withQemu } from "./support/qemu";
import { whyNoTap } from "./support/tap";
import { withTools } from "./support/tool";

const QEMU = { "qemu-system-x86_64": "qemu-system-x86" };

/** The machines that the program declares, and the NICs of each, in the order of their slots. */
const MACHINES = { web: ["web-lan", "web-storage"], db: ["db-lan"] };

withTools(QEMU, () => {
  onEveryEngine((scenario) => {
    scenario("every NIC of every VM has exactly the address that is declared for it", async (lab) => {
      const stack = await openExample(lab, "qemu");
      const preview = await stack.preview();
      const { outputs } = await stack.up();
      expect(outputs).toEqual(preview.outputs);

      const seen: string[] = [];
      for (const [machine, names] of Object.entries(MACHINES)) {
        const declared = await Promise.all(names.map(async (name) => String((await stack.outputs(name))["address"])));
        await withQemu(String(outputs[machine]), {}, async (qemu) => {
          expect(await qemu.nics()).toEqual(
            declared.map((mac, slot) => ({ netdev: `net${slot}`, backend: "user", mac })),
          );
          expect(await qemu.filters()).toEqual([...declared].sort());
        });
        seen.push(...declared);
      }
      expect(await lab.register.live()).toEqual(seen.sort());
      expect(new Set(seen).size).toBe(3);
    });
  });
});

describe("run.sh", () => {
  const run = join(exampleDirectory("qemu"), "run.sh");
  let directory: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "macpool-run-"));
    env = shellEnv(join(directory, "register.db"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  withTools(QEMU, () => {
    test("gives a VM the address that the register keeps for its name, at every start", async () => {
      shell("macpool init", env);
      const start = (name: string) => withQemu(`${run} ${name}`, env, (qemu) => qemu.nics());
      const [first, other, again] = [await start("web"), await start("db"), await start("web")];
      const kept = (name: string) => shell(`macpool next --owner ${name}`, env).trim();
      expect(first).toEqual([{ netdev: "net0", backend: "user", mac: kept("web") }]);
      expect(other).toEqual([{ netdev: "net0", backend: "user", mac: kept("db") }]);
      expect(again).toEqual(first);
      expect(kept("db")).not.toBe(kept("web"));
    });

    test("starts nothing when the register refuses", async () => {
      await expect(withQemu(`${run} web`, env, (qemu) => qemu.nics())).rejects.toThrow(
        /exit code 3\).*REGISTER_MISSING/s,
      );
    });
  });

  withTools({ ...QEMU, ip: "iproute2", unshare: "util-linux" }, () => {
    const reason = whyNoTap();
    if (reason !== undefined) console.warn(`\nSKIPPED: run.sh with a tap device, because ${reason}.\n`);

    test.skipIf(reason !== undefined)("with TAP, puts the NIC on a tap with an address of its own", async () => {
      shell("macpool init", env);
      const tap = `mp${process.pid}`;
      await withQemu(`${run} web`, { ...env, TAP: tap }, async (qemu) => {
        const mac = shell("macpool next --owner web", env).trim();
        expect(await qemu.nics()).toEqual([{ netdev: "net0", backend: "tap", mac }]);
        expect(deviceFile(tap, "address")).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
        expect(deviceFile(tap, "address")).not.toBe(mac);
        expect(isUp(tap)).toBe(true);
      });
    });

    test.skipIf(reason !== undefined)("with BRIDGE, puts the tap on the bridge", async () => {
      shell("macpool init", env);
      const [tap, bridge] = [`mp${process.pid}`, `mb${process.pid}`];
      shell(`ip link add ${bridge} type bridge`, env);
      try {
        await withQemu(`${run} web`, { ...env, TAP: tap, BRIDGE: bridge }, async () => {
          expect(deviceFile(tap, "brport/port_no")).toMatch(/^0x/);
          expect(shell(`ip -o link show master ${bridge}`, env)).toContain(`${tap}:`);
        });
      } finally {
        shell(`ip link delete ${bridge}`, env);
      }
    });
  });
});

function deviceFile(device: string, file: string): string {
  return readFileSync(join("/sys/class/net", device, file), "utf8").trim();
}

/** IFF_UP is the lowest bit of a device's flags (linux/if.h). */
function isUp(device: string): boolean {
  return (Number(deviceFile(device, "flags")) & 1) === 1;
}
