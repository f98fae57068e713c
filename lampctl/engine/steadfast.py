"""A reporter that never ends a run: what is being changed on a host is finished, even if nobody can read about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lampctl.errors import LampctlError
from lampctl.journal.events import Event
from lampctl.outcome import Outcome, Reporter


@dataclass
class Steadfast:
    """Forwards to a reporter until its output fails, as when the reader of a pipe has gone or a disk is full."""

    reporter: Reporter
    failure: OSError | None = field(default=None)

    def event(self, event: Event) -> None:
        self._forward(self.reporter.event, event)

    def outcome(self, outcome: Outcome) -> None:
        self._forward(self.reporter.outcome, outcome)

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        """Report the end.

        Raises:
            BrokenPipeError: Nobody reads the output any more.
            LampctlError: It can't be written.
        """
        if isinstance(self.failure, BrokenPipeError):
            raise self.failure
        if self.failure:
            message = f"can't write the output: {self.failure.strerror}"
            raise LampctlError(message, "the run itself was finished", kind="output")
        self.reporter.finish(command, outcomes)

    def close(self) -> None:
        self.reporter.close()

    def _forward(self, call: Callable[[Any], None], item: object) -> None:
        if self.failure is None:
            try:
                call(item)
            except OSError as error:
                self.failure = error
