"""The result of a command: one outcome for each host. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from lampctl.checks import Result, Status, culprit
from lampctl.errors import ApplyFailed, Exit, LampctlError, Refused
from lampctl.journal.events import Event
from lampctl.resources import Change


@dataclass(frozen=True)
class Outcome:
    """What one command came to on one host. Times in seconds."""

    host: str
    command: str
    playbook: str = ""
    platform: str = ""
    applied: bool = False
    undone: bool = False  # the former generation was put back
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


class Health(IntEnum):
    """Nagios' states, which are the exit codes of its plugins too."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def health(outcomes: Sequence[Outcome], error: LampctlError | None = None) -> Health:
    """The worst of the hosts: what is broken before what can't be found out. `error`: ended the command early."""
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
    """What shows a run to somebody. It never decides: exit codes come from outcomes."""

    def event(self, event: Event) -> None: ...

    def outcome(self, outcome: Outcome) -> None:
        """One host is done. May be called from several threads."""
        ...

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        """All hosts are done."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it was, also when a run is interrupted; what still comes is not shown."""
        ...
