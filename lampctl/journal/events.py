"""The events of a run: one small class each, sent to reporters while it works. Data only.

Events are for people and programs that follow a run; the result is the Outcome. They contain no secrets, and their text
is legible: hosts and tenants write some of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from lampctl.checks import Result
from lampctl.legible import one_line


@dataclass(frozen=True)
class Event:
    """Base of all events. `host` is the host as it was named, or the URL of a smoke check."""

    host: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                object.__setattr__(self, field.name, one_line(value))


@dataclass(frozen=True)
class PhaseBegan(Event):
    """A phase of the run begins: connect, observe, apply or check. A run may repeat them."""

    phase: str


@dataclass(frozen=True)
class Waiting(Event):
    """Something does not work yet and is tried again, `seconds` after the first attempt."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class StepsPlanned(Event):
    """The steps of an apply are known. `layers`: the layer of each step, in order."""

    layers: tuple[str, ...]


@dataclass(frozen=True)
class StepBegan(Event):
    """A step of an apply begins. `number` counts from 1."""

    step: str
    layer: str
    number: int
    total: int


@dataclass(frozen=True)
class StepEnded(Event):
    """A step of an apply ended."""

    step: str
    layer: str
    number: int
    total: int
    ok: bool


@dataclass(frozen=True)
class Output(Event):
    """One line that a step printed."""

    line: str
    layer: str


@dataclass(frozen=True)
class Noted(Event):
    """A note for people that is not a failure."""

    text: str


@dataclass(frozen=True)
class ChecksPlanned(Event):
    """The checks of a proof are known. `layers`: the layer of each check, in order."""

    layers: tuple[str, ...]


@dataclass(frozen=True)
class CheckDone(Event):
    """The result of one check, as soon as it and all checks before it are known."""

    result: Result


@dataclass(frozen=True)
class Asked(Event):
    """A person is asked a question at the terminal; Answered follows. `host` may be empty."""

    question: str


@dataclass(frozen=True)
class Answered(Event):
    """The person answered, or refused to."""


@dataclass(frozen=True)
class Suspended(Event):
    """The person suspends the run (Ctrl-Z); Resumed follows. `host` is empty: it is about all hosts."""


@dataclass(frozen=True)
class Resumed(Event):
    """The run continues after Suspended."""


EVENTS: tuple[type[Event], ...] = (
    PhaseBegan,
    Waiting,
    StepsPlanned,
    StepBegan,
    StepEnded,
    Output,
    Noted,
    ChecksPlanned,
    CheckDone,
    Asked,
    Answered,
    Suspended,
    Resumed,
)
