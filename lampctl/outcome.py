"""The result of a command: one outcome for each host. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol, Self

from lampctl.checks import Result, Status, culprit
from lampctl.errors import ApplyFailed, CheckFailed, Exit, LampctlError, Refused
from lampctl.journal.events import Event
from lampctl.resources import Change


@dataclass(frozen=True)
class Outcome:
    """The result of one command on one host. `timings`: phase → seconds; `results` are empty with `plan`."""

    host: str
    command: str
    playbook: str = ""
    platform: str = ""
    applied: bool = False
    undone: bool = False  # the changes were rolled back
    changes: Sequence[Change] = ()
    results: Sequence[Result] = ()
    error: LampctlError | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    round_trips: int = 0

    @property
    def ok(self) -> bool:
        return self.error is None and culprit(self.results) is None

    @property
    def exit_code(self) -> Exit:
        if self.error:
            return self.error.exit_code
        return Exit.OK if self.ok else Exit.FAILED

    @property
    def failure(self) -> LampctlError | None:
        """What failed: the error that ended the command on this host, else the culprit; None if it is ok."""
        first = culprit(self.results)
        if self.error or first is None:
            return self.error
        return CheckFailed(f"{self.host}: {first.id} failed: {first.actual}", first.hint, evidence=first.evidence)

    def raise_for_failure(self) -> Self:
        """Return the outcome if it is ok, so that calls can be chained.

        Raises:
            LampctlError: The error that ended the command on this host, or CheckFailed with the culprit.
        """
        if failure := self.failure:
            raise failure
        return self

    def as_dict(self) -> dict[str, object]:
        """The host's part of the JSON document; see docs/reference/cli.md."""
        first = culprit(self.results)
        return {
            "host": self.host,
            "ok": self.ok,
            "applied": self.applied,
            "undone": self.undone,
            "platform": self.platform,
            "changes": [change.as_dict() for change in self.changes],
            "results": [result.as_dict() for result in self.results],
            "culprit": {"id": first.id, "layer": first.layer} if first else None,
            "error": self.error.as_dict() if self.error else None,
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
            "round_trips": self.round_trips,
        }


class Outcomes(tuple[Outcome, ...]):
    """The outcomes of a command on several hosts, in the order of its hosts."""

    @property
    def ok(self) -> bool:
        return all(outcome.ok for outcome in self)

    @property
    def exit_code(self) -> Exit:
        """The worst of them; Exit orders them."""
        return max((outcome.exit_code for outcome in self), default=Exit.OK)

    def host(self, name: str) -> Outcome:
        """The outcome of one host. KeyError where the run had no such host."""
        for outcome in self:
            if outcome.host == name:
                return outcome
        raise KeyError(name)

    def raise_for_failure(self) -> Self:
        """Return the outcomes if all are ok.

        Raises:
            LampctlError: The failure of the first host with the worst exit code; its notes name the other failures.
        """
        failures = [failure for outcome in self if (failure := outcome.failure)]
        if not failures:
            return self
        worst = max(failures, key=lambda failure: failure.exit_code)
        worst.__notes__ = [f"also failed: {failure.message}" for failure in failures if failure is not worst]
        raise worst


class Health(IntEnum):
    """The states of Nagios, which are the exit codes of its plugins too."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def health(outcomes: Sequence[Outcome], error: LampctlError | None = None) -> Health:
    """The worst state of the hosts: CRITICAL, then UNKNOWN, then WARNING. `error`: ended the command early."""
    states = {_health(outcome) for outcome in outcomes} | ({Health.UNKNOWN} if error else set())
    return next((s for s in (Health.CRITICAL, Health.UNKNOWN, Health.WARNING) if s in states), Health.OK)


def _health(outcome: Outcome) -> Health:
    if culprit(outcome.results) or isinstance(outcome.error, ApplyFailed | Refused):
        return Health.CRITICAL
    if outcome.error:
        return Health.UNKNOWN
    unsure = any(result.status in (Status.UNKNOWN, Status.BLOCKED) for result in outcome.results)
    return Health.WARNING if unsure or (outcome.command == "plan" and outcome.changes) else Health.OK


class Reporter(Protocol):
    """Shows a run. It decides nothing: exit codes come from outcomes."""

    def event(self, event: Event) -> None: ...

    def outcome(self, outcome: Outcome) -> None:
        """One host is done. Called from several threads."""
        ...

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        """All hosts are done."""
        ...

    def close(self) -> None:
        """Restore the terminal, also when a run is interrupted; later events are not shown."""
        ...
