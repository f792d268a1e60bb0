#!/bin/bash
# First start of the NAT instance: masquerade what comes from ${cidr}, now and after every reboot.
set -euo pipefail

# 512 MB are too few for the package manager.
if [ ! -e /swapfile ]; then
  dd if=/dev/zero of=/swapfile bs=1M count=512
  chmod 600 /swapfile
  mkswap /swapfile
  echo '/swapfile none swap defaults 0 0' >> /etc/fstab
fi
swapon -a

for attempt in 1 2 3 4 5; do
  if dnf install -y nftables; then break; fi
  sleep $((attempt * 5))
done

echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/90-nat.conf
sysctl -p /etc/sysctl.d/90-nat.conf

# Segments are clamped: the VPC speaks 9001 bytes, the internet 1500.
cat > /etc/sysconfig/nftables.conf <<'RULES'
flush ruleset
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${cidr} ip daddr != ${cidr} masquerade
  }
}
table ip clamp {
  chain forward {
    type filter hook forward priority 0;
    tcp flags syn tcp option maxseg size set rt mtu
  }
}
RULES
systemctl enable nftables
systemctl restart nftables
