"""Shell that changes the state of systemd units, and reverses such changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lampctl.resources.base import Action
from lampctl.resources.shell import script, words

LEAVING = "/run/lampctl-leaving"  # a file for the port of each instance that gets no more requests from web servers


class Startable(Protocol):
    """The attributes of a unit to start; `lampctl.resources.service.Service` documents them."""

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
    @property
    def leaves(self) -> int: ...
    @property
    def ready(self) -> str: ...


@dataclass(frozen=True)
class Wait:
    """What to wait for after a start or a reload: sockets, and shell that succeeds; at most `seconds`."""

    sockets: tuple[str, ...] = ()
    ready: str = ""
    seconds: int = 10


def vacate(unit: str, drain: str, ports: Sequence[int], successors: Sequence[str]) -> str:
    """Shell that stops a unit and waits until its ports are free; it finishes open requests."""
    pattern = "|".join(f"{port:04X}" for port in ports) or "none"
    return script("port/listening", "service/vacate", unit=unit, drain=drain, ports=pattern, successors=successors)


def activate(service: Startable, action: Action, wait: Wait) -> str:
    """Shell that makes the unit run what is on disk, or shows why it does not."""
    return script(*_scripts(service), **_act(service, action, wait))


def _scripts(service: Startable) -> tuple[str, ...]:
    return ("gist", "service/why", *(("service/leave",) if service.leaves else ()), "service/act")


def _act(service: Startable, action: Action, wait: Wait) -> dict[str, str | float | Iterable[str]]:
    verbs = {Action.RELOAD: "reload-or-restart", Action.RESTART: "restart"}
    # A package might have started its unit meanwhile, with other files. Some settings take effect only at a start, so
    # it is restarted.
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
        "leaves": f"{LEAVING}/{service.leaves}" if service.leaves else "",
    }


def start(unit: str) -> str:
    """Shell that starts and enables a unit, without further tests."""
    return script(
        "gist", "service/why", "service/act", unit=unit, served="", own_files="", verb="start", running="restart",
        sockets="", ready=":", test="true", layer="linux", tries=100, leaves="",
    )  # fmt: skip


def _served(unit: str) -> str:
    """The service that a socket unit starts; empty for other units."""
    return f"{unit.removesuffix('.socket')}.service" if unit.endswith(".socket") else ""


def stop(unit: str) -> str:
    """Shell that stops and disables a unit, if it exists."""
    return f"{script('service/stop')}{words(['stop_unit', unit, _served(unit)])}\n"


def restore(service: Startable, action: Action, *, crowded: bool) -> str:
    """Shell that makes the unit run the previous files, after `action`; it does not wait for sockets.

    It waits for one of several instances, because the next one would end meanwhile.

    Args:
        crowded: Another unit of the layer changes too, and might need the ports of a unit that was started: so stop it.
    """
    if crowded and action is Action.START:
        return stop(service.unit)
    wait = Wait(ready=service.ready) if service.leaves else Wait()
    again = _act(service, Action.RESTART if action is Action.RESTART else service.on_change, wait)
    return script(*(("service/stop", "service/gone") if service.units else ()), *_scripts(service), **again)
