"""Checks and their results. Each check probes one hop of the request path; checks are chained by their needs.

A check never raises: its outcome is a Verdict. A hop that needs a broken hop is `blocked`; the culprit is the first
hop that is broken itself.
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
    UNKNOWN = "unknown"  # could not be determined; the hop may work


class Where(StrEnum):
    HOST = "host"
    TUNNEL = "tunnel"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Evidence:
    """What a check judges: the output of its probe, and the observation of the host."""

    raw: str
    facts: Facts
    states: States
    error: str = ""  # why the probe could not run; empty: it ran


@dataclass(frozen=True)
class Verdict:
    status: Status
    actual: str
    evidence: str = ""  # the log line, the tool's message
    hint: str = ""
    silent: tuple[str, ...] = ()  # lampctl's units that run and give no answer: a deploy restarts them

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
    """A shell script that runs on the host; `judge` reads its output. `$TOKEN` names the probe files.

    Attributes:
        limit: A whole number of seconds after which it is ended; then the hop fails, and `judge` is not called.
        accept: Shell that reads its output and succeeds if the hop works, for a host whose controller is gone. Only
            what a visitor sees needs it.
        by_files: What it asks for needs no other server than one that is reached by a Unix socket.
        plain: What it asks for needs no program at all.
    """

    script: str
    limit: int = 8
    accept: str = ""
    by_files: bool = False
    plain: bool = False


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
    tls: bool = False  # the certificate is not verified here; a TlsProbe verifies it


@dataclass(frozen=True)
class TlsProbe:
    """A TLS handshake from the controller with the host's address; `name` is the client's SNI."""

    name: str
    port: int = 443


Probe = HostProbe | LoginProbe | HttpProbe | TlsProbe | None  # None: the observation is enough


@dataclass(frozen=True)
class Check:
    """One hop of the request path."""

    id: str
    layer: str
    where: Where
    title: str  # for people: "PHP answers FastCGI"
    expected: str
    judge: Judge
    needs: tuple[str, ...] = ()
    probe: Probe = None
    undoable: bool = True  # a rollback could fix it; not the disk, the clock or DNS
    about: tuple[str, ...] = ()  # what it looks at, if neither `probe` nor `expected` names all of it
    slow: str = ""  # the hint, if its probe was ended at its time limit
    observed: bool = False  # whether it fails is known from the observation; its probe only adds to the verdict
    deep: bool = False  # only asked for by name, as it takes long or asks other hosts
    beside: str = ""  # the check that stands for it in a plain `check`; a deploy and `check --deep` ask both
    recorded: str = ""  # its question, if it is read from a host's record of an earlier proof

    @property
    def question(self) -> str:
        """A digest that differs when a check of the same id probes or expects something else."""
        return self.recorded or sha256(repr((self.probe, self.expected, *self.about)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Result:
    """The result of one check. `ms`: the duration of its probe."""

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
    silent: tuple[str, ...] = ()

    @property
    def undo_may_help(self) -> bool:
        """Does it fail, and could a rollback fix it?"""
        return self.status is Status.FAIL and self.undoable

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


def blocked_by_observation(checks: Sequence[Check], facts: Facts, states: States) -> frozenset[str]:
    """Checks that need a hop of which the observation shows that it is broken. Their probes might only hang."""
    broken: set[str] = set()
    blocked: set[str] = set()
    for check in checks:
        known = check.probe is None or check.observed
        if not broken.isdisjoint(check.needs):
            blocked.add(check.id)
            broken.add(check.id)
        elif known and check.judge(Evidence("", facts, states)).status is Status.FAIL:
            broken.add(check.id)
    return frozenset(blocked)


def conclude(checks: Sequence[Check], verdicts: Mapping[str, tuple[Verdict, float]]) -> tuple[Result, ...]:
    """Results in the chain's order. `verdicts`: check id → (verdict, milliseconds)."""
    results: dict[str, Result] = {}
    for check in checks:
        verdict, ms = verdicts.get(check.id, (unknown("was not probed"), 0.0))
        broken = [n for n in check.needs if n in results and results[n].status in (Status.FAIL, Status.BLOCKED)]
        if broken:
            verdict = Verdict(Status.BLOCKED, f"needs {broken[0]}")
        results[check.id] = Result(
            check.id, check.layer, verdict.status, check.where, check.expected, verdict.actual, verdict.evidence,
            verdict.hint, ms, check.title, check.undoable, verdict.silent,
        )  # fmt: skip
    return tuple(results.values())


def counted(checks: Sequence[Check], passed: Mapping[str, str]) -> dict[str, str]:
    """Check id → question; where the check that one stands beside passed, a new one is expected to pass as well.

    It gets the other's question: that it fails before a change does not excuse it, as if one's question had changed.
    """
    return {**{check.id: passed[check.beside] for check in checks if check.beside in passed}, **passed}


def first_regression(
    checks: Sequence[Check], results: Sequence[Result], before: Sequence[Result], passed: Mapping[str, str]
) -> Result | None:
    """The first check that fails now, passed before, and could be fixed by a rollback.

    Args:
        before: The results of the same checks before the change.
        passed: Check id → question, of the checks that passed when the host was last proved. If a check's question has
            changed since, its result in `before` does not count against it.
    """
    known = {check.id: check for check in checks}
    statuses = {result.id: result.status for result in before}

    def failed_before(id: str) -> bool:
        """A check that was blocked only by something new, such as the service of a new site, did not fail."""
        if id not in known or statuses.get(id, Status.PASS) is Status.PASS:
            return False
        if statuses[id] is Status.BLOCKED:
            return any(map(failed_before, known[id].needs))
        return passed.get(id) == known[id].question

    return next((r for r in results if r.undo_may_help and r.id in passed and not failed_before(r.id)), None)


def culprit(results: Iterable[Result]) -> Result | None:
    """The first hop that is broken itself."""
    return next((result for result in results if result.status is Status.FAIL), None)
