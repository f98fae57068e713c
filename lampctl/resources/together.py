"""Units that may take minutes to finish their work change at the same time, so that it does not add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.shell import script, words

_NAMED = 3  # units in the name of the step


class _Unit(Protocol):
    @property
    def unit(self) -> str: ...
    @property
    def key(self) -> str: ...


def together(changed: Sequence[tuple[_Unit, Change]]) -> list[Step]:
    """The step that starts or restarts units, if there are any."""
    if not changed:
        return []
    units = [service.unit for service, _ in changed]
    more = f" and {len(units) - _NAMED} more" if len(units) > _NAMED else ""
    started = [service.unit for service, change in changed if change.action is Action.START]
    others = [unit for unit in units if unit not in started]
    return [
        Step(
            f"{'start' if others == [] else 'restart'} {', '.join(units[:_NAMED])}{more}",
            changed[0][1].layer,
            _script(units, ()),
            owns=tuple(service.key for service, _ in changed),
            undo=_script(others, started),
            late=True,
        )
    ]


def _script(units: Sequence[str], started: Sequence[str]) -> str:
    return script("service/stop", "gist", "service/why", "service/together", units=units, started=started)


def stopping(units: Iterable[str]) -> str:
    """Shell with which all units begin to stop; not the service of a socket, which would start it again."""
    names = set(units)
    early = sorted(name for name in names if name.removesuffix(".service") + ".socket" not in names)
    return f"systemctl stop --no-block {words(early)} 2>/dev/null || :\n" if early else ""
