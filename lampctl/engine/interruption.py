"""Ctrl-C while hosts change: the first asks them to stop and undo what is half made, the second leaves them to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Interruption:
    """Knows which hosts are changing. `asked`: they were asked to stop, and no other host begins."""

    asked: bool = False
    _lock: Lock = field(default_factory=Lock)
    _stops: dict[str, Callable[[], None]] = field(default_factory=dict)

    @property
    def hosts(self) -> list[str]:
        with self._lock:
            return list(self._stops)

    @contextmanager
    def changing(self, host: str, stop: Callable[[], None]) -> Iterator[None]:
        """While the block runs, the host changes; `stop` asks it to stop."""
        with self._lock:
            self._stops[host] = stop
        try:
            yield
        finally:
            with self._lock:
                del self._stops[host]

    def ask(self) -> None:
        """Ask all hosts that change to stop."""
        self.asked = True
        with self._lock:
            for stop in self._stops.values():
                stop()
