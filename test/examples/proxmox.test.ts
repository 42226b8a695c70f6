import { promisesOf } from "./support/typed";

promisesOf({
  name: "proxmox",
  plugin: { npm: "@muhlba91/pulumi-proxmoxve", name: "proxmoxve" },
  nic: { type: "proxmoxve:index/vmLegacy:VmLegacy", path: ["networkDevices", 0, "macAddress"] },
  form: /^42(:[0-9A-F]{2}){5}$/,
});
