"""The types of the API's keyword arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from lampctl.journal.events import Event

if TYPE_CHECKING:
    from lampctl.resources import Change
    from lampctl.ssh import ConnectOptions

OnEvent = Callable[[Event], None]
Confirm = Callable[[str, "Sequence[Change]"], bool]
Settings = Mapping[str, object] | Sequence[str]


class Options(TypedDict, total=False):
    """Keyword arguments of `plan`; `deploy` says what they are."""

    playbook: str | Path
    settings: Settings
    environment: str
    connect: ConnectOptions | None
    on_event: OnEvent | None


class Checking(Options, total=False):
    """Keyword arguments of `check`."""

    deep: bool


class Deploying(Options, total=False):
    """Keyword arguments of `deploy`."""

    confirm: Confirm | None
    take_over: str


class Undoing(Options, total=False):
    """Keyword arguments of `undo`."""

    confirm: Confirm | None
    to: str


class Expected(TypedDict, total=False):
    """Keyword arguments of `smoke`."""

    expect: Sequence[str]
    status: int
    max_ms: float | None
    retries: int
    wait: float
    timeout: float
    on_event: OnEvent | None
