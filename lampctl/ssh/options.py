"""Where to connect, and how: HOST as the user wrote it, and the options that all commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lampctl.errors import UsageError

LOCAL = "local"
CONNECT_TIMEOUT = 10.0  # seconds

_TARGET = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?P<host>\[[0-9a-fA-F:.%\w]+\]|[^:@\s\[\]]+)(?::(?P<port>[0-9]+))?")


class Connection(Protocol):
    """The part of fabric.Connection that lampctl uses; fabric has no type hints."""

    original_host: str  # as the caller named it; `host` can be from ssh_config
    host: str
    user: str
    port: int
    config: Any
    ssh_config: Any
    gateway: Any  # another connection, or a ProxyCommand
    connect_kwargs: Any  # of paramiko's SSHClient.connect
    client: Any  # of paramiko
    transport: Any  # of paramiko

    @property
    def is_connected(self) -> bool: ...

    def open(self) -> Any: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Target:
    """`user@host:port`, each but the host optional; `host` may be an alias of ssh_config.

    `connection`: the caller's own, which is used as it is.
    """

    text: str
    host: str
    user: str | None = None
    port: int | None = None
    connection: Connection | None = field(default=None, compare=False, repr=False)


def target(text: str) -> Target:
    """Parse `user@host:port`; UsageError if it is not valid."""
    match = _TARGET.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else None
    if not match or match["host"].startswith("-") or (port is not None and not 0 < port < 65536):
        raise UsageError(f"{text!r} is not a valid host", "write user@host:port, an alias of ~/.ssh/config, or local")
    return Target(text, match["host"].strip("[]"), match["user"], port)


@dataclass(frozen=True)
class ConnectOptions:
    """Options common to all commands that connect."""

    key: Path | None = None
    config: Path | str | None = None  # instead of ~/.ssh/config: a file, or the text of one
    user: str | None = None
    port: int | None = None
    sudo_password: str | None = field(default=None, repr=False)
    accept_new_host_key: bool = False
    timeout: float | None = None  # seconds; for connecting, and for the wait for apt's lock
    wait: float = 0.0  # seconds, for a host that is just booting
    # Shows an unknown host key's fingerprint and asks; None if there is nobody to ask.
    ask_host_key: Callable[[str], bool] | None = None

    @property
    def connect_timeout(self) -> float:
        return self.timeout or CONNECT_TIMEOUT
