"""Limits of size and time for what a host sends: it is read into this machine's memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from lampctl.errors import BadAnswer, LampctlError, Unreachable

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Of one batch.

    Bytes of a line, of all lines as memory holds them, and of stderr; seconds without output, and altogether.
    """

    line: int = MIB
    answer: int = 64 * MIB
    errors: int = 16 * MIB
    silence: float = 120.0
    whole: float = 600.0


LOOK = Limits()  # reading: each probe is quick, and the slowest has a timeout of its own on the host
# Changes: apt may wait 300 s for an archive, certbot prints nothing until it ends; together they may take hours.
WORK = Limits(silence=900.0, whole=inf)


def too_long(host: str, what: str, most: int) -> LampctlError:
    """`what`: a line of its answer, its answer, its error output."""
    size = f"{most // MIB} MiB" if most >= MIB else f"{most // 1024} KiB"
    return BadAnswer(
        f"{host}: {what} is longer than {size}; the rest was not read",
        "see what prints it: ssh HOST true, and the login shell's files there",
        kind="answer-too-long",
    )


def too_slow(host: str, seconds: float, *, silent: bool) -> LampctlError:
    what = f"no output for {seconds:.0f} s" if silent else f"the answer was not complete after {seconds:.0f} s"
    return Unreachable(
        f"{host}: {what}",
        "what was started on the host goes on there: see what keeps it busy (ssh HOST uptime), then rerun lampctl",
        kind="timeout",
    )
