import * as openstack from "@pulumi/openstack";
import { Config } from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

const config = new Config();

const nic = new MacAddress("web-1", { description: "port of web-1" });

const port = new openstack.networking.Port(
  "web-1",
  { name: "web-1", networkId: config.require("networkId"), macAddress: nic.address },
  // Neutron refuses a second port with the same address on a network, so the old one has to go first.
  { deleteBeforeReplace: true },
);

const instance = new openstack.compute.Instance(
  "web-1",
  {
    name: "web-1",
    imageName: config.get("image") ?? "debian-12",
    flavorName: config.get("flavor") ?? "m1.small",
    // The port brings the network and the address; `networks[].mac` is an output.
    networks: [{ port: port.id }],
  },
  { deleteBeforeReplace: true },
);

export const address = nic.address;
export const instanceId = instance.id;
