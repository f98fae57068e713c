"""Asking over HTTP on the host itself, and reading a raw answer; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lampctl.checks import Evidence, HostProbe, Verdict, failed, unknown
from lampctl.layers.base import Context
from lampctl.layers.vhost import redirects
from lampctl.resources.shell import words

_LOG = "==log"
PART = "==part"  # comes before each of several answers


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: str


def parse(raw: str) -> Answer | None:
    """None where this is no HTTP answer."""
    head, _, body = raw.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    words = lines[0].split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not re.fullmatch("[0-9]{3}", words[1]):
        return None
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return Answer(int(words[1]), {k.strip().lower(): v.strip() for k, v in pairs}, body)


_LIBRARY = ". ./http.sh\n"


def local(context: Context, site: str, path: str, port: int = 80, more: str = "") -> HostProbe:
    """One GET on the host itself, by the site's name; then the last words of the site's error log.

    Args:
        path: With {token} for the run's.
        more: Shell that prints further headers.
    """
    servers = (context.front, context.web) if context.front and port == 80 else (context.web,)
    logs = words(f"{names.log_dir}/{site}.error.log" for names in servers)
    ask = ["get", site, path, str(port), "127.0.0.1"]
    if more:
        ask = ["get_with", *ask[1:], more]
    elif port == 80 and redirects(context, site):
        ask = ["get_tls", site, path, "443"]
    return HostProbe(_LIBRARY + words(["with_log", logs, *ask]))


def get(site: str, path: str, port: int, address: str) -> str:
    """Shell that prints the answer to one GET."""
    return _LIBRARY + words(["get", site, path, str(port), address])


def get_unix(site: str, path: str, socket: str, user: str) -> str:
    """As `get`, by `user` over a Unix socket."""
    return _LIBRARY + words(["get_unix", site, path, socket, user])


def connect(address: str, port: int) -> str:
    """Shell that prints an answer if a connection can be made."""
    return _LIBRARY + words(["connect", address, str(port)])


def port(context: Context, site: str) -> str:
    """Where `local` asks."""
    return f"127.0.0.1:{443 if redirects(context, site) else 80}"


def side_by_side(scripts: Sequence[str]) -> str:
    """Shell that runs several scripts at once, 10 s each at most, and prints their output one after the other."""
    return _LIBRARY + words(["side_by_side", *scripts])


def parts(raw: str) -> list[str]:
    """What each of the scripts that ran `side_by_side` printed."""
    return [part.strip("\n") for part in f"{raw}\n".split(f"{PART}\n")[1:]]


def not_whole(where: str, seen: Evidence, hint: str) -> Verdict:
    """The verdict on an answer from outside that has an error. `hint`: what to do if nothing was received."""
    if not seen.raw:
        return failed(f"no answer {where}".strip(), seen.error, hint)
    cause = (
        "the server, a proxy or the application stopped while it answered, or its headers are wrong: read their logs"
    )
    return failed(f"no complete answer {where}".strip(), f"{seen.error}\n{seen.raw[:200]}", cause)


def judged(where: str, judge: Callable[[Answer, str], Verdict], seen: Evidence, hint: str = "") -> Verdict:
    """What `judge` says of the answer that a `local` probe brought from `where`, and of the log's last words."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    answer, log = heard(seen.raw)
    return judge(answer, log) if answer else failed(f"no HTTP answer on {where}", log, hint)


def heard(raw: str) -> tuple[Answer | None, str]:
    """What a `local` probe brought: the answer, and the log's last words (or what was there in place of an answer)."""
    text, _, log = f"{raw}\n".partition(f"{_LOG}\n")
    answer = parse(text)
    return answer, log.strip() if answer else text.strip() or log.strip()
