"""What sites have in common that are answered by programs elsewhere: the vhost, and the proof that it reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from lampctl.checks import Check, Evidence, HostProbe, Verdict, failed, passed, unknown
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.sites.common import outside, through
from lampctl.layers.sizing import Sized
from lampctl.layers.vhost import UPGRADE, Needs, Vhost
from lampctl.playbook import in_bytes, user_of

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


@dataclass(frozen=True)
class Member:
    """One upstream."""

    url: str
    weight: int = 1
    socket: str = ""  # a Unix socket of this host at which it is; then `url` is a name for it
    user: str = ""  # who may connect to that socket

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
    def label(self) -> str:
        """What people know it by."""
        return self.address if self.socket else self.url


class Options(Protocol):
    """What a playbook says of any of these sites."""

    @property
    def body_limit(self) -> str: ...

    @property
    def timeout(self) -> int: ...

    @property
    def probe(self) -> str: ...


def members(ports: Sequence[int]) -> tuple[Member, ...]:
    """The instances of a program on the host itself."""
    return tuple(Member(f"http://127.0.0.1:{port}") for port in ports)


def vhost(name: str, options: Options, group: Sequence[Member], *, websocket: bool, own: bool) -> Vhost:
    """`own`: they are instances that lampctl runs; one that does not answer is being restarted."""
    values = {
        "group": user_of(name),  # short enough for Apache, and no host has such a name
        "members": group,
        "websocket": websocket,
        "timeout": options.timeout,
        "own": own,
    }
    limit = Sized(str(in_bytes(options.body_limit)), f"body_limit {options.body_limit}, as the playbook has it")
    tls = group[0].scheme == "https"
    apache = Needs((*_APACHE, *(_APACHE_TLS if tls else ())))
    return Vhost("proxy-tls" if tls else "proxy", limit, values=values, apache=apache, nginx=UPGRADE)


def chain(
    context: Context, name: str, options: Options, group: Sequence[Member], needs: tuple[str, ...]
) -> tuple[Check, ...]:
    """Through the web server, then from outside. `needs`: the checks that say whether the upstreams answer."""
    expected = f"an answer below 500 to {options.probe}"
    judge = partial(_judge, ", ".join(member.label for member in group))
    return (
        through(context, name, "answer", "the program answers through the web server", expected, judge,
                (f"web.static@{name}", *needs), options.probe),
        outside(name, options.probe, expected, recognise, (f"site.answer@{name}",)),
    )  # fmt: skip


def recognise(answer: http.Answer) -> str | None:
    return str(answer.status) if answer.status < 500 else None


def _judge(urls: str, reply: http.Answer, log: str) -> Verdict:
    said = recognise(reply)
    if said:
        return passed(said)
    hint = {
        502: f"the web server gets no answer from {urls}: do its vhost and the programs name the same ports?",
        503: f"every upstream is down, or says so itself: {urls}",
        504: "no upstream answered in time: raise the site's `timeout`, or find out what it waits for",
    }.get(reply.status, "the program's log, or the web server's error log, tells why")
    return failed(f"{reply.status} through the web server", log or reply.body[:200], hint)


def asked(name: str, options: Options, group: Sequence[Member]) -> HostProbe:
    """Each upstream asked by the host itself, past the web server; those with TLS only for a connection."""
    return HostProbe(http.side_by_side([_ask(name, options.probe, member) for member in group]))


def _ask(name: str, path: str, member: Member) -> str:
    if member.socket:
        return http.get_unix(name, path, member.socket, member.user)
    if member.scheme == "http":
        return http.get(name, path, member.port, member.host)
    return http.connect(member.host, member.port)


def judge_each(group: Sequence[Member], hint: str, seen: Evidence) -> Verdict:
    """Does each of them answer, below 500?"""
    if seen.error:
        return unknown("could not be tried", seen.error)
    raw = http.parts(seen.raw)
    answers = [http.parse(part) for part in raw]
    faults = [
        (member, f"{answer.status}" if answer else "no HTTP answer", part)
        for member, answer, part in zip(group, answers, raw, strict=False)
        if not (answer and recognise(answer))
    ]
    if len(answers) < len(group):
        return unknown("not all of them could be tried", seen.raw[-200:])
    if faults:
        member, said, part = faults[0]
        several = f"{len(faults)} of {len(group)} do not answer; " if len(group) > 1 else ""
        return failed(f"{several}{member.label}: {said}", part[-300:], hint)
    statuses = ", ".join(sorted({str(answer.status) for answer in answers if answer}))
    return passed(f"{statuses} from {len(group)} of {len(group)}")
