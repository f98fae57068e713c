"""Runs in a host's journal: who changed the host, when, with what, and how it ended. Data only.

A run is a directory /var/lib/lampctl/runs/ID on the host:

    begun     one line of JSON, before the first change: who, with which playbook
    log       what the host did, as lines of an apply, while it happens
    ended     one line of JSON: the verdict. The host writes it; the controller's is more detailed
    outcome   the host's part of the JSON document of the command

What is read back comes from the host, and is not trusted: a field of another type counts as missing.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import re
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from lampctl import __version__
from lampctl.answers import parse_object
from lampctl.legible import one_line

MOST = 50  # runs that a host keeps
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")


class Verdict(StrEnum):
    """How a run ended, or stands."""

    PROVED = "proved"  # its checks passed
    KEPT = "kept"  # a check fails that did not work before either
    UNDONE = "undone"  # a check failed that passed before, and the previous files are back
    FAILED = "failed"  # a step failed; its files were rolled back
    STOPPED = "stopped"  # by Ctrl-C; what was half made was rolled back
    ABANDONED = "abandoned"  # nobody checked it, and a page failed, so the host rolled it back
    UNPROVED = "unproved"  # it was applied, and nobody checked more than the pages
    RUNNING = "running"


@dataclass(frozen=True)
class Begun:
    """What is known of a run before its first change.

    Attributes:
        id: The time in UTC and four random hexadecimal digits: sorted by name, runs are in order.
        by: The user and the machine that ran lampctl.
        digest: Of the playbook with its environment and `--set`: two runs with the same digest wanted the same.
        began: Seconds since the epoch, by the controller's clock.
    """

    id: str
    by: str
    command: str
    playbook: str
    digest: str
    version: str
    began: float

    @classmethod
    def now(cls, command: str, playbook: str, document: Mapping[str, Any]) -> Self:
        began = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(began))
        text = json.dumps(document, sort_keys=True, default=str)
        return cls(
            f"{stamp}-{int(began % 1 * 65536):04x}",  # the part of the second: ids are in the order of the runs
            f"{getpass.getuser()}@{socket.gethostname()}",
            command,
            playbook,
            hashlib.sha256(text.encode()).hexdigest()[:16],
            __version__,
            round(began, 3),
        )


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        ended: Seconds since the epoch.
        changes, checks: How many.
        failed: The checks that failed.
        error: What ended it, or empty.
    """

    verdict: Verdict
    ended: float = 0.0
    changes: int = 0
    checks: int = 0
    failed: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Run:
    """One run of a host's journal."""

    begun: Begun
    ended: Ended

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self.begun), **asdict(self.ended), "ended": self.ended.ended or None}


def encode(item: Begun | Ended) -> bytes:
    return (json.dumps(asdict(item), ensure_ascii=False) + "\n").encode()


def parse(id: str, begun: str, ended: str, *, running: bool) -> Run | None:
    """Read one run. None if the host does not say how it began, as after a power failure."""
    document = parse_object(begun)
    if not is_id(id) or not document:
        return None
    words = {name: _text(document.get(name)) for name in ("by", "command", "playbook", "digest", "version")}
    found = Begun(id=id, began=parse_number(document.get("began")), **words)
    return Run(found, _ended(parse_object(ended) or {}, running=running))


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def match(ids: Iterable[str], wanted: str) -> list[str]:
    """The runs whose id is `wanted`, or begins or ends with it."""
    return [id for id in ids if wanted and (id.startswith(wanted) or id.endswith(wanted))]


def _ended(document: Mapping[str, Any], *, running: bool) -> Ended:
    names = document.get("failed")
    word = _text(document.get("verdict"))
    verdict = Verdict(word) if word in set(Verdict) else Verdict.UNPROVED
    return Ended(
        Verdict.RUNNING if running else verdict,
        parse_number(document.get("ended")),
        int(parse_number(document.get("changes"))),
        int(parse_number(document.get("checks"))),
        tuple(_text(name) for name in names[:1000]) if isinstance(names, list) else (),
        _text(document.get("error")),
    )


def _text(value: object) -> str:
    return one_line(value)[:2000] if isinstance(value, str) else ""


def parse_number(value: object) -> float:
    """A finite number of moderate size; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        return 0.0
    return float(value)
