import * as pulumi from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

/** Returns the XML of a domain with these `<interface>` elements. */
function domain(name: string, interfaces: pulumi.Output<string>[]): pulumi.Output<string> {
  return pulumi
    .all(interfaces)
    .apply((elements) =>
      [
        "<domain type='kvm'>",
        `  <name>${name}</name>`,
        "  <memory unit='MiB'>512</memory>",
        "  <vcpu>1</vcpu>",
        "  <os><type arch='x86_64'>hvm</type></os>",
        "  <devices>",
        ...elements.map((element) => element.replace(/^/gm, "    ")),
        "  </devices>",
        "</domain>",
      ].join("\n"),
    );
}

const lan = new MacAddress("web-lan");
const storage = new MacAddress("web-storage");

export const web = domain("web", [
  lan.libvirtInterface({ network: "default" }),
  storage.libvirtInterface({ bridge: "br0", model: "e1000e" }),
]);

export const db = domain("db", [new MacAddress("db-lan").libvirtInterface({ network: "default" })]);
