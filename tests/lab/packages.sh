#!/bin/sh
# Installs the packages that boxes need. If boxes cannot run on this machine, prints the alternatives.
other="Alternatives: any host with SSH (lampctl deploy user@host), or a Vagrant machine."
fail() { echo "boxes cannot run here: $1. $other" >&2; exit 1; }
[ "$(uname -s)" = Linux ] || fail "they need Linux"
missing=
for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || [ "$(id -u)" != 0 ] || exit 0
[ "$(id -u)" = 0 ] || fail "they need root (run it with sudo)"
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || fail "apt-get is missing, so$missing cannot be installed"
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
{ apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing; } \
    >/tmp/lampctl-packages.log 2>&1 || { tail -n 5 /tmp/lampctl-packages.log >&2; fail "apt-get could not install$missing"; }
