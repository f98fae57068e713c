"""Applications from Debian's packages, laid out as the folders that their own archives have.

A package spreads its files over /usr/share, /etc and /var/lib, with absolute links between them; a site's source is one folder.
What Debian's versions take from other packages in /usr/share stays there: the site's `packages` bring it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.hosts.conftest import Host


@dataclass(frozen=True)
class Application:
    """Attributes:
    packages: What is unpacked.
    top: The folder that becomes the source.
    beside: Folders elsewhere, by where they belong in the source.
    """

    packages: tuple[str, ...]
    top: str
    beside: Mapping[str, str] = field(default_factory=dict)


_SCRIPTS = ("libjs-bootstrap5", "libjs-codemirror", "libjs-jquery", "libjs-jquery-mousewheel", "libjs-jquery-tablesorter",
            "libjs-jquery-timepicker", "libjs-jquery-ui")  # fmt: skip
APPLICATIONS = {
    "mediawiki": Application(("mediawiki", "mediawiki-classes"), "var/lib/mediawiki"),
    "dokuwiki": Application(
        ("dokuwiki",), "usr/share/dokuwiki", {"conf": "etc/dokuwiki", "data": "var/lib/dokuwiki/data"}
    ),
    "adminer": Application(("adminer", "libjs-jush"), "usr/share/adminer"),
    "phpmyadmin": Application(("phpmyadmin", *_SCRIPTS), "usr/share/phpmyadmin"),
}


def lay_out(host: Host, name: str, folder: Path) -> None:
    """Make `folder` the source of an application, from the packages of the host's distribution."""
    application = APPLICATIONS[name]
    tree = folder.with_name(f"{folder.name}.packages")
    tree.mkdir(parents=True)
    _unpack(host, application.packages, tree)
    _copy(tree, tree / application.top, folder)
    for place, where in application.beside.items():
        _copy(tree, tree / where, folder / place)
    shutil.rmtree(tree)


def _unpack(host: Host, packages: tuple[str, ...], tree: Path) -> None:
    """The host downloads them; `dpkg-deb` of this machine unpacks them."""
    wanted = " ".join(packages)
    fetch = f"mkdir -p /root/debs && cd /root/debs && apt-get -qq update && apt-get -qq download {wanted}"
    host.sh(f"({fetch}) 2>&1")
    for deb in sorted((host.box.root / "root/debs").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(deb), str(tree)], check=True)
    host.sh("rm -r /root/debs")


def _copy(tree: Path, source: Path, to: Path) -> None:
    """Copy a folder; links, also absolute ones, become what they point to within the packages, or nothing."""
    real = _real(tree, source)
    to.mkdir(parents=True, exist_ok=True)
    for entry in sorted(real.iterdir()):
        found = _real(tree, entry)
        if found.is_dir():
            _copy(tree, found, to / entry.name)
        elif found.is_file():
            shutil.copy(found, to / entry.name)


def _real(tree: Path, path: Path) -> Path:
    """What a path of the packages points to, as if they were installed."""
    for _ in range(10):
        if not path.is_symlink():
            return path
        target = path.readlink()
        path = tree / target.relative_to("/") if target.is_absolute() else path.parent / target
    raise OSError(f"{path}: too many links")
