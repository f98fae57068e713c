"""The programs that boxes need, and how to run them."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lampctl.errors import LampctlError

_TOOLS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "ip": "iproute2",
    "ssh-keygen": "openssh-client",
}


def available() -> None:
    """Raises LampctlError, with the alternatives, if boxes cannot run on this machine."""
    why, hint = missing_for_boxes()
    if why:
        raise LampctlError(
            f"boxes can't run here: {why}",
            f"{hint}{'. ' if hint else ''}Other ways: any host with SSH (lampctl deploy user@host), or a Vagrant box",
            kind="box-unavailable",
        )


def missing_for_boxes() -> tuple[str, str]:
    """(why boxes cannot run on this machine, or empty; how to install what is missing)."""
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if os.uname().sysname != "Linux":
        return "they need Linux", ""
    if os.geteuid() != 0:
        # pipx's directory is not in sudo's PATH
        return "they need root", f"run it with sudo: sudo {shlex.quote(str(Path(sys.argv[0]).absolute()))} box …"
    if missing:
        packages = " ".join(_TOOLS[tool] for tool in missing)
        return f"{', '.join(missing)} is missing", f"apt-get install --no-install-recommends {packages}"
    return "", ""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds an exclusive lock; the kernel releases it when its holder ends."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*argv: str, check: bool = True) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if check and done.returncode:
        evidence = (done.stderr or done.stdout)[-1500:]
        raise LampctlError(f"{argv[0]} failed ({done.returncode})", " ".join(argv), kind="box", evidence=evidence)
