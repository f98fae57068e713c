"""Limits of size and time for a host's output, which is read into memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from lampctl.errors import BadAnswer, LampctlError, Unreachable

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """The limits of one batch.

    `line`, `answer` (all lines, as held in memory) and `errors` (stderr) are in bytes; `silence` (without output) and
    `total` are in seconds.
    """

    line: int = MIB
    answer: int = 64 * MIB
    errors: int = 16 * MIB
    silence: float = 120.0
    total: float = 600.0


READ_LIMITS = Limits()  # each probe is quick; the slowest have their own timeout on the host
# apt can wait 300 s for an archive, certbot prints nothing until it ends; altogether, changes can take hours.
CHANGE_LIMITS = Limits(silence=900.0, total=inf)


def waiting(seconds: float) -> Limits:
    """The limits of reading, where the host works for `seconds` before it prints something."""
    return replace(READ_LIMITS, silence=READ_LIMITS.silence + seconds, total=READ_LIMITS.total + seconds)


def too_long(host: str, what: str, limit: int) -> LampctlError:
    """The error for output over a limit. `what`: a line of its answer, its answer, its error output."""
    size = f"{limit // MIB} MiB" if limit >= MIB else f"{limit // 1024} KiB"
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
