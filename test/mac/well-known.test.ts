import { describe, expect, it } from "vitest";
import { classify } from "../../provider/mac/classify";
import { parseMac } from "../../provider/mac/mac";

const notes = [
  ["01:00:5e:7f:ff:ff", "IPv4 multicast"],
  ["01:00:5e:80:00:00", "IANA"],
  ["33:33:00:00:00:01", "IPv6 multicast"],
  ["01:80:c2:00:00:0f", "bridges never forward"],
  ["01:80:c2:00:00:10", "IEEE 802 standards"],
  ["01:00:0c:cc:cc:cd", "Cisco"],
  ["01:00:0c:cc:cc:ce", "odd first octet"],
  ["03:bf:01:02:03:04", "Network Load Balancing"],
  ["00:00:5e:00:01:07", "VRRP for IPv4"],
  ["00:00:5e:00:02:07", "VRRP for IPv6"],
  ["00:00:5e:00:53:07", "documentation"],
  ["00:00:5e:90:00:00", "IANA"],
  ["00:00:0c:07:ac:01", "HSRP"],
  ["02:bf:01:02:03:04", "Network Load Balancing"],
  ["fe:54:00:12:34:56", "libvirt"],
  ["52:54:00:12:34:56", "every VM that names no address"],
  ["52:54:00:12:34:57", "QEMU"],
  ["00:16:3e:00:00:00", "Xen"],
  ["00:50:56:3f:ff:ff", "by hand"],
  ["00:50:56:40:00:00", "VMkernel"],
  ["00:50:56:80:00:00", "vCenter"],
  ["00:50:56:bf:ff:ff", "vCenter"],
  ["00:50:56:c0:00:00", "VMkernel"],
  ["00:0c:29:00:00:00", "Workstation"],
  ["00:05:69:00:00:00", "VMware"],
  ["00:1c:14:00:00:00", "VMware"],
  ["00:15:5d:00:00:00", "Hyper-V"],
  ["00:03:ff:00:00:00", "Microsoft"],
  ["00:1d:d8:00:00:00", "Virtual Machine Manager"],
  ["08:00:27:00:00:00", "VirtualBox"],
  ["00:1c:42:00:00:00", "Parallels"],
  ["bc:24:11:00:00:00", "Proxmox"],
  ["10:66:6a:00:00:00", "Incus"],
  ["fa:16:3e:00:00:00", "ports"],
  ["fa:16:3f:00:00:00", "distributed routers"],
  ["fa:16:ee:00:00:00", "metadata"],
  ["aa:00:00:00:00:00", "Ganeti"],
  ["56:6f:00:00:00:00", "oVirt"],
  ["0a:58:00:00:00:00", "OVN-Kubernetes"],
  ["42:01:00:00:00:00", "Google Cloud"],
  ["02:00:00:00:00:00", "KubeVirt"],
  ["02:00:0a:00:00:01", "OpenNebula"],
  ["02:42:ac:11:00:02", "Docker"],
  ["02:11:22:33:44:55", "KubeMacPool"],
  ["42:02:00:00:00:00", "AAI"],
  ["06:00:00:00:00:00", "reserves"],
  ["2a:00:00:00:00:00", "Extended Local Identifier"],
  ["2e:00:00:00:00:00", "Standard Assigned Identifier"],
  ["00:11:22:33:44:55", "owner of its OUI"],
];

describe("the note", () => {
  it.each(notes)("on %s names %s", (text, words) => {
    expect(classify(parseMac(text)).note).toContain(words);
  });
});
