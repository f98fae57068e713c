"""What all kinds of resources share: a key and a layer, changes, conflicts and steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar, overload

from lampctl.legible import legible, one_line
from lampctl.resources.upload import Upload

T = TypeVar("T", bound=Any)


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    INSTALL = "install"
    ENABLE = "enable"
    START = "start"
    STOP = "stop"
    RELOAD = "reload"
    RESTART = "restart"
    RUN = "run"


class Resource(Protocol):
    """One thing on a host that lampctl keeps in a desired state."""

    @property
    def key(self) -> str: ...

    @property
    def layer(self) -> str: ...


@overload
def select(resources: Iterable[Resource], one: type[T], /) -> list[T]: ...
@overload
def select(resources: Iterable[Resource], /, *classes: type[Any]) -> list[Any]: ...
def select(resources: Iterable[Resource], /, *classes: type[Any]) -> list[Any]:
    """The resources of these classes, one for each key."""
    return list({r.key: r for r in resources if isinstance(r, classes)}.values())


@dataclass(frozen=True)
class Change:
    """One difference between desired and actual state; the change that is shown is the one that is applied."""

    resource: str  # key, such as file:/etc/apache2/…
    layer: str
    action: Action
    diff: str = ""  # unified diff of a file, or a line that says what differs

    def __post_init__(self) -> None:
        object.__setattr__(self, "resource", one_line(self.resource))
        # Line endings might be the difference, or colours.
        object.__setattr__(self, "diff", legible(re.sub("[\r\x1b]", "\ufffd", self.diff)))

    def as_dict(self) -> dict[str, str]:
        return {
            "resource": self.resource,
            "layer": self.layer,
            "action": str(self.action),
            "diff": self.diff,
        }


@dataclass(frozen=True)
class Conflict:
    """Something on the host that lampctl did not make and that is in the way; it is left alone."""

    resource: str
    message: str
    hint: str
    layer: str = ""  # of the resource; filled in by the plan


@dataclass(frozen=True)
class Step:
    """A script of one apply, run in its own process with live output.

    Attributes:
        name: Shown while it runs.
        layer: The layer that it belongs to.
        script: POSIX sh, run as `sh -eu` in the batch's directory, where the files of `payload` are.
        payload: File name -> content.
        upload: A release's archive, of which the host may have some: it becomes part of the payload when it is applied.
        owns: Keys recorded as lampctl's before it runs, so that an interrupted run leaves no orphan.
        disowns: Keys removed from that record when it has run.
        undo: Shell that reverses it when the generation is rolled back, in the reverse order of the steps.
        late: It comes after all other steps: it needs the databases as well.
    """

    name: str
    layer: str
    script: str
    payload: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    upload: Upload | None = None
    owns: tuple[str, ...] = ()
    disowns: tuple[str, ...] = ()
    undo: str = ""
    late: bool = False
