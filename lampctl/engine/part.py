"""One host's part in a run of several: what it has of the playbook, and when others are told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from lampctl.outcome import Outcome
from lampctl.planning import Stage
from lampctl.playbook import Loaded
from lampctl.ssh import Transport

T = TypeVar("T")


def _silent(_text: str) -> None:
    pass


@dataclass(frozen=True)
class Share:
    """What one host has of a playbook, and the files that its batches get beside it: `given/NAME`, a password."""

    loaded: Loaded
    given: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Part:
    """One host's part in a run. This one waits for no other host, and no other host waits for it."""

    loaded: Loaded
    note: Callable[[str], None] = staticmethod(_silent)  # tells the user, such as that it waits

    def begin(self, transport: Transport) -> Share:  # noqa: ARG002
        """Called once it is connected. LampctlError if it can't continue without another host."""
        return Share(self.loaded)

    def served(self, transport: Transport) -> None:
        """Called when a stage of its changes is proved."""

    def begins(self, stage: Stage) -> None:
        """Called before a stage of its changes."""

    def proved(self, transport: Transport) -> None:
        """Called when its checks are done; the connection is still open."""

    def end(self, outcome: Outcome | None) -> None:
        """Called at the end, in any case."""


@dataclass
class Alone(Part):
    """A host that needs no other host."""

    loaded: Loaded


def settle(future: Future[T], value: T) -> None:
    """Give a future its value, unless it has one."""
    if not future.done():
        future.set_result(value)
