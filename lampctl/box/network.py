"""The bridge of all boxes on this machine, and their addresses, shared by all homes."""

from __future__ import annotations

import socket
from pathlib import Path

from lampctl.box.tools import run
from lampctl.errors import LampctlError

BRIDGE = "lampctl0"
SUBNET = "10.213.77"
ADDRESSES = Path("/run/lampctl-box")  # one file for each address in use


def machine(address: str) -> str:
    """Short: it is part of the name of the box's interface on the bridge."""
    return f"lc{address.rsplit('.', 1)[1]}"


def free_address(owner: Path) -> str:
    for last in range(2, 250):
        path = ADDRESSES / f"{SUBNET}.{last}"
        if Path(f"/sys/class/net/vb-{machine(path.name)}").exists():
            continue  # still used by a process of its last box
        if not path.exists() or not Path(path.read_text()).is_dir():
            path.write_text(str(owner))
            return path.name
    raise LampctlError("all addresses of boxes are taken", "lampctl box list; lampctl box down NAME", kind="box")


def put_up() -> None:
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "address", "add", f"{SUBNET}.1/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    run("nft", "add", "table", "ip", "lampctl")
    run("nft", "add", "chain", "ip", "lampctl", "out", "{ type nat hook postrouting priority 100 ; }")
    run("nft", "flush", "chain", "ip", "lampctl", "out")
    masquerade = f'ip saddr {SUBNET}.0/24 oifname != "{BRIDGE}" masquerade'
    run("nft", "add", "rule", "ip", "lampctl", "out", *masquerade.split())


def take_down() -> None:
    run("nft", "delete", "table", "ip", "lampctl", check=False)
    run("ip", "link", "delete", BRIDGE, check=False)


def answers(address: str) -> bool:
    """Whether sshd sends its banner at this address."""
    try:
        with socket.create_connection((address, 22), 0.5) as sock:
            return sock.recv(4) == b"SSH-"
    except OSError:
        return False
