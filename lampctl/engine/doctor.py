"""`lampctl doctor`: what lampctl needs on this machine, and how to install what is missing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lampctl.box import missing_for_boxes
from lampctl.ssh.configfile import aliases, lines

OLDEST = (3, 11)  # of Python
_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
_PROVIDERS = {"VBoxManage": "VirtualBox", "virsh": "libvirt", "lxc-create": "lxc"}


@dataclass(frozen=True)
class Finding:
    """One requirement. `needed`: `deploy` can't work without it; `get`: how to install it if it is missing."""

    name: str
    ok: bool
    found: str
    get: str = ""
    needed: bool = False


def findings() -> list[Finding]:
    return [finding for look in _LOOKS for finding in look()]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST))
    get = f"apt-get install python3; lampctl needs {oldest} or newer"
    yield Finding("python", sys.version_info >= OLDEST, version, get, needed=True)


def _config() -> Iterator[Finding]:
    path = Path("~/.ssh/config").expanduser()
    if not path.exists():
        yield Finding("ssh config", True, "no ~/.ssh/config: hosts are named user@host:port")
        return
    try:
        from paramiko import SSHConfig

        SSHConfig.from_text("\n".join(lines(path)))
        yield Finding("ssh config", True, f"~/.ssh/config names {len(list(aliases(path)))} hosts", needed=True)
    except Exception as error:
        yield Finding("ssh config", False, f"can't be read: {error}", "ssh -G HOST shows what is wrong", needed=True)


def _keys() -> Iterator[Finding]:
    """One of them is needed, unless the playbook's hosts are `local`, or -i or ssh_config names another key."""
    folder = Path("~/.ssh").expanduser()
    keys = [name for name in _KEYS if (folder / name).is_file()]
    agent = _agent()
    yield Finding(
        "ssh key", bool(keys), ", ".join(keys) or "none in ~/.ssh", "ssh-keygen -t ed25519; ssh-copy-id USER@HOST"
    )
    yield Finding(
        "ssh agent", bool(agent), agent or "none; it is for keys with a passphrase", 'eval "$(ssh-agent)"; ssh-add'
    )


def _agent() -> str:
    """The number of the agent's keys; empty if there is no agent."""
    path = os.environ.get("SSH_AUTH_SOCK", "")
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(1)
            agent.connect(path)
    except OSError:
        return ""
    if not shutil.which("ssh-add"):
        return "answers"
    listed = subprocess.run(["ssh-add", "-l"], capture_output=True, text=True, check=False, timeout=5)
    return f"{len(listed.stdout.splitlines()) if listed.returncode == 0 else 0} keys"


def _client() -> Iterator[Finding]:
    yield _program("ssh", "ssh client", "openssh-client", "for ProxyCommand and lampctl box ssh; deploy has its own")


def _vagrant() -> Iterator[Finding]:
    yield _program("vagrant", "vagrant", "vagrant vagrant-lxc lxc", "for Vagrant boxes")
    found = [title for tool, title in _PROVIDERS.items() if shutil.which(tool)]
    yield Finding(
        "vagrant provider",
        bool(found),
        ", ".join(found) or "none",
        "apt-get install --no-install-recommends vagrant-lxc lxc",
    )


def _boxes() -> Iterator[Finding]:
    why, get = missing_for_boxes()
    yield Finding("boxes", not why, why or "lampctl box up NAME works here", get)


def _program(tool: str, name: str, packages: str, what: str) -> Finding:
    path = shutil.which(tool)
    get = f"apt-get install --no-install-recommends {packages}"
    return Finding(name, bool(path), path or f"missing ({what})", get)


_LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (_python, _config, _keys, _client, _vagrant, _boxes)
