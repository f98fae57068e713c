"""Asking over HTTP on the host itself, and reading a raw answer; pure."""

from __future__ import annotations

from dataclasses import dataclass

from lampctl.checks import HostProbe
from lampctl.layers.base import Context
from lampctl.resources.shell import quote, words

_LOG = "==log"


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
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return None
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return Answer(int(words[1]), {k.strip().lower(): v.strip() for k, v in pairs}, body)


def local(context: Context, site: str, path: str, port: int = 80) -> HostProbe:
    """One GET on the host itself, by the site's name; then the last words of the site's error log."""
    servers = (context.front, context.web) if context.front and port == 80 else (context.web,)
    logs = words(f"{names.log_dir}/{site}.error.log" for names in servers)
    return HostProbe(f"{get(site, path, port)}; echo; echo {_LOG}; tail -q -n 2 {logs} 2>/dev/null")


def get(site: str, path: str, port: int = 80) -> str:
    """Shell that prints the answer to one GET. bash is there where curl is not; $TOKEN in `path` is the run's."""
    request = f"GET {path} HTTP/1.0\\r\\nHost: {site}\\r\\nUser-Agent: lampctl\\r\\nConnection: close\\r\\n\\r\\n"
    inner = f'exec 3<>/dev/tcp/127.0.0.1/{port} && printf "{request}" >&3 && head -c 65536 <&3'
    return f"export TOKEN; bash -c {quote(inner)} 2>&1"


def heard(raw: str) -> tuple[Answer | None, str]:
    """What a `local` probe brought: the answer, and the log's last words (or what was there in place of an answer)."""
    text, _, log = raw.partition(f"{_LOG}\n")
    answer = parse(text)
    return answer, log.strip() if answer else text.strip() or log.strip()
