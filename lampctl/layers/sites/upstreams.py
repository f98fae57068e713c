"""What site types with upstreams share: the vhost, and the checks that it reaches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from lampctl.checks import Check, Evidence, HostProbe, Verdict, failed, passed, unknown
from lampctl.layers import denied, http, sizing
from lampctl.layers.base import Context
from lampctl.layers.sites.common import outside
from lampctl.layers.sites.page import page_checks
from lampctl.layers.vhost import COUNTED, Needs, Vhost
from lampctl.playbook import unit_of, user_of
from lampctl.playbook.fields import in_seconds
from lampctl.playbook.sites import ProbeOptions
from lampctl.resources.systemctl import LEAVING

_APACHE = (
    "proxy.conf",
    "proxy.load",
    "proxy_http.load",
    "slotmem_shm.load",
    "proxy_balancer.load",
    "lbmethod_byrequests.load",
)
_APACHE_TLS = ("socache_shmcb.load", "ssl.conf", "ssl.load")
_PORTS = {"http": 80, "https": 443}
_NOTHING = "no HTTP answer"
# Tomcat answers 404 for each path of an application that did not start.
_NO_PATH = "the application did not start, as its log tells, or does not know this path: `probe` can name another page"
_BLOCKS = 8  # of 64 instances, each of which would have a group with 63 others


@dataclass(frozen=True)
class Member:
    """One upstream."""

    url: str
    weight: int = 1
    socket: str = ""  # its Unix socket on this host; `url` is only a name then
    user: str = ""  # the user who can connect to that socket
    unit: str = ""  # lampctl's unit that runs it

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or _PORTS[self.scheme]

    @property
    def address(self) -> str:
        """HOST:PORT, an IPv6 address in brackets; or unix:PATH."""
        if self.socket:
            return f"unix:{self.socket}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def leaving(self) -> str:
        """The file that is there while this instance gets no more requests, because it is about to end."""
        return f"{LEAVING}/{self.port}"

    @property
    def label(self) -> str:
        """Its name in messages."""
        return self.address if self.socket else self.url


@dataclass(frozen=True)
class Group:
    """Upstreams that share requests. Those of `standby` may be about to end: they get some only if no other answers."""

    name: str
    members: tuple[Member, ...]
    standby: tuple[Member, ...] = ()


class Options(Protocol):
    """The options that these site types have in common."""

    @property
    def body_limit(self) -> str: ...

    @property
    def timeout(self) -> int: ...

    @property
    def page(self) -> ProbeOptions: ...


def members(name: str, ports: Sequence[int]) -> tuple[Member, ...]:
    """The instances of a site's program on the host itself."""
    return tuple(Member(f"http://127.0.0.1:{port}", unit=unit_of(name, port)) for port in ports)


def vhost(name: str, options: Options, group: Sequence[Member], *, websocket: bool, own: bool) -> Vhost:
    """The vhost of a group. `own`: lampctl runs its instances, so one that does not answer is being restarted."""
    found = values(user_of(name), group, options.timeout, websocket=websocket, own=own)
    limit = sizing.given_limit(options.body_limit)
    rules = denied.COMMON if own else denied.HIDDEN  # an application elsewhere knows best what its paths are
    handler = "proxy-tls" if is_tls(group) else "proxy"
    apache = Needs(("lua.load", *apache_needs(group).modules), (COUNTED,), counts=True)
    return Vhost(handler, limit, values=found, apache=apache, denied=rules)


def values(group: str, members: Sequence[Member], timeout: int, *, websocket: bool, own: bool) -> Mapping[str, object]:
    """What the templates need. `group`: short enough for Apache, and not a hostname."""
    return {
        "group": group,
        "members": members,
        "groups": groups(group, members, own=own),
        "websocket": websocket,
        "timeout": timeout,
        "own": own,
    }


def groups(name: str, members: Sequence[Member], *, own: bool) -> tuple[Group, ...]:
    """The group of all; and, of several instances that lampctl restarts, one without each, or without an eighth."""
    several = min(len(members), _BLOCKS) if own and len(members) > 1 else 0
    blocks = [tuple(members[number::_BLOCKS]) for number in range(several)]
    return (
        Group(name, tuple(members)),
        *(
            Group(f"{name}--{number}", tuple(one for one in members if one not in block), block)
            for number, block in enumerate(blocks)
        ),
    )


def apache_needs(group: Sequence[Member]) -> Needs:
    return Needs((*_APACHE, *(_APACHE_TLS if is_tls(group) else ())))


def is_tls(group: Sequence[Member]) -> bool:
    return group[0].scheme == "https"


def chain(
    context: Context, name: str, options: Options, group: Sequence[Member], needs: tuple[str, ...]
) -> tuple[Check, ...]:
    """The checks through the web server and from outside. `needs`: ids of the checks of the upstreams themselves."""
    units = context.playbook.sites[name].units(name)
    path, labels = options.page.path, ", ".join(member.label for member in group)
    own_socket = all(member.socket and member.unit for member in group)
    hints = {
        502: f"the web server gets no answer from {labels}: do its vhost and the programs name the same ports?",
        503: f"every upstream is down, or answers 503 itself: {labels}",
        504: "no upstream answered in time: raise the site's `timeout`, or find out what it waits for",
        **({404: _NO_PATH} if own_socket else {}),
    }
    return (
        *page_checks(context, name, (f"web.static@{name}", *needs), hints, units, by_files=own_socket),
        outside(name, path, f"an answer below 500 to {path}", recognise, (f"site.answer@{name}",)),
    )


def recognise(answer: http.Answer) -> str | None:
    return str(answer.status) if answer.status < 500 else None


def probe_each(name: str, page: ProbeOptions, group: Sequence[Member]) -> HostProbe:
    """Requests to the upstreams from the host itself, past the web server; those with TLS only get a connection."""
    requests = [_request(name, page.path, member) for member in group]
    return http.side_by_side(requests, in_seconds(page.within))


def _request(name: str, path: str, member: Member) -> str:
    if member.socket:
        return http.get_unix(name, path, member.socket, member.user)
    if member.scheme == "http":
        return http.get(name, path, member.port, member.host)
    return http.connect(member.host, member.port)


def judge_each(group: Sequence[Member], hint: str, seen: Evidence) -> Verdict:
    """Pass if every upstream answers with a status below 500. lampctl's own that give no answer are `silent`."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    raw = http.split_outputs(seen.raw)
    answers = [http.parse(part) for part in raw]
    faults = [
        (member, f"{answer.status}" if answer else _NOTHING, part)
        for member, answer, part in zip(group, answers, raw, strict=False)
        if not (answer and recognise(answer))
    ]
    if len(answers) < len(group):
        return unknown("not every upstream could be tried", seen.raw[-200:])
    if faults:
        member, fault, part = faults[0]
        several = f"{len(faults)} of {len(group)} do not answer; " if len(group) > 1 else ""
        silent = tuple(member.unit for member, fault, _ in faults if member.unit and fault == _NOTHING)
        heals = f"; lampctl deploy restarts {silent[0]}" if silent else ""
        return replace(failed(f"{several}{member.label}: {fault}", part[-300:], hint + heals), silent=silent)
    statuses = ", ".join(sorted({str(answer.status) for answer in answers if answer}))
    return passed(f"{statuses} from {len(group)} of {len(group)}")
