import type { Mac } from "./mac";
import { contains, parseRange, type Range } from "./range";

/**
 * Blocks with a known use, each with a sentence that says whose; a narrower block stands before the wider one it lies in.
 * Group blocks and protocols: RFC 9542, RFC 2464, IEEE 802.1Q table 8-1, the vendors' manuals. The rest: what hypervisors
 * and clouds were seen to use; several of these prefixes are registered with nobody.
 */
const table: readonly (readonly [block: string, note: string])[] = [
  ["01:00:5e:00:00:00/25", "01:00:5e is IPv4 multicast (RFC 1112)."],
  ["01:00:5e", "01:00:5e is IANA's multicast block (RFC 9542)."],
  ["33:33", "33:33 is IPv6 multicast (RFC 2464)."],
  ["01:80:c2:00:00:00/44", "01:80:c2:00:00:00 to 0f are link-local groups that bridges never forward (IEEE 802.1Q)."],
  ["01:80:c2", "01:80:c2 holds the group addresses of IEEE 802 standards."],
  ["01:00:0c:cc:cc:cc/47", "01:00:0c:cc:cc:cc and cd are Cisco's CDP, VTP and PVST+ groups."],
  ["03:bf", "03:bf is Microsoft Network Load Balancing in multicast mode."],

  ["00:00:5e:00:01", "00:00:5e:00:01 is VRRP for IPv4 (RFC 9568)."],
  ["00:00:5e:00:02", "00:00:5e:00:02 is VRRP for IPv6 (RFC 9568)."],
  ["00:00:5e:00:53", "00:00:5e:00:53 is for documentation (RFC 9542)."],
  ["00:00:5e", "00:00:5e is IANA's block for protocols (RFC 9542)."],
  ["00:00:0c:07:ac", "00:00:0c:07:ac is Cisco's HSRP."],
  ["02:bf", "02:bf is Microsoft Network Load Balancing in unicast mode."],

  ["52:54:00:12:34:56", "QEMU gives 52:54:00:12:34:56 to the first NIC of every VM that names no address."],
  ["52:54:00", "52:54:00 is used by QEMU, KVM, libvirt and MAAS."],
  ["00:16:3e", "00:16:3e belongs to Xen; virt-manager and older LXD use it too."],
  ["00:50:56:00:00:00/26", "00:50:56:00 to 3f belong to VMware, for addresses set by hand."],
  ["00:50:56:80:00:00/26", "00:50:56:80 to bf belong to VMware, handed out by vCenter."],
  ["00:50:56", "00:50:56 belongs to VMware, here for VMkernel or reserved."],
  ["00:0c:29", "00:0c:29 belongs to VMware, handed out by ESXi and Workstation."],
  ["00:05:69", "00:05:69 belongs to VMware."],
  ["00:1c:14", "00:1c:14 belongs to VMware."],
  ["00:15:5d", "00:15:5d belongs to Microsoft Hyper-V, which puts the host's IP address into it."],
  ["00:03:ff", "00:03:ff belongs to Microsoft, for older virtual machines."],
  ["00:1d:d8", "00:1d:d8 belongs to Microsoft, for Virtual Machine Manager pools."],
  ["08:00:27", "08:00:27 is used by VirtualBox."],
  ["00:1c:42", "00:1c:42 belongs to Parallels."],
  ["bc:24:11", "bc:24:11 belongs to Proxmox."],
  ["10:66:6a", "10:66:6a is used by Incus."],
  ["fa:16:3e", "fa:16:3e is used by OpenStack Neutron for ports."],
  ["fa:16:3f", "fa:16:3f is used by OpenStack Neutron for distributed routers."],
  ["fa:16:ee", "fa:16:ee is used by OpenStack Neutron for its metadata service."],
  ["aa:00:00", "aa:00:00 is used by Ganeti."],
  ["56:6f", "56:6f is used by oVirt."],
  ["0a:58", "0a:58 is used by OVN-Kubernetes, followed by the pod's IP address."],
  ["42:01", "42:01 is used by Google Cloud, followed by the instance's IPv4 address."],
  ["02:00:00:00:00:00", "KubeVirt gives 02:00:00:00:00:00 to its bridges."],
  ["02:00", "02:00 is used by OpenNebula, followed by the VM's IPv4 address."],
  ["02:42", "02:42 is used by Docker bridges."],
  ["02", "02 is used by KubeMacPool, which picks the two octets that follow."],
];

const blocks: readonly { readonly ranges: readonly Range[]; readonly note: string }[] = table.map(([block, note]) => ({
  ranges: [parseRange(block)],
  note,
}));

/** Returns a sentence that names the narrowest well-known block `mac` lies in and who uses it, or undefined. */
export function wellKnownNote(mac: Mac): string | undefined {
  return blocks.find(({ ranges }) => contains(ranges, mac))?.note;
}
