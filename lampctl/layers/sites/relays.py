"""Relays to upstreams that have a name, for NGINX.

NGINX resolves such a name only when it loads its configuration, and with one that does not resolve it serves no site at
all. So it connects to a Unix socket instead, whose service resolves the name for each connection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from lampctl.checks import Check
from lampctl.facts import Facts
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.layers.services import service_check
from lampctl.layers.sites.upstreams import Member
from lampctl.playbook import socket_name
from lampctl.resources import Action, File, Service
from lampctl.resources.shell import script

_ADDRESS = re.compile(r"[0-9.]+|.*:.*")  # IPv4 or IPv6


@dataclass(frozen=True)
class Relay:
    """The connections of one site to one upstream.

    `number`: of the upstream in the playbook, from 0. `kind`: what the upstream belongs to, of all that the site has.
    """

    site: str
    number: int
    member: Member
    web_user: str
    kind: str = "upstream"

    @property
    def unit(self) -> str:
        return f"lampctl-{self.kind}-{self.number}-{self.site}"

    @property
    def socket(self) -> str:
        return f"/run/{socket_name(f'{self.kind}-{self.number}', self.site)}"

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


def relays(context: Context, name: str, group: Sequence[Member], kind: str = "upstream") -> tuple[Relay, ...]:
    """What NGINX needs; Apache resolves a name when it connects."""
    if context.playbook.web is None or context.playbook.web.server != "nginx":
        return ()
    named = (pair for pair in enumerate(group) if is_named(pair[1]))
    return tuple(Relay(name, number, member, context.web.user, kind) for number, member in named)


def is_named(member: Member) -> bool:
    return not _ADDRESS.fullmatch(member.host)


def relayed(context: Context, name: str, group: Sequence[Member], kind: str = "upstream") -> tuple[Member, ...]:
    """The group as the web server connects to it."""
    sockets = {relay.member: relay.socket for relay in relays(context, name, group, kind)}
    return tuple(replace(member, socket=sockets.get(member, "")) for member in group)


def relay_check(name: str, found: Sequence[Relay], id: str = "proxy.relay") -> Check:
    title = "NGINX can pass connections to upstreams that have a name"
    return service_check(f"{id}@{name}", title, *(relay.service for relay in found))


def names_preflights(id: str, site: str, group: Sequence[Member]) -> tuple[Preflight, ...]:
    """What finds upstreams of the site with names that its host cannot resolve."""
    names = sorted({member.host for member in group if is_named(member)})
    if not names:
        return ()
    return (Preflight(id, script("proxy/unresolved", names=names), partial(_judge_names, site)),)


def _judge_names(site: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """A site with a name that does not resolve is not deployed; one whose name was lost later does not stop others."""
    unresolved = sorted(raw.split())
    if not unresolved or not any(key.endswith(f"/sites-available/{site}.conf") for key in changing):
        return []
    message = f"the host can't resolve {' and '.join(unresolved)}, upstream of {site}"
    hint = "fix the name in the playbook, or the host's DNS: getent hosts " + unresolved[0]
    return [Problem("unresolvable", message, hint)]
