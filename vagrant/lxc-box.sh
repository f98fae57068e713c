#!/bin/sh
# Builds a box for Vagrant's lxc provider in half a minute. Such boxes are no longer published.
#     sudo apt-get install --no-install-recommends vagrant vagrant-lxc lxc mmdebstrap
#     sudo ./lxc-box.sh trixie trixie.box && vagrant box add --name lampctl/debian-13 trixie.box
# Instead of RELEASE it accepts a folder with the root file system of Debian or Ubuntu, and copies it.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 RELEASE|ROOT FILE.box" >&2; exit 2; }
from=$1
box=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# This key's private half is public: Vagrant replaces it with a new key at the first `up`.
key='ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key'

packages=systemd-sysv,dbus,openssh-server,sudo,iproute2,ca-certificates
if [ -d "$from" ]; then cp -a "$from" rootfs; else mmdebstrap --quiet --variant=apt --include=$packages "$from" rootfs; fi

# Inside the new system. The provider configures the network; systemd-networkd is enabled only because Vagrant's
# `vm.hostname` restarts it, and does not manage eth0.
chroot rootfs sh -eu -s "$key" <<'INSIDE'
useradd --create-home --shell /bin/bash vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/vagrant
chmod 440 /etc/sudoers.d/vagrant
install -d -m 700 -o vagrant -g vagrant /home/vagrant/.ssh
echo "$1" > /home/vagrant/.ssh/authorized_keys
chown vagrant:vagrant /home/vagrant/.ssh/authorized_keys
printf '[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n' > /etc/systemd/network/10-eth0.network
exec 2> /dev/null # systemctl warns about the missing /proc
systemctl enable systemd-networkd
systemctl disable systemd-networkd-wait-online || :
systemctl mask systemd-modules-load # the kernel is the host's
# Keys in the box would be shared by all its machines, and known to anyone who has the file. Each machine generates its own.
rm -f /etc/ssh/ssh_host_*
cat > /etc/systemd/system/ssh-host-keys.service <<'UNIT'
[Unit]
Description=SSH host keys of this machine
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=ssh.service
UNIT
systemctl enable ssh-host-keys
: > /etc/machine-id
rm -f /etc/hostname /etc/resolv.conf
INSIDE
for file in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do # the first, because 127.0.0.53 in the second would not be this machine's resolver there
    if [ -e "$file" ]; then cp "$file" rootfs/etc/resolv.conf; break; fi
done
tar --numeric-owner -I 'gzip -1' -cf rootfs.tar.gz rootfs

# --strip-components: the provider unpacks into its own folder.
echo '{"provider": "lxc", "version": "1.0.0", "template-opts": {"--strip-components": "1"}}' > metadata.json
echo 'lxc.include = /usr/share/lxc/config/common.conf' > lxc-config
tar -cf "$box" metadata.json lxc-config rootfs.tar.gz
