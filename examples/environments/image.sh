#!/bin/sh
# Make the image localhost/awk:1 from the machine's busybox (Debian and Ubuntu: apt-get install podman busybox-static).
set -eu
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
for name in sh awk; do ln -s busybox "$root/bin/$name"; done
tar -C "$root" -c . | podman import --quiet - localhost/awk:1
