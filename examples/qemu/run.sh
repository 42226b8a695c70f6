#!/bin/sh
# run.sh NAME [QEMU OPTION...]
#
# Starts a VM with one NIC, whose address is the one that the register keeps for NAME: the same at every start.
# With TAP=tap0 in the environment the NIC is on a tap device (needs root), with BRIDGE=br0 also on that bridge;
# without, it is in QEMU's user network.
set -eu
name=$1
shift

mac=$(macpool next --owner "$name")

net=user,id=net0
if [ -n "${TAP:-}" ]; then
  # The tap is the host's end of the wire and gets an address from the kernel. With the guest's, the bridge would take
  # the guest for itself.
  net="tap,id=net0,ifname=$TAP,script=$(dirname "$0")/tap-up.sh,downscript=no"
fi

exec qemu-system-x86_64 -machine q35 -m 64 -nodefaults -display none \
  -netdev "$net" -device "virtio-net-pci,netdev=net0,mac=$mac" "$@"
