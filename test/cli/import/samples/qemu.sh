#!/bin/sh
# -device virtio-net-pci,mac=52:54:00:00:00:01 in a comment is nobody's
mac=52:54:00:6b:3c:5d
qemu-system-x86_64 -enable-kvm -m 1024 \
  -name 'guest=web,,1,debug-threads=on' \
  -netdev tap,id=net0,ifname=tap0,script=no -device virtio-net-pci,netdev=net0,mac=52:54:00:6b:3c:58 \
  -nic user,model=e1000,mac=52:54:00:6b:3c:59,id=mgmt &
qemu-system-aarch64 -name "db" -net nic,macaddr=52:54:00:6b:3c:5a,model=virtio -net user; qemu-system-x86_64 \
  -device '{"driver": "virtio-net-pci", "netdev": "n1", "mac": "52:54:00:6b:3c:5b"}' --device e1000,mac=52:54:00:6b:3c:5c
qemu-system-x86_64 -name shell -nic user,mac=$mac
