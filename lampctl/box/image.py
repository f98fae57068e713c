"""The base image of a release, built once; boxes are overlays of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from lampctl.box.tools import locked, run

RELEASES = ("trixie", "bookworm", "sid")
PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,ca-certificates,iproute2,sudo"
ARCHIVE = "http://deb.debian.org/debian"


def base(cache: Path, release: str, say: Callable[[str], None]) -> Path:
    """The release's root file system, built under another name first, so that it is complete or missing."""
    base = cache / release
    if base.is_dir():
        return base
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / f"{release}.lock"):
        if not base.is_dir():  # another process may have built it meanwhile
            say(f"building the {release} base (once, half a minute)")
            _build(cache, release).rename(base)
    return base


def _stale(release: str) -> list[str]:
    """Unstable's index expires after a week, and mirrors that are snapshots keep it longer; others' must be current.

    mmdebstrap leaves the option in the base, so each apt-get in a box accepts what this accepts.
    """
    return ['--aptopt=Acquire::Check-Valid-Until "false"'] if release == "sid" else []


def _build(cache: Path, release: str) -> Path:
    half = cache / f"{release}.new"
    shutil.rmtree(half, ignore_errors=True)
    tar = cache / f"{release}.tar"
    sources = [f"deb {ARCHIVE} {release} main"]
    if release != "sid":
        sources.append(f"deb {ARCHIVE} {release}-updates main")
        sources.append(f"deb {ARCHIVE}-security {release}-security main")
    options = ["--variant=minbase", f"--include={PACKAGES}", *_stale(release)]
    options += ["--skip=cleanup/apt/lists"]  # hosts have them too; otherwise each box would download them again
    run("mmdebstrap", "--quiet", *options, release, str(tar), *sources)
    half.mkdir()
    run("tar", "-C", str(half), "--numeric-owner", "-xpf", str(tar))
    tar.unlink()
    for key in half.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    (half / "etc/systemd/system/systemd-modules-load.service").symlink_to("/dev/null")  # it uses this machine's kernel
    (half / "etc/machine-id").write_text("")
    return half
