#!/bin/sh
# Installs what boxes need, where this machine can have them; else says which other ways there are.
other="Other ways: any host with SSH (lampctl deploy user@host), or a Vagrant box."
fail() { echo "boxes can't run here: $1. $other" >&2; exit 1; }
[ "$(uname -s)" = Linux ] || fail "they need Linux"
missing=
for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || [ "$(id -u)" != 0 ] || exit 0
[ "$(id -u)" = 0 ] || fail "they need root (run it with sudo)"
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || fail "there is no apt-get to install$missing with"
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
{ apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing; } \
    >/tmp/lampctl-packages.log 2>&1 || { tail -n 5 /tmp/lampctl-packages.log >&2; fail "apt-get could not install$missing"; }
