"""Formats that are one document, written at the end of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from lampctl.checks import Result
from lampctl.errors import LampctlError
from lampctl.journal.events import Event
from lampctl.outcome import Outcome

# A check's result, or None for the host as a whole → (file, line) of what the playbook says about it; None if unknown.
Place = Callable[[Result | None], tuple[str, int] | None]


def nowhere(_: Result | None) -> tuple[str, int] | None:
    """The Place of runs without a playbook."""
    return None


@dataclass(frozen=True)
class Report:
    """A finished run. `time`: seconds since the epoch."""

    command: str
    outcomes: Sequence[Outcome]
    error: LampctlError | None = None  # ended the command before any host was contacted
    time: float = 0.0
    place: Place = nowhere

    @property
    def ok(self) -> bool:
        return self.error is None and all(outcome.ok for outcome in self.outcomes)


Render = Callable[[Report], str]


def renderer(format: str) -> Render:
    """The `render` of a format other than text; its module is imported only when it is used."""
    render: Render = import_module(f"lampctl.report.{format}").render
    return render


class Document:
    """A reporter that renders the run at its end, and passes the text to `write`."""

    def __init__(self, render: Render, write: Callable[[str], None], place: Place = nowhere) -> None:
        self._render = render
        self._write = write
        self._place = place

    def event(self, event: Event) -> None:
        """Ignored: a document contains outcomes only."""

    def outcome(self, outcome: Outcome) -> None:
        """Ignored: `finish` gets all outcomes."""

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        self._write(self._render(Report(command, outcomes, time=time.time(), place=self._place)))

    def close(self) -> None:
        """Nothing to do: `finish` wrote the document."""
