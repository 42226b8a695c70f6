import type { V1VirtualMachineSpec } from "@kubevirt-ui/kubevirt-api/kubevirt/models/V1VirtualMachineSpec";
import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { Config } from "@pulumi/pulumi";
import { MacAddress } from "pulumi-macpool";

const labels = { app: "web-1" };
const networkName = new Config().get("network") ?? "lan";

const nic = new MacAddress("web-1", { description: "interface lan of web-1" });

const vm = new CustomResource(
  "web-1",
  {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "web-1", labels },
    spec: nic.address.apply(virtualMachine),
  },
  // A successor has the same address, so the two must never run at the same time.
  { deleteBeforeReplace: true },
);

export const address = nic.address;
export const name = vm.metadata.name;

/**
 * Returns the specification in KubeVirt's published types: Kubernetes drops a misspelt `macAddres` without a word, and
 * KubeVirt would then choose an address of its own.
 */
function virtualMachine(macAddress: string): V1VirtualMachineSpec {
  return {
    runStrategy: "Always",
    template: {
      metadata: { labels },
      spec: {
        domain: {
          devices: {
            disks: [{ name: "root", disk: { bus: "virtio" } }],
            interfaces: [{ name: "lan", model: "virtio", bridge: {}, macAddress }],
          },
          memory: { guest: "1Gi" },
        },
        networks: [{ name: "lan", multus: { networkName } }],
        volumes: [{ name: "root", containerDisk: { image: "quay.io/containerdisks/debian:12" } }],
      },
    },
  };
}
