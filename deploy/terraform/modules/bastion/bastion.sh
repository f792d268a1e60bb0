#!/bin/bash
# First start: psql, and swap because 512 MB are too few for the package manager.
set -euo pipefail
dd if=/dev/zero of=/swapfile bs=1M count=512
chmod 600 /swapfile
mkswap /swapfile
echo '/swapfile none swap defaults 0 0' >> /etc/fstab
swapon -a
dnf install -y postgresql16
