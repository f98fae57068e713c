"""The route to a host by ssh_config: jump hosts, then the host. Nothing is contacted here."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paramiko import SSHConfig

from lampctl.errors import UsageError
from lampctl.ssh import configfile
from lampctl.ssh.options import ConnectOptions, Target, target


@dataclass(frozen=True)
class Hop:
    """One SSH server on the route. `text`: its name by the user or ssh_config, with which errors begin."""

    text: str
    host: str
    port: int
    user: str
    settings: Mapping[str, Any]  # from ssh_config

    @property
    def login(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


def known_name(host: str, port: int, settings: Mapping[str, Any]) -> str:
    """The name in known_hosts: see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. HostKeyAlias replaces the port too."""
    alias = settings.get("hostkeyalias")
    if alias:
        return str(alias)
    return host if port == 22 else f"[{host}]:{port}"


def read_config(path: Path | str | None) -> SSHConfig:
    """The ssh_config to use.

    Args:
        path: A file, or the text of one. None: ~/.ssh/config. `none`: no file, as in OpenSSH.

    Raises:
        UsageError: The file does not exist or can't be read.
    """
    if isinstance(path, str):
        return SSHConfig.from_text(path)
    if str(path) == "none":
        return SSHConfig()
    if path is not None and (path.is_dir() or not path.exists()):
        raise UsageError(f"-F {path}: no such file", "name an ssh_config file")
    source = path or Path("~/.ssh/config").expanduser()
    if not source.exists():
        return SSHConfig()
    try:
        return SSHConfig.from_text("\n".join(configfile.lines(source)))
    except Exception as error:
        raise UsageError(f"{source}: can't be read as ssh_config: {error}", "ssh -G HOST shows what is wrong") from None


def route(where: Target, options: ConnectOptions, config: SSHConfig) -> list[Hop]:
    """The hops in the order of their use; the last is the host itself. UsageError if jump hosts go in a circle."""
    return _route(where, options, config, (), "")


def _route(
    where: Target, options: ConnectOptions, config: SSHConfig, beyond: tuple[str, ...], override: str
) -> list[Hop]:
    """`beyond`: jump hosts that are reached through this one; `override`: jump hosts to use instead of ssh_config's."""
    settings = dict(config.lookup(where.host))
    host = str(settings["hostname"])
    if "@" in host or host.count(":") == 1:
        raise UsageError(f"{where.text}: HostName {host} is not a valid hostname", "fix your ssh_config")
    hop = Hop(
        where.text,
        host,
        where.port or options.port or int(settings.get("port", 22)),
        where.user or options.user or str(settings.get("user") or getpass.getuser()),
        settings,
    )
    jumps = override or str(settings.get("proxyjump", "none"))
    if jumps.lower() == "none":
        return [hop]
    before, _, last = jumps.rpartition(",")
    if last in beyond:
        raise UsageError(f"{where.text}: ProxyJump goes in a circle through {last}", "fix your ssh_config")
    plain = replace(options, user=None, port=None)  # these two are for the host itself
    return [*_route(target(last), plain, config, (*beyond, last), before), hop]
