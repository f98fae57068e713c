"""The checks of a URL from outside alone, in the order in which a browser meets what they look at; pure.

Nothing is known of a host here: what a visitor can see is all there is.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Self
from urllib.parse import quote, urlsplit

from lampctl.answers import listing, mapping, texts
from lampctl.checks import Check, Evidence, Judge, Verdict, Where, failed, passed
from lampctl.errors import UsageError
from lampctl.layers import http
from lampctl.layers.tls.checks import DAYS_LEFT, judge_chain

MOST_HOPS = 5  # redirects, of one URL
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_SAFE = "/?%:@!$&'()*+,;=~-._[]"  # of a path and a query, as they are


@dataclass(frozen=True)
class Url:
    """`text` as it was given; `host` as DNS knows it, or an address without brackets."""

    text: str
    scheme: str
    host: str
    port: int
    path: str  # with the query

    @classmethod
    def parse(cls, text: str) -> Self:
        """UsageError where it is no web address."""
        example = "write it whole: https://shop.example.com/path"
        try:
            parts = urlsplit(text.strip())
            port = parts.port
            text.encode()  # what a shell handed over may be no text at all
        except ValueError as error:
            raise UsageError(f"{text!r} is no URL: {error}", example) from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise UsageError(f"{text!r} is no URL of http or https", example)
        if parts.username is not None:
            raise UsageError("a URL with a user and a password would end up in reports and logs", "leave them out")
        path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
        return cls(text, parts.scheme, _ascii(parts.hostname, text), port or _PORTS[parts.scheme], path)

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def at(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        try:
            return bool(ip_address(self.host.partition("%")[0]))
        except ValueError:
            return False

    def same_page(self, other: Url) -> bool:
        return (self.scheme, self.host, self.port, self.path) == (other.scheme, other.host, other.port, other.path)


def _ascii(host: str, text: str) -> str:
    try:
        name = host if ":" in host else host.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%\w+)?", name):
        raise UsageError(f"{text!r} is no URL: {host!r} is no hostname", "check its spelling")
    return name


@dataclass(frozen=True)
class Wanted:
    """What the answer has to be. `most`: milliseconds."""

    status: int = 200
    texts: tuple[str, ...] = ()
    most: float | None = None


def redirects_to(raw: str, wanted: Wanted) -> str | None:
    """Where the answer leads; None where it is the end of the way."""
    answer = http.parse(raw)
    if answer is None or answer.status not in _REDIRECTS or wanted.status in _REDIRECTS:
        return None
    return answer.headers.get("location")


def _check(id: str, title: str, expected: str, judge: Judge, needs: tuple[str, ...]) -> Check:
    return Check(id, id.partition(".")[0], Where.OUTSIDE, title, expected, judge, needs, undoable=False)


def resolves(url: Url, needs: tuple[str, ...]) -> Check:
    return _check(f"dns.name@{url.host}", "the name has addresses", "an A or AAAA record", _judge_name, needs)


def connects(url: Url, needs: tuple[str, ...]) -> Check:
    expected = "each address of the name takes connections"
    return _check(f"tcp.connect@{url.at}", "something listens", expected, _judge_connections, needs)


def trusted(url: Url, needs: tuple[str, ...]) -> Check:
    expected = f"a chain that this machine trusts, the name, {DAYS_LEFT} days left"
    judge = partial(judge_chain, (url.host,), "")
    return _check(f"tls.chain@{url.at}", "a visitor can trust the certificate", expected, judge, needs)


def led(hops: Sequence[Url], wrong: str, needs: tuple[str, ...]) -> Check:
    """`wrong`: why the way does not end well, or empty."""
    way = " → ".join(url.text for url in hops)

    def judge(_: Evidence) -> Verdict:
        return (
            failed(wrong, way, "the web server's redirects, or the application's own address") if wrong else passed(way)
        )

    return _check("http.redirect", "redirects lead to a page", f"{MOST_HOPS} hops at most", judge, needs)


def answers(wanted: Wanted, ms: float, needs: tuple[str, ...]) -> tuple[Check, ...]:
    """Of the page at the end. `ms`: how long its GET took."""
    judge = partial(_judge_status, wanted.status, ms)
    status = _check("http.status", "the page is there", str(wanted.status), judge, needs)
    found = [status]
    for number, text in enumerate(wanted.texts, 1):
        name = "http.body" if len(wanted.texts) == 1 else f"http.body{number}"
        found.append(_check(name, "it says what it should", f"has {text!r}", partial(_judge_body, text), (status.id,)))
    if wanted.most is not None:
        quick = partial(_judge_time, wanted.most, ms)
        found.append(_check("http.time", "it is quick", f"{wanted.most:g} ms at most", quick, (status.id,)))
    return tuple(found)


def _judge_name(seen: Evidence) -> Verdict:
    """`seen.raw`: addresses, as a JSON list."""
    if seen.error:
        hint = "check the name's spelling, and its A and AAAA records: dig NAME"
        return failed("the name does not resolve", seen.error, hint)
    return passed(", ".join(texts(listing(seen.raw))))


def _judge_connections(seen: Evidence) -> Verdict:
    """`seen.raw`: address → [errno or null, why not], as JSON; errno 0 where it was connected.

    What can't be reached over IPv6 says nothing where this machine has none; loopback listens on what it likes.
    """
    found: dict[str, tuple[int | None, str]] = {
        address: (code if isinstance(code, int) else None, str(why))
        for address, (code, why) in ((a, _pair(said)) for a, said in (mapping(seen.raw) or {}).items())
    }
    good = [address for address, (code, _) in found.items() if code == 0]
    away = [address for address, (code, _) in found.items() if code != 0 and _excused(address, code)]
    bad = [address for address in found if address not in good and address not in away]
    evidence = "\n".join(f"{address}: {found[address][1]}" for address in (*bad, *away))
    if not good:
        hint = "does a server listen there, and does a firewall or a cloud's security group let visitors through?"
        return failed("takes no connection", evidence, hint)
    if bad:
        hint = "visitors are sent to each address: mend that one, or take its record out of DNS"
        return failed(f"{len(bad)} of {len(found)} addresses take no connection", evidence, hint)
    return passed(", ".join(good) + (f"; not seen from here: {', '.join(away)}" if away else ""))


def _pair(said: object) -> tuple[object, object]:
    return (said[0], said[1]) if isinstance(said, list) and len(said) == 2 else (None, said)


def _excused(address: str, code: int | None) -> bool:
    try:
        plain = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return plain.is_loopback or (plain.version == 6 and code in _NO_WAY)


_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def _judge_status(wanted: int, ms: float, seen: Evidence) -> Verdict:
    if seen.error:
        return failed("no answer", seen.error, "it listens, but says nothing: what is behind it hangs, or has died")
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP answer", seen.raw[:200], "is this port a web server's, and with this scheme?")
    if answer.status == wanted:
        return passed(f"{answer.status}, {len(answer.body.encode(errors='replace'))} bytes in {ms:.0f} ms")
    return failed(f"{answer.status}, not {wanted}", answer.body[:200], _advice(answer.status))


def _advice(status: int) -> str:
    if status in (502, 503, 504):
        return "the web server is there, and what is behind it is not: lampctl check HOST names the hop"
    if status >= 500:
        return "the application failed: its error log says why"
    if status in (401, 403):
        return f"may anybody see this page? --status {status} if not"
    return "is this the right address, and the right site behind it?"


def _judge_body(text: str, seen: Evidence) -> Verdict:
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP answer", seen.raw[:200])
    if text in answer.body:
        return passed(f"has {text!r}")
    return failed(f"{text!r} is not in it", answer.body[:200], "another page, or another site, answers in its place")


def _judge_time(most: float, ms: float, _: Evidence) -> Verdict:
    said = f"{ms:.0f} ms, from the connection to the last byte"
    return passed(said) if ms <= most else failed(said, hint="lampctl check HOST shows how long each hop takes")
