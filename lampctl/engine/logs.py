"""The logs of a host's sites, and of what they share: merged by time on the host, in one batch."""

from __future__ import annotations

import re
import secrets
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from lampctl.answers import format_time, parse_float, parse_object
from lampctl.engine import records
from lampctl.engine.observe import cut_short
from lampctl.engine.records import Record
from lampctl.legible import one_line
from lampctl.resources.shell import program, script
from lampctl.ssh import Batch, Transport, as_root
from lampctl.ssh.limits import Limits

MOST = 100_000  # lines that are not followed
# All lines are passed on, none is kept. The host says something every few seconds, and reads for 20 s at most before.
_LIMITS = Limits(answer=1 << 62, silence=60.0, total=inf)
_UNIT = re.compile(r"lampctl-(?:(worker|schedule)-.+_([^_]+)|([a-z]+)[0-9.]*-.+)")

Place = tuple[str, str]  # (site, or empty for what sites share; source)


@dataclass(frozen=True)
class Line:
    """One line of a log. `time`: seconds since the epoch."""

    time: float
    site: str
    source: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON output; `site` is null for what sites share."""
        stamp = format_time(self.time, "%Y-%m-%dT%H:%M:%S") + f".{int(self.time % 1 * 1000):03d}Z"
        return {"time": stamp, "site": self.site or None, "source": self.source, "line": self.text}


@dataclass(frozen=True)
class Note:
    """What was left out, and why."""

    text: str


@dataclass(frozen=True)
class Wanted:
    """What to show.

    Attributes:
        site: Empty for all sites, and what they share.
        lines: The most lines; when following, of those that there are already.
        since: Seconds since the epoch, or before now, negative; 0 for any time.
    """

    site: str = ""
    lines: int = 100
    since: int = 0
    follow: bool = False


def logs_of(transport: Transport, wanted: Wanted) -> Iterator[Line | Note | None]:
    """The lines in the order of their times; None while there is none to follow, every few seconds.

    Raises:
        UsageError: The host has no such site. LampctlError: It has no record of a site.
    """
    boundary = f"@@{secrets.token_hex(8)}"
    session = transport.start(_batch(wanted, boundary))
    lines = as_root(transport, session)
    known = _records(transport, lines, boundary, wanted.site)
    if known is None:
        raise cut_short(transport, session)
    if not (yield from _merged(lines, places(known), wanted.lines)) or wanted.follow:
        raise cut_short(transport, session)  # what follows does not end by itself
    session.finish()


def _batch(wanted: Wanted, boundary: str) -> Batch:
    main = records.listing() + script(
        "everyday/logs",
        boundary=boundary,
        site=wanted.site,
        count=wanted.lines,
        since=wanted.since,
        follow=int(wanted.follow),
    )
    programs = {name: program(f"everyday/{name}").encode() for name in ("logs.pl", "read.pl")}
    return Batch({**programs, "main": main.encode()}, _LIMITS)


def _records(transport: Transport, lines: Iterator[str], boundary: str, site: str) -> list[Record] | None:
    """Those to show; None if the answer ends before they do."""
    raw: list[str] = []
    for line in lines:
        if line == boundary:
            known = records.parse("\n".join(raw))
            if site:
                return [records.chosen(transport.host, known, site)]
            if not known:
                raise records.no_record(transport.host)
            return [*known.values()]
        raw.append(line)
    return None


def _merged(lines: Iterator[str], known: Mapping[str, Place], most: int) -> Generator[Line | Note | None, None, bool]:
    """Returns whether all lines came that there are. An entry of the journal can have several: so the last are kept."""
    last: deque[Line] = deque(maxlen=most)
    complete = False
    for line in lines:
        if line == "-":
            complete = True
            break
        for found in parse(line, known):
            if isinstance(found, Note):
                yield found
            else:
                last.append(found)
    if len(last) == MOST:
        yield Note(f"only the last {MOST} lines are shown")
    yield from last
    for line in lines:
        if line:
            yield from parse(line, known)
        else:
            yield None
    return complete


def parse(line: str, known: Mapping[str, Place]) -> list[Line | Note]:
    """What logs.pl prints on a line; empty if that is malformed."""
    time, _, rest = line.partition("\t")
    key, tab, text = rest.partition("\t")
    moment = parse_float(time)
    if moment is None or not tab:
        return []
    if key == "!":
        return [Note(one_line(text))]
    if key == "j":
        return [Line(moment, *place, one_line(part)) for place, part in _entry(text, known)]
    return [Line(moment, *known[key], one_line(text))] if key in known else []


def _entry(text: str, known: Mapping[str, Place]) -> list[tuple[Place, str]]:
    """The lines of an entry of the journal. Only systemd and root can speak of another unit than their own."""
    entry = parse_object(text)
    if entry is None:
        return []
    names = [entry.get("_SYSTEMD_UNIT")]
    if entry.get("_PID") == "1" or entry.get("_UID") == "0":
        names = [entry.get("UNIT"), entry.get("OBJECT_SYSTEMD_UNIT"), entry.get("COREDUMP_UNIT"), *names]
    place = next((known[name] for name in names if isinstance(name, str) and name in known), None)
    return [(place, part) for part in _message(entry.get("MESSAGE")).split("\n")] if place else []


def _message(value: object) -> str:
    """journalctl prints what is not UTF-8, or has control characters, as a list of bytes; several messages likewise."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, list):
        return bytes(item for item in value if isinstance(item, int) and 0 <= item < 256).decode(errors="replace")
    return value if isinstance(value, str) else ""


def places(known: Sequence[Record]) -> dict[str, Place]:
    """Each file and unit → its site, and what it is called."""
    found: dict[str, Place] = {}
    for record in known:
        for path in record.logs:
            found[f"{path.rpartition('/')[0]}/error.log"] = ("", f"{_server(path)}:error")
        for unit in record.servers:
            found[unit] = ("", unit.removesuffix(".service"))
    for record in known:
        found.update({path: (record.site, source) for path, source in _files(record).items()})
        found.update({unit: (record.site, source) for unit, source in _units(record).items()})
    return found


def _files(record: Record) -> dict[str, str]:
    """NGINX in front of Apache: both have logs of the site."""
    several = len({_server(path) for path in record.logs}) > 1
    short = {path: path.removesuffix(".log").rpartition(".")[2] for path in record.logs}
    shown = {path: f"{_server(path)}:{name}" if several else name for path, name in short.items()}
    names = Counter(path.rpartition("/")[2] for path in record.own_logs)
    own = {path: path.rpartition("/")[2] for path in record.own_logs}
    return shown | {
        path: f"app:{name if names[name] == 1 else path.removeprefix(record.folder).lstrip('/')}"
        for path, name in own.items()
    }


def _server(path: str) -> str:
    return path.rpartition("/")[0].rpartition("/")[2]


def _units(record: Record) -> dict[str, str]:
    """A number only where there are several instances."""
    found = {}
    for unit in record.units:
        stem, at, number = unit.removesuffix(".service").partition("@")
        found[unit] = (_short(stem, record), at + number)
    count = Counter(short for short, _ in found.values())
    return {unit: f"{short}{number}" if count[short] > 1 else short for unit, (short, number) in found.items()}


def _short(stem: str, record: Record) -> str:
    """worker:queue, schedule:backup, php, cgi; the site's type for its program."""
    match = None if stem == f"lampctl-{record.site}" else _UNIT.fullmatch(stem)
    if match is None:
        return record.type or stem
    return match[3] or f"{match[1]}:{match[2]}"
