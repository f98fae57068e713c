"""Several reporters as one."""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.journal.events import Event
from lampctl.outcome import Outcome, Reporter


class Composite:
    """Forwards each call to `reporters`, in their order."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self.reporters = reporters

    def event(self, event: Event) -> None:
        for reporter in self.reporters:
            reporter.event(event)

    def outcome(self, outcome: Outcome) -> None:
        for reporter in self.reporters:
            reporter.outcome(outcome)

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        for reporter in self.reporters:
            reporter.finish(command, outcomes)

    def close(self) -> None:
        for reporter in self.reporters:
            reporter.close()
