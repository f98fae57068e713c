"""What a platform has to name. Paths are absolute, units are full systemd unit names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WebNames:
    """Apache as the distribution packages it."""

    package: str
    unit: str
    root: str  # the directory that the server reads at start
    sites_available: str
    sites_enabled: str
    conf_available: str
    conf_enabled: str
    mods_enabled: str
    log_dir: str
    user: str
    test: str  # shell command: is the configuration on disk valid?


@dataclass(frozen=True)
class MysqlNames:
    """The database server as the distribution packages it."""

    engine: str
    package: str
    unit: str
    root: str
    drop_ins: str
    socket: str
    client: str  # shell command: a client that is root by its Unix socket
    test: str


@dataclass(frozen=True)
class PhpNames:
    """PHP-FPM as the distribution packages it."""

    version: str  # major.minor, as in package and path names
    package: str
    unit: str
    root: str
    conf_dir: str
    pool_dir: str
    socket_dir: str
    extensions: str  # package name of an extension, with {name}
    cli: str
    test: str


@dataclass(frozen=True)
class Platform:
    """One release of a distribution; `id` is ID-VERSION_ID of its /etc/os-release."""

    id: str
    title: str
    proved: bool  # do the host tests run on it?
    web: WebNames
    mysql: MysqlNames
    php: PhpNames
