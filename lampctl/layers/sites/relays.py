"""Relays to upstreams that have a name, for NGINX.

NGINX resolves such a name only when it loads its configuration, and with one that does not resolve it serves no site at
all. So it connects to a Unix socket instead, whose service resolves the name for each connection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lampctl.checks import Check
from lampctl.layers.base import Context
from lampctl.layers.services import service_check
from lampctl.layers.sites.upstreams import Member
from lampctl.playbook import socket_name
from lampctl.resources import Action, File, Service

_ADDRESS = re.compile(r"[0-9.]+|.*:.*")  # IPv4 or IPv6


@dataclass(frozen=True)
class Relay:
    """The connections of one site to one upstream. `number`: of the upstream in the playbook, from 0."""

    site: str
    number: int
    member: Member
    web_user: str

    @property
    def unit(self) -> str:
        return f"lampctl-upstream-{self.number}-{self.site}"

    @property
    def socket(self) -> str:
        return f"/run/{socket_name(f'upstream-{self.number}', self.site)}"

    @property
    def files(self) -> tuple[File, File]:
        values = {
            "site": self.site,
            "unit": self.unit,
            "socket": self.socket,
            "address": self.member.address,
            "web_user": self.web_user,
        }
        return (
            File(f"/etc/systemd/system/{self.unit}.socket", "site", "unit/relay.socket.j2", values),
            File(f"/etc/systemd/system/{self.unit}.service", "site", "unit/relay.service.j2", values),
        )

    @property
    def service(self) -> Service:
        paths = tuple(file.path for file in self.files)
        unit = f"{self.unit}.socket"
        return Service(unit, "site", on_change=Action.RESTART, sockets=(self.socket,), units=paths)


def relays(context: Context, name: str, group: Sequence[Member]) -> tuple[Relay, ...]:
    """What NGINX needs; Apache resolves a name when it connects."""
    if context.playbook.web is None or context.playbook.web.server != "nginx":
        return ()
    named = (pair for pair in enumerate(group) if is_named(pair[1]))
    return tuple(Relay(name, number, member, context.web.user) for number, member in named)


def is_named(member: Member) -> bool:
    return not _ADDRESS.fullmatch(member.host)


def routed(context: Context, name: str, group: Sequence[Member]) -> tuple[Member, ...]:
    """The group as the web server connects to it."""
    sockets = {relay.member: relay.socket for relay in relays(context, name, group)}
    return tuple(replace(member, socket=sockets.get(member, "")) for member in group)


def relay_check(name: str, found: Sequence[Relay]) -> Check:
    title = "NGINX can pass connections to upstreams that have a name"
    return service_check(f"proxy.relay@{name}", title, *(relay.service for relay in found))
