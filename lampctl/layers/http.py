"""HTTP requests on the host itself, and the parsing of raw answers; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from math import ceil

from lampctl.answers import sections
from lampctl.checks import Evidence, HostProbe, Verdict, failed, unknown
from lampctl.layers import logins
from lampctl.layers.base import Context
from lampctl.layers.vhost import redirects
from lampctl.resources.shell import words


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: str


def parse(raw: str) -> Answer | None:
    """Parse an HTTP answer; None if `raw` is not HTTP."""
    head, _, body = raw.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    words = lines[0].split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not re.fullmatch("[0-9]{3}", words[1]):
        return None
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return Answer(int(words[1]), {k.strip().lower(): v.strip() for k, v in pairs}, body)


# If nothing answers from outside, while the host itself gets an answer.
FIREWALL = (
    "does a firewall block it (nft list ruleset shows the host's own), or a cloud's security group? Ports 80 and 443"
    " must be open to visitors"
)
LIBRARY = ". ./http.sh\n"


def local_probe(context: Context, site: str, path: str, port: int = 80, headers_script: str = "") -> HostProbe:
    """One GET on the host itself, for the site's name, followed by the last lines of the site's error log.

    Args:
        path: {token} in it stands for the run's token.
        headers_script: Shell that prints additional request headers.
    """
    return HostProbe(LIBRARY + local_call(context, site, path, port, headers_script))


def local_call(
    context: Context, site: str, path: str, port: int = 80, headers_script: str = "", *, login: bool = True
) -> str:
    """The shell of a `local_probe`, which needs LIBRARY before it. `login`: log in where the site asks for it."""
    script = "\n".join(filter(None, (headers_script, logins.header(context, site) if login else "")))
    call = ["get_with", site, path, str(port), "127.0.0.1", script]
    if not script:
        call = ["get", *call[1:-1]]
    if not headers_script and port == 80 and redirects(context, site):
        call = ["get_tls", site, path, "443", script]
    return words(["with_log", error_logs(context, site, port), *call])


def request_with_log(logs: str, name: str, path: str, headers_script: str = "") -> str:
    """Shell for one GET over plain HTTP from port 80 of this host, for any name; it needs LIBRARY before it."""
    more = [headers_script] if headers_script else []
    return words(["with_log", logs, "get_with" if more else "get", name, path, "80", "127.0.0.1", *more])


def error_logs(context: Context, site: str, port: int = 80) -> str:
    """Paths of the error logs for requests to this port, as quoted words."""
    servers = (context.front, context.web) if context.front and port == 80 else (context.web,)
    return words(f"{names.log_dir}/{site}.error.log" for names in servers)


def get(site: str, path: str, port: int, address: str) -> str:
    """Shell that prints the answer to one GET."""
    return LIBRARY + words(["get", site, path, str(port), address])


def get_unix(site: str, path: str, socket: str, user: str) -> str:
    """Like `get`, as `user` over a Unix socket."""
    return LIBRARY + words(["get_unix", site, path, socket, user])


def connect(address: str, port: int) -> str:
    """Shell that prints an answer if a connection can be made."""
    return LIBRARY + words(["connect", address, str(port)])


def local_address(context: Context, site: str) -> str:
    """HOST:PORT that `local_probe` connects to."""
    return f"127.0.0.1:{443 if redirects(context, site) else 80}"


def side_by_side(scripts: Sequence[str], within: float = 0) -> HostProbe:
    """Runs scripts in parallel, and prints their outputs one after the other.

    Args:
        within: Seconds that an answer may take, by the playbook.
    """
    most = max(6, ceil(within) + 2)
    return HostProbe(LIBRARY + words(["side_by_side", str(most), *scripts]), most + 2)


def split_outputs(raw: str) -> list[str]:
    """Split the output of `side_by_side` into that of each script."""
    found = sections(raw)
    return [found[name].strip("\n") for name in takewhile(found.__contains__, map(str, count(1)))]


def judge_incomplete(where: str, seen: Evidence, hint: str) -> Verdict:
    """The verdict on an incomplete answer from outside. `hint`: what to do if nothing was received."""
    if not seen.raw:
        return failed(f"no answer {where}".strip(), seen.error, hint)
    cause = (
        "the server, a proxy or the application stopped while answering, or its headers are malformed: see their logs"
    )
    return failed(f"no complete answer {where}".strip(), f"{seen.error}\n{seen.raw[:200]}", cause)


def judge_answer(where: str, judge: Callable[[Answer, str], Verdict], seen: Evidence, hint: str = "") -> Verdict:
    """Apply `judge` to the output of a `local_probe`: the answer of `where`, and the log's last lines."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    answer, log = parse_answer(seen.raw)
    return judge(answer, log) if answer else failed(f"no HTTP answer on {where}", log, hint)


def parse_answer(raw: str) -> tuple[Answer | None, str]:
    """Parse the output of a `local_probe`: the answer, and the log's last lines (or what was sent instead of HTTP)."""
    found = sections(raw)
    text, log = found.get("answer", ""), found.get("log", "").strip()
    answer = parse(text)
    return answer, log if answer else text.strip() or log
