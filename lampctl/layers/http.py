"""Asking over HTTP on the host itself, and reading a raw answer; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lampctl.checks import Evidence, HostProbe, Verdict, failed, unknown
from lampctl.layers.base import Context
from lampctl.layers.vhost import redirects
from lampctl.resources.shell import quote, words

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


def local(context: Context, site: str, path: str, port: int = 80, more: str = "") -> HostProbe:
    """One GET on the host itself, by the site's name; then the last words of the site's error log.

    `more`: shell that prints further headers.
    """
    servers = (context.front, context.web) if context.front and port == 80 else (context.web,)
    logs = words(f"{names.log_dir}/{site}.error.log" for names in servers)
    ask = get_tls(site, path) if port == 80 and redirects(context, site) else get(site, path, port, more=more)
    before = f"cat {logs} 2>/dev/null | wc -c"  # older lines would mislead
    others = "" if "$TOKEN" in path else " | grep -v lampctl-probe-"  # what the probes beside it left there
    after = f"cat {logs} 2>/dev/null | tail -c +$((seen + 1)){others} | tail -n 2"
    return HostProbe(f"seen=$({before}); {ask}; echo; echo {_LOG}; {after}")


def get(site: str, path: str, port: int = 80, address: str = "127.0.0.1", more: str = "") -> str:
    """Shell that prints the answer to one GET. bash is there where curl is not; $TOKEN in `path` is the run's.

    In one write, as clients do: bash's own printf makes one a line, and a simple program that answers the first
    and closes would reset the connection.
    """
    request = _request(site, path)
    send = f'env printf "{request}" >&3'
    if more:  # not in env's arguments: it may be a secret
        send = f'env printf "{request.removesuffix(_END)}" >&3 && {{ {more}; echo -e "\\r"; }} >&3'
    inner = f"exec 3<>/dev/tcp/{address}/{port} && {send} && head -c 65536 <&3"
    return f"export TOKEN; bash -c {quote(inner)} 2>&1"


# perl-base is essential on Debian; neither bash nor openssl speaks HTTP over a Unix socket.
_UNIX = (
    'alarm 9; my $s = IO::Socket::UNIX->new($ARGV[0]) or die "$ARGV[0]: $!\\n"; '
    "$s->print(join '', <STDIN>); $s->flush; read $s, my $b, 65536; print $b"
)


def get_unix(site: str, path: str, socket: str, user: str) -> str:
    """As `get`, by `user` over a Unix socket."""
    client = f"perl -MIO::Socket::UNIX -e {quote(_UNIX)} {quote(socket)}"
    ask = f"setpriv --reuid={user} --regid={user} --init-groups {client}"
    return f'cd / && printf "{_request(site, path)}" | {ask} 2>&1'


def get_tls(site: str, path: str, port: int = 443) -> str:
    """As `get`, over TLS; whose certificate it is, checks of their own find out."""
    client = f"openssl s_client -quiet -connect 127.0.0.1:{port} -servername {quote(site)}"
    return (
        f'printf "{_request(site, path)}" | timeout 15 {client} > got.$$ 2> said.$$ || :\n'
        "if [ -s got.$$ ]; then head -c 65536 got.$$; else tail -n 3 said.$$; fi"
    )


_END = "\\r\\n"


def _request(site: str, path: str) -> str:
    return f"GET {path} HTTP/1.0\\r\\nHost: {site}\\r\\nUser-Agent: lampctl\\r\\nConnection: close\\r\\n\\r\\n"


def port(context: Context, site: str) -> str:
    """Where `local` asks."""
    return f"127.0.0.1:{443 if redirects(context, site) else 80}"


def side_by_side(scripts: Sequence[str]) -> str:
    """Shell that runs several scripts at once, 10 s each at most, and prints their output one after the other.

    A program that serves one client at a time may have to wait until Apache lets go of an idle connection to it.
    """
    started = "\n".join(
        f"timeout 10 sh -c {quote(script)} > $dir/{number} 2>&1 &" for number, script in enumerate(scripts)
    )
    return (
        f"dir=$(mktemp -d)\n{started}\nwait\n"
        f'for n in $(seq 0 {len(scripts) - 1}); do echo "{PART}"; cat "$dir/$n"; echo; done\nrm -r "$dir"'
    )


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
