"""The exceptions of lampctl.

    LampctlError                 exit code 1
    ├── UsageError               2   wrong usage; no host was contacted
    │   └── PlaybookError        2   a playbook, a value or a template is invalid: file:line
    ├── Unreachable              3   name, port, timeout, key, host key, sudo
    ├── Locked                   4   another run holds the host's lock
    ├── BadAnswer                1   a host's answer is too long or malformed
    ├── Refused                  1   a preflight found a problem; nothing was changed
    ├── ApplyFailed              1   a step, a validation or a reload failed on the host
    ├── Interrupted            130   Ctrl-C: the host stopped, and undid what was half made
    └── CheckFailed              1   the API's raise_for_failure(): a check failed; the hint says what to do

Each has a `kind` (a stable word for programs), a message (what failed, and where) and a
hint (what to do).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from lampctl.legible import legible


class Exit(IntEnum):
    """Exit codes, ordered so that the worst of several hosts is the largest."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    LOCKED = 4
    INTERRUPTED = 130  # 128 + SIGINT, as a shell has it


class LampctlError(Exception):
    """Base of all expected errors: shown as one message, without a traceback."""

    exit_code = Exit.FAILED
    kind = "error"

    def __init__(self, message: str, hint: str = "", *, kind: str = "", evidence: str = "") -> None:
        super().__init__(legible(message))
        self.message = legible(message)
        self.hint = legible(hint)
        self.evidence = legible(evidence)
        self.kind = kind or type(self).kind

    def as_dict(self) -> dict[str, str]:
        return {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "evidence": self.evidence,
        }


class UsageError(LampctlError):
    exit_code = Exit.USAGE
    kind = "usage"


class PlaybookError(UsageError):
    kind = "playbook"


class Unreachable(LampctlError):
    exit_code = Exit.UNREACHABLE
    kind = "unreachable"


class Locked(LampctlError):
    exit_code = Exit.LOCKED
    kind = "locked"


class BadAnswer(LampctlError):
    kind = "answer"


class Refused(LampctlError):
    kind = "refused"


class ApplyFailed(LampctlError):
    kind = "apply"


class Interrupted(LampctlError):
    exit_code = Exit.INTERRUPTED
    kind = "interrupted"


class CheckFailed(LampctlError):
    kind = "check"


def locked(host: str, owner: str) -> Locked:
    """Another run changes the host. `owner`: who, and since when."""
    return Locked(
        f"{host}: another run holds the lock: {owner or 'unknown'}",
        "--wait SECONDS waits until it ends; lampctl attach HOST follows it. The lock ends with the run, even if it is "
        "killed",
    )


def unexpected(where: str, error: Exception) -> LampctlError:
    """The LampctlError that replaces an unexpected exception, so that the other hosts' results are kept."""
    found = LampctlError(
        f"{where}: unexpected: {type(error).__name__}: {error}",
        "this is a bug of lampctl; --debug shows where",
        kind="unexpected",
    )
    found.__cause__ = error
    return found


def guess(word: str, known: Iterable[str]) -> str:
    """The beginning of a hint: `did you mean deploy? `; empty if no known word is similar."""
    from difflib import get_close_matches  # lazy: only needed after a typo

    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]}? " if close else ""
