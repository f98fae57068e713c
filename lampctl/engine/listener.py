"""A reporter for programs: each event goes to a function of the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from lampctl.journal.events import Event
from lampctl.outcome import Outcome


class Listener:
    """Calls `on_event`, one event at a time. What it raises must not end a run: it is kept, and no event follows."""

    def __init__(self, on_event: Callable[[Event], None] | None) -> None:
        self._on_event = on_event
        self._lock = Lock()
        self._caught: Exception | None = None

    def event(self, event: Event) -> None:
        with self._lock:
            if self._on_event is None or self._caught:
                return
            try:
                self._on_event(event)
            except Exception as error:
                self._caught = error

    def raise_caught(self) -> None:
        """Raise what `on_event` raised, if it did."""
        if self._caught:
            raise self._caught

    def outcome(self, outcome: Outcome) -> None:
        """The caller gets all outcomes at the end."""

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        """The caller gets them."""

    def close(self) -> None:
        """There is nothing on the terminal."""
