"""Shell that brings systemd's units to where they shall be, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lampctl.resources.base import Action
from lampctl.resources.shell import script, words


class Startable(Protocol):
    """What is asked of a unit that is brought to run; `lampctl.resources.service.Service` has the meanings."""

    @property
    def unit(self) -> str: ...
    @property
    def layer(self) -> str: ...
    @property
    def on_change(self) -> Action: ...
    @property
    def units(self) -> tuple[str, ...]: ...
    @property
    def sockets(self) -> tuple[str, ...]: ...
    @property
    def test(self) -> str: ...


@dataclass(frozen=True)
class Wait:
    """What is waited for after a start or a reload: sockets, and shell that succeeds; at most `seconds`."""

    sockets: tuple[str, ...] = ()
    ready: str = ""
    seconds: int = 10


def vacate(unit: str, drain: str, ports: Sequence[int]) -> str:
    """Shell that stops a unit and waits until its ports are free; what it is answering is answered to its end."""
    pattern = "|".join(f"{port:04X}" for port in ports) or "none"
    return script("service/vacate", unit=unit, drain=drain, ports=pattern)


def bring(service: Startable, action: Action, wait: Wait) -> str:
    """Shell that makes the unit run what is on disk, or shows why it does not."""
    return script("service/act", **_act(service, action, wait))


def _act(service: Startable, action: Action, wait: Wait) -> dict[str, str | float | Iterable[str]]:
    verbs = {Action.RELOAD: "reload-or-restart", Action.RESTART: "restart"}
    # A unit that was to be started may have been started meanwhile by its package, with other files; some of what
    # they say is read at a start only.
    running = verbs.get(action) or ("start" if action is Action.ENABLE else "restart")
    if service.units:
        running = "start" if action is Action.ENABLE else running if action is Action.RELOAD else "restart"
    return {
        "unit": service.unit,
        "served": _served(service.unit),
        "own_files": "yes" if service.units else "",
        "verb": verbs.get(action, "start"),
        "running": running,
        "sockets": wait.sockets,
        "ready": wait.ready or ":",
        "test": service.test or "true",
        "layer": service.layer,
        "tries": wait.seconds * 10,
    }


def start(unit: str) -> str:
    """Shell that starts and enables a unit of which nothing else is known."""
    return script(
        "service/act", unit=unit, served="", own_files="", verb="start", running="restart", sockets="", ready=":",
        test="true", layer="linux", tries=100,
    )  # fmt: skip


def _served(unit: str) -> str:
    """The service that a socket unit starts; empty for other units."""
    return f"{unit.removesuffix('.socket')}.service" if unit.endswith(".socket") else ""


def stop(unit: str) -> str:
    """Shell that stops and disables a unit, if it exists."""
    return f"{script('service/stop')}{words(['stop_unit', unit, _served(unit)])}\n"


def restore(service: Startable, action: Action, *, crowded: bool) -> str:
    """Shell that makes the unit run the former files, after `action`; sockets of new pools are not waited for.

    Args:
        crowded: Another unit of the layer changes too, and may want back what this one took; so this one gives way.
    """
    if crowded and action is Action.START:
        return stop(service.unit)
    again = _act(service, Action.RESTART if action is Action.RESTART else service.on_change, Wait())
    return script(*(("service/stop", "service/gone") if service.units else ()), "service/act", **again)
