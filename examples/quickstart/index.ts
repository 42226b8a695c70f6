import { MacAddress } from "pulumi-macpool";

// One address a NIC. Pass `mac.address` to whatever makes the VM.
const web = new MacAddress("web-1");
const db = new MacAddress("db-1", { description: "primary database", tags: { rack: "a3" } });

export const webAddress = web.address;
export const dbAddress = db.address;
export const qemuDevice = web.qemuDevice("net0");
