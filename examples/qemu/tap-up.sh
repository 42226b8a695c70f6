#!/bin/sh
# Called by QEMU with the name of the tap device that it made.
set -eu
if [ -n "${BRIDGE:-}" ]; then ip link set "$1" master "$BRIDGE"; fi
ip link set "$1" up
