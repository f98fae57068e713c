"""One box: its disk, and the files that are written to it before it boots."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from lampctl.box.network import SUBNET
from lampctl.box.tools import run


@dataclass(frozen=True)
class Box:
    """One box. `address` is its IPv4 address on the bridge."""

    name: str
    release: str
    address: str
    running: bool
    directory: Path

    @property
    def root(self) -> Path:
        return self.directory / "root"

    @property
    def pid_file(self) -> Path:
        return self.directory / "pid"


def mount(box: Box, base: Path) -> None:
    lower = ":".join([*json.loads((box.directory / "box.json").read_text())["lower"], str(base)])
    unmount(box)
    # volatile: no write waits for the disk. A box's data survives its own power cut, but not this machine's.
    layers = f"lowerdir={lower},upperdir={box.directory}/upper,workdir={box.directory}/work,volatile"
    shutil.rmtree(box.directory / "work")  # contains the kernel's mark that the last mount was volatile
    (box.directory / "work").mkdir()
    run("mount", "-t", "overlay", "overlay", "-o", layers, str(box.root))


def unmount(box: Box) -> None:
    run("umount", "-l", str(box.root), check=False)


def configure(box: Box, key: Path) -> None:
    """Write its name, its address, and `key` as an authorized key, which is created if it does not exist."""
    root = box.root
    if not key.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lampctl-box", "-f", str(key))
    ssh = root / "root/.ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(f"{key}.pub", ssh / "authorized_keys")
    host_key = root / "etc/ssh/ssh_host_ed25519_key"
    if not (box.directory / "host_key.pub").exists():
        for old in (root / "etc/ssh").glob("ssh_host_*"):
            old.unlink()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", box.name, "-f", str(host_key))
        shutil.copy(f"{host_key}.pub", box.directory / "host_key.pub")
    (root / "etc/hostname").write_text(f"{box.name}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {box.name}\n::1 localhost\n")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    # 10-: before systemd's own 80-container-host0.network, which would use DHCP.
    network = f"[Match]\nName=host0\n[Network]\nAddress={box.address}/24\nGateway={SUBNET}.1\n"
    (root / "etc/systemd/network/10-host0.network").write_text(network)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    link = wants / "systemd-networkd.service"
    if not link.is_symlink():
        link.symlink_to("/lib/systemd/system/systemd-networkd.service")
