"""A package archive like those of third parties, signed with a key that is created for the test.

It has `lab-tool` and, for trixie, bookworm's PHP with a php-common that can be installed beside trixie's own PHP: Debian's
php-common excludes the PHP of every other release. (Bookworm gets no older PHP: bullseye is leaving the mirrors.)
"""

from __future__ import annotations

import functools
import http.server
import io
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lampctl.box import SUBNET
from tests.hosts.conftest import Host

OLDER, OLDER_SUITE = "8.2", "bookworm"

_PHP = rf"""
mkdir -p /root/lists/partial; cd /srv/archive/pool
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian {OLDER_SUITE} main' > /root/list
other="-o Dir::Etc::sourcelist=/root/list -o Dir::Etc::sourceparts=- -o Dir::State::lists=/root/lists"
apt-get $other -qq update 2>/dev/null
apt-get $other -qq download {" ".join(f"php{OLDER}-{part}" for part in ("common", "cli", "fpm", "opcache", "readline", "mysql"))} 2>/dev/null
apt-get -qq update; apt-get -qq download php-common 2>/dev/null
dpkg-deb -R php-common_*.deb /root/common; rm php-common_*.deb
sed -i -e '/^Breaks:/d' -e 's/^Version: .*/&+lab1/' /root/common/DEBIAN/control
dpkg-deb -b /root/common php-common.deb >/dev/null
rm -rf /root/list /root/lists /root/common
"""
_TOOL = r"""
mkdir -p /root/tool/DEBIAN /root/tool/usr/bin
printf 'Package: lab-tool\nVersion: 1\nArchitecture: all\nMaintainer: Lab <lab@lampctl.test>\nDescription: a tool\n' \
    > /root/tool/DEBIAN/control
printf '#!/bin/sh\necho a tool of the lab\n' > /root/tool/usr/bin/lab-tool; chmod 755 /root/tool/usr/bin/lab-tool
dpkg-deb -b /root/tool /srv/archive/pool/lab-tool.deb >/dev/null
rm -r /root/tool
"""
_INDEX = r"""
cd /srv/archive; mkdir -p dists/lab/main/binary-amd64
for deb in pool/*.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum < "$deb" | cut -d' ' -f1)"
done > dists/lab/main/binary-amd64/Packages
cd dists/lab; list=main/binary-amd64/Packages
printf 'Origin: Lab\nSuite: lab\nCodename: {codename}\nArchitectures: amd64\nComponents: main\nDate: %s\nSHA256:\n %s %s %s\n' \
    "$(date -Ru)" "$(sha256sum < $list | cut -d' ' -f1)" "$(stat -c %s $list)" "$list" > Release
"""


@dataclass(frozen=True)
class Archive:
    url: str
    key: str

    def repository(self) -> dict[str, object]:
        """The repository's options in a playbook."""
        return {"url": self.url, "suite": "lab", "key": self.key}


@contextmanager
def served(host: Host, release: str, folder: Path) -> Iterator[Archive]:
    """Build the archive on the box, move it to this machine, and serve it while the block runs."""
    php = _PHP if release == "trixie" else ""
    # It has the release's codename, as archives of third parties do: a pin by codename would match the release itself.
    host.sh(f"mkdir -p /srv/archive/pool\n{php}{_TOOL}{_INDEX.format(codename=release)}")
    argv = host.boxes.ssh_argv(host.box.name, "tar -C /srv/archive -c . && rm -r /srv/archive")
    data = subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        tar.extractall(folder / "archive", filter="data")
    key = _sign(folder / "archive/dists/lab", folder / "gnupg")
    handler = functools.partial(_Quiet, directory=str(folder / "archive"))
    server = http.server.ThreadingHTTPServer((f"{SUBNET}.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Archive(f"http://{SUBNET}.1:{server.server_port}/", key)
    finally:
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _sign(suite: Path, home: Path) -> str:
    """Sign the Release file; returns the armored public key."""
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback")
    subprocess.run([*gpg, "--quick-gen-key", "lab@lampctl.test", "ed25519", "sign", "1d"], check=True, timeout=60)
    subprocess.run([*gpg, "--clearsign", "--output", str(suite / "InRelease"), str(suite / "Release")], check=True)
    done = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    return done.stdout.strip()
