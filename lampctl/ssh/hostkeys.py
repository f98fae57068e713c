"""Host keys: an unknown one is shown and asked for, a changed one is refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import paramiko

from lampctl.errors import Unreachable


def fingerprint(key: paramiko.PKey) -> str:
    """As `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


class UnknownHostKey(paramiko.MissingHostKeyPolicy):
    """What to do with a host whose key is in no known_hosts file."""

    def __init__(self, accept: bool, ask: Callable[[str], bool] | None, known_hosts: Path) -> None:
        self._accept = accept
        self._ask = ask
        self._known_hosts = known_hosts

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        shown = fingerprint(key)
        if self._accept or (self._ask and self._ask(f"{hostname} has an unknown host key: {shown}\nIs it the host's?")):
            self._remember(hostname, key)
            return
        raise Unreachable(
            f"{hostname}: its host key is unknown: {shown}",
            "compare it with the host's own, then use --accept-new-host-key; on the host: "
            "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
            kind="host-key-unknown",
        )

    def _remember(self, hostname: str, key: paramiko.PKey) -> None:
        """Appended, never rewritten: the file is the user's."""
        if self._known_hosts == Path("/dev/null"):
            return
        self._known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._known_hosts.open("a+") as stream:
            stream.seek(0)
            text = stream.read()
            newline = "" if not text or text.endswith("\n") else "\n"
            stream.write(f"{newline}{hostname} {key.get_name()} {key.get_base64()}\n")


def changed(error: paramiko.BadHostKeyException) -> Unreachable:
    host = error.hostname
    return Unreachable(
        f"{host}: its host key is not the known one: "
        f"it is {fingerprint(error.key)}, known is {fingerprint(error.expected_key)}",
        f"somebody may be in between. If the host was made anew: ssh-keygen -R '{host}', and connect again",
        kind="host-key-changed",
    )
