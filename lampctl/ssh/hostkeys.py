"""Host keys: a known one is accepted, the user is asked about an unknown one, a changed or revoked one is refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

from lampctl.errors import Unreachable, UsageError
from lampctl.ssh import knownhosts
from lampctl.ssh.knownhosts import Known
from lampctl.ssh.options import ConnectOptions


def fingerprint(kind: str, key: bytes) -> str:
    """The fingerprint, as `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return f"{kind} SHA256:{digest}"


# The signature algorithms of an RSA key, which known_hosts calls `ssh-rsa`.
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")


def prefer_known_types(transport: paramiko.Transport, known: Known) -> None:
    """Request a host key of a known type: the host's keys of other types would look like changed ones."""
    options = transport.get_security_options()
    first = list(dict.fromkeys(name for kind, _ in known.keys for name in _algorithms(transport, kind)))
    options.key_types = (*first, *(name for name in options.key_types if name not in first))


def _algorithms(transport: paramiko.Transport, kind: str) -> list[str]:
    """The algorithms by which a key of this type can be verified here."""
    possible = transport.get_security_options().key_types
    return [name for name in (_RSA if kind == "ssh-rsa" else (kind,)) if name in possible]


@dataclass
class HostKeys(paramiko.MissingHostKeyPolicy):
    """What to do with a host's key. paramiko is given no known keys, so that it calls this policy for every key.

    `name`: the host's name in known_hosts, whatever paramiko calls it.
    """

    name: str
    known: Known
    accept: bool
    ask: Callable[[str], bool] | None
    file: Path  # to which an accepted key is added
    hash_names: bool = False

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        kind, blob, name = key.get_name(), key.asbytes(), self.name
        shown = fingerprint(kind, blob)
        if blob in self.known.revoked:
            raise _revoked(name, shown)
        if blob in [good for _, good in self.known.keys]:
            return
        transport = client.get_transport()
        assert transport
        unrevoked = (found for found in self.known.keys if found[1] not in self.known.revoked)
        others = [found for found in unrevoked if _algorithms(transport, found[0])]
        if others:
            same = [found for found in others if found[0] == kind]
            raise _changed(name, shown, fingerprint(*(same or others)[0]))
        if self.accept or (self.ask and self.ask(f"{name} has an unknown host key: {shown}\nIs it the host's?")):
            self._remember(key)
            return
        raise _unknown(name, shown, self.known.authorities)

    def _remember(self, key: paramiko.PKey) -> None:
        """Append the key to the file, which is the user's and never rewritten."""
        if self.file == Path("/dev/null"):
            return
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = knownhosts.hashed(self.name) if self.hash_names else self.name
        with self.file.open("a+", errors="replace") as stream:
            stream.seek(0)
            text = stream.read()
            newline = "" if not text or text.endswith("\n") else "\n"
            stream.write(f"{newline}{name} {key.get_name()} {key.get_base64()}\n")


def policy(name: str, settings: Mapping[str, Any], options: ConnectOptions) -> HostKeys:
    """The policy for a host's key, from the known_hosts files that ssh_config names.

    Args:
        name: The host's name in known_hosts.
        settings: The host's settings in ssh_config.

    Raises:
        UsageError: A known_hosts file can't be read.
    """
    listed = str(settings.get("userknownhostsfile", "~/.ssh/known_hosts")).split()
    files = [Path(file).expanduser() for file in listed]
    try:
        known = knownhosts.read(name, [*files, Path("/etc/ssh/ssh_known_hosts")])
    except OSError as error:
        raise UsageError(f"{error.filename}: can't be read: {error.strerror}", "see whose it is: ls -l") from None
    accept = options.accept_new_host_key or settings.get("stricthostkeychecking") in ("no", "off", "accept-new")
    hash_names = str(settings.get("hashknownhosts", "no")).lower() == "yes"
    return HostKeys(name, known, accept, options.ask_host_key, files[0], hash_names)


def _unknown(host: str, shown: str, authorities: list[str]) -> Unreachable:
    accept = (
        "compare it with the host's own, then use --accept-new-host-key; on the host: "
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    )
    if authorities:
        return Unreachable(
            f"{host}: its host key is unknown: {shown}; host certificates, which {authorities[0]} is for, are not"
            " supported",
            f"lampctl needs the host's own key: {accept}",
            kind="host-key-unknown",
        )
    return Unreachable(f"{host}: its host key is unknown: {shown}", accept, kind="host-key-unknown")


def _changed(host: str, shown: str, known: str) -> Unreachable:
    return Unreachable(
        f"{host}: its host key has changed: it is {shown}, known_hosts has {known}",
        f"this could be a man-in-the-middle attack; if the host was reinstalled: ssh-keygen -R '{host}'",
        kind="host-key-changed",
    )


def _revoked(host: str, shown: str) -> Unreachable:
    return Unreachable(
        f"{host}: its host key is revoked: {shown}",
        "anyone with this key can pose as the host: ask who marked it @revoked in known_hosts",
        kind="host-key-revoked",
    )
