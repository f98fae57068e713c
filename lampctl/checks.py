"""Checks: one probe of one hop each, chained by what they need; and what they come to.

A check never raises: what it finds is a Verdict. A hop that needs a broken one is `blocked`, and the
culprit is the first that is broken itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from lampctl.facts import Facts
from lampctl.legible import legible, one_line
from lampctl.resources.kind import States


class Status(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    BLOCKED = "blocked"  # what it needs is broken
    SKIPPED = "skipped"
    UNKNOWN = "unknown"  # could not be found out; says nothing about the hop


class Where(StrEnum):
    HOST = "host"
    TUNNEL = "tunnel"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Evidence:
    """What a probe brought back: its output, and what was observed of the host."""

    raw: str
    facts: Facts
    states: States
    error: str = ""  # why the probe could not be run, if it could not


@dataclass(frozen=True)
class Verdict:
    status: Status
    actual: str
    evidence: str = ""  # the log line, the tool's message
    hint: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "actual", one_line(self.actual))
        object.__setattr__(self, "evidence", legible(self.evidence))
        object.__setattr__(self, "hint", legible(self.hint))


Judge = Callable[[Evidence], Verdict]  # pure: the same evidence gives the same verdict


def passed(actual: str) -> Verdict:
    return Verdict(Status.PASS, actual)


def failed(actual: str, evidence: str = "", hint: str = "") -> Verdict:
    return Verdict(Status.FAIL, actual, evidence.strip(), hint)


def unknown(actual: str, evidence: str = "", hint: str = "") -> Verdict:
    return Verdict(Status.UNKNOWN, actual, evidence.strip(), hint)


@dataclass(frozen=True)
class HostProbe:
    """A shell script that runs on the host; `judge` reads its output. `$TOKEN` names the probe files."""

    script: str


@dataclass(frozen=True)
class LoginProbe:
    """A login with a site's own credentials through an SSH channel: write, read back, clean up."""

    user: str
    database: str
    secret: str  # path of the secret on the host
    port: int = 3306


@dataclass(frozen=True)
class HttpProbe:
    """A GET from the controller to the host's address; {token} in `path` is the run's token."""

    name: str  # Host header
    path: str
    port: int = 80
    tls: bool = False  # whose certificate it is, a TlsProbe finds out


@dataclass(frozen=True)
class TlsProbe:
    """A handshake from the controller with the host's address; `name` is what the client asks for (SNI)."""

    name: str
    port: int = 443


Probe = HostProbe | LoginProbe | HttpProbe | TlsProbe | None  # None: judged by what was observed


@dataclass(frozen=True)
class Check:
    """One hop of a request's way."""

    id: str
    layer: str
    where: Where
    title: str  # for people: "PHP answers FastCGI"
    expected: str
    judge: Judge
    needs: tuple[str, ...] = ()
    probe: Probe = None
    undoable: bool = True  # could former files mend it? Not what is of the machine or the world: disk, clock, DNS

    @property
    def question(self) -> str:
        """Tells a check from one of the same name that asks something else."""
        return sha256(repr((self.probe, self.expected)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Result:
    """What one check came to. `ms` is how long its probe took."""

    id: str
    layer: str
    status: Status
    where: Where
    expected: str
    actual: str
    evidence: str = ""
    hint: str = ""
    ms: float = 0.0
    title: str = ""
    undoable: bool = True

    def as_dict(self) -> dict[str, str | float]:
        return {
            "id": self.id,
            "layer": self.layer,
            "status": str(self.status),
            "where": str(self.where),
            "expected": self.expected,
            "actual": self.actual,
            "evidence": self.evidence,
            "hint": self.hint,
            "ms": round(self.ms, 1),
        }


def conclude(checks: Sequence[Check], verdicts: Mapping[str, tuple[Verdict, float]]) -> tuple[Result, ...]:
    """Results in the chain's order. `verdicts`: check id → (verdict, milliseconds)."""
    results: dict[str, Result] = {}
    for check in checks:
        verdict, ms = verdicts.get(check.id, (unknown("was not probed"), 0.0))
        broken = [n for n in check.needs if n in results and results[n].status in (Status.FAIL, Status.BLOCKED)]
        if broken:
            verdict = Verdict(Status.BLOCKED, f"needs {broken[0]}")
        results[check.id] = Result(
            check.id,
            check.layer,
            verdict.status,
            check.where,
            check.expected,
            verdict.actual,
            verdict.evidence,
            verdict.hint,
            ms,
            check.title,
            check.undoable,
        )
    return tuple(results.values())


def lost(
    checks: Sequence[Check], results: Sequence[Result], before: Sequence[Result], passed: Mapping[str, str]
) -> Result | None:
    """The first check that fails now and did not before, as far as former files could mend it.

    `before`: the results of the same checks before the change; `passed`: id → question of those that passed when the
    host was last proved. A check that asks something new says nothing of before: it is taken to have passed.
    """
    asked = {check.id: check.question for check in checks}
    failing = {result.id for result in before if result.status is not Status.PASS}
    for result in results:
        known = result.id in passed and not (result.id in failing and passed[result.id] == asked.get(result.id))
        if result.status is Status.FAIL and result.undoable and known:
            return result
    return None


def culprit(results: Iterable[Result]) -> Result | None:
    """The first hop that is broken itself."""
    return next((result for result in results if result.status is Status.FAIL), None)
