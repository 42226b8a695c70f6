import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import { Config } from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

const config = new Config();

const nic = new MacAddress("web-1", { description: "net0 of web-1" });

const vm = new proxmox.VmLegacy(
  "web-1",
  {
    name: "web-1",
    nodeName: config.get("node") ?? "pve",
    cpu: { cores: 2, type: "x86-64-v2-AES" },
    memory: { dedicated: 2048 },
    operatingSystem: { type: "l26" },
    disks: [{ interface: "scsi0", datastoreId: config.get("datastore") ?? "local-lvm", size: 8 }],
    // Proxmox VE writes addresses in upper case; given in lower case, every refresh would show a change.
    networkDevices: [{ model: "virtio", bridge: config.get("bridge") ?? "vmbr0", macAddress: nic.upper }],
  },
  // A successor has the same address, so the two must never run at the same time.
  { deleteBeforeReplace: true },
);

export const address = nic.upper;
export const vmId = vm.vmId;
