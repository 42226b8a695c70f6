# dhcp-wire.sh DNSMASQ_CONF MAC
#
# Boots a guest from the network (iPXE, which comes with QEMU) on a tap device of which the other end is dnsmasq with
# ./hosts, until ./leases has an entry. To be run in a network namespace of its own.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
ip tuntap add dev tap0 mode tap
ip addr add 192.0.2.1/24 dev tap0
ip link set tap0 up

dnsmasq --keep-in-foreground --log-facility=- --user=root --pid-file= --conf-file="$1" \
  --dhcp-hostsfile="$PWD/hosts" --dhcp-leasefile="$PWD/leases" &
server=$!
qemu-system-x86_64 -machine q35 -m 64 -nodefaults -display none -boot n \
  -netdev tap,id=net0,ifname=tap0,script=no,downscript=no -device "virtio-net-pci,netdev=net0,mac=$2" &
guest=$!

left=450
while [ ! -s leases ] && [ "$left" -gt 0 ]; do
  sleep 0.1
  left=$((left - 1))
done
kill "$guest" "$server"
wait
