"""The checks of a URL from outside, in the order in which a browser makes each step; pure."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from lampctl.answers import parse_array, parse_object, strings
from lampctl.checks import Check, Evidence, Judge, Verdict, Where, failed, passed
from lampctl.layers import http, maintenance
from lampctl.layers.tls.handshake import LEFT, judge_chain
from lampctl.urls.url import Url

MOST_HOPS = 5  # redirects, of one URL
_DECODED = ("identity", "gzip", "x-gzip", "deflate")  # what the reader of answers decompresses
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Wanted:
    """What the answer must be. `most`: milliseconds."""

    status: int = 200
    texts: tuple[str, ...] = ()
    most: float | None = None


def redirect_target(raw: str, wanted: Wanted) -> str | None:
    """The Location to follow; None if the answer is the last one."""
    answer = http.parse(raw)
    if answer is None or answer.status not in _REDIRECTS or wanted.status in _REDIRECTS:
        return None
    return answer.headers.get("location")


def _check(id: str, title: str, expected: str, judge: Judge, needs: tuple[str, ...]) -> Check:
    return Check(id, id.partition(".")[0], Where.OUTSIDE, title, expected, judge, needs, undoable=False)


@dataclass(frozen=True)
class Got:
    """What the GET of the final page measured: milliseconds, bytes of the body, and whether there were more."""

    ms: float = 0.0
    size: int = 0
    cut: bool = False


def resolves(url: Url, needs: tuple[str, ...]) -> Check:
    return _check(f"dns.name@{url.host}", "the name has addresses", "an A or AAAA record", _judge_name, needs)


def connects(url: Url, needs: tuple[str, ...]) -> Check:
    expected = "each address of the name takes connections"
    return _check(f"tcp.connect@{url.at}", "something listens", expected, _judge_connections, needs)


def trusted(url: Url, needs: tuple[str, ...]) -> Check:
    expected = f"a chain that this machine trusts, the name, {LEFT}"
    judge = partial(judge_chain, (url.host,), "")
    return _check(f"tls.chain@{url.at}", "a visitor can trust the certificate", expected, judge, needs)


def redirected(hops: Sequence[Url], wrong: str, needs: tuple[str, ...]) -> Check:
    """`wrong`: why the redirects do not end at a page, or empty."""
    path = " → ".join(url.text for url in hops)

    def judge(_: Evidence) -> Verdict:
        if wrong:
            return failed(wrong, path, "check the web server's redirects, and the application's base URL")
        return passed(path)

    return _check("http.redirect", "redirects end at a page", f"{MOST_HOPS} hops at most", judge, needs)


def answers(wanted: Wanted, got: Got, needs: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks of the final page."""
    judge = partial(_judge_status, wanted.status, got)
    status = _check("http.status", "the page answers", str(wanted.status), judge, needs)
    found = [status]
    for number, text in enumerate(wanted.texts, 1):
        name = "http.body" if len(wanted.texts) == 1 else f"http.body{number}"
        found.append(
            _check(name, "the page has the text", f"has {text!r}", partial(_judge_body, text, got), (status.id,))
        )
    if wanted.most is not None:
        quick = partial(_judge_time, wanted.most, got.ms)
        found.append(_check("http.time", "the page is fast enough", f"{wanted.most:g} ms at most", quick, (status.id,)))
    return tuple(found)


def _judge_name(seen: Evidence) -> Verdict:
    """`seen.raw`: addresses, as a JSON list."""
    if seen.error:
        hint = "check the name's spelling, and its A and AAAA records: dig NAME"
        return failed("the name does not resolve", seen.error, hint)
    return passed(", ".join(strings(parse_array(seen.raw))))


def _judge_connections(seen: Evidence) -> Verdict:
    """`seen.raw`: address → [errno or null, why not], as JSON; errno 0 where it was connected.

    An address that is out of reach does not count if this machine has no IPv6, or if it is a loopback address.
    """
    found: dict[str, tuple[int | None, str]] = {
        address: (code if isinstance(code, int) else None, str(why))
        for address, (code, why) in ((a, _pair(answer)) for a, answer in (parse_object(seen.raw) or {}).items())
    }
    good = [address for address, (code, _) in found.items() if code == 0]
    away = [address for address, (code, _) in found.items() if code != 0 and _excused(address, code)]
    bad = [address for address in found if address not in good and address not in away]
    evidence = "\n".join(f"{address}: {found[address][1]}" for address in (*bad, *away))
    if not good:
        hint = "does a server listen there, and does a firewall or a cloud's security group block it?"
        return failed("takes no connection", evidence, hint)
    if bad:
        hint = "visitors are sent to each address: fix that one, or remove its record from DNS"
        return failed(f"{len(bad)} of {len(found)} addresses take no connection", evidence, hint)
    return passed(", ".join(good) + (f"; not seen from here: {', '.join(away)}" if away else ""))


def _pair(answer: object) -> tuple[object, object]:
    return (answer[0], answer[1]) if isinstance(answer, list) and len(answer) == 2 else (None, answer)


def _excused(address: str, code: int | None) -> bool:
    try:
        plain = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return plain.is_loopback or (plain.version == 6 and code in _NO_ROUTE)


_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def _judge_status(wanted: int, got: Got, seen: Evidence) -> Verdict:
    if seen.error:
        return http.judge_incomplete(
            "", seen, "the port accepts connections, but the program behind it hangs or has died"
        )
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP answer", seen.raw[:200], "is this a web server's port, and is the scheme right?")
    if answer.status == wanted:
        size = f"the first {got.size} bytes" if got.cut else f"{got.size} bytes"
        return passed(f"{answer.status}, {size} in {got.ms:.0f} ms")
    return failed(f"{answer.status}, not {wanted}", answer.body[:200], _advice(answer))


def _advice(answer: http.Answer) -> str:
    status = answer.status
    if maintenance.answers(answer):
        return "the site is in maintenance: lampctl maintenance off HOST SITE ends it"
    if status in (502, 503, 504):
        return "the web server runs, but the application behind it does not answer: lampctl check HOST names the hop"
    if status >= 500:
        return "the application failed: read its error log"
    if status in (401, 403):
        return f"if this page is meant to be protected: --status {status}"
    return "is this the right address, and the right site behind it?"


def _judge_body(text: str, got: Got, seen: Evidence) -> Verdict:
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP answer", seen.raw[:200])
    if text in answer.body:
        return passed(f"has {text!r}")
    coding = answer.headers.get("content-encoding", "identity").lower()
    if coding not in _DECODED:
        hint = "the server compresses although Accept-Encoding is identity: fix its configuration"
        return failed(f"{text!r} can't be looked for: the page is compressed with {coding}", hint=hint)
    if got.cut:
        return failed(f"{text!r} is not in its first {got.size} bytes", answer.body[:200], "expect a text further up")
    return failed(f"{text!r} is not in it", answer.body[:200], "another page or another site answers")


def _judge_time(most: float, ms: float, _: Evidence) -> Verdict:
    spent = f"{ms:.0f} ms, from the connection to the last byte"
    return passed(spent) if ms <= most else failed(spent, hint="lampctl check HOST shows how long each hop takes")
