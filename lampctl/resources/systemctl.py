"""Shell that brings systemd's units to where they shall be, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lampctl.resources.base import Action
from lampctl.resources.shell import disown, quote, words


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
    return _VACATE.format(unit=quote(unit), drain=drain, ports=pattern)


def bring(service: Startable, action: Action, wait: Wait) -> str:
    """Shell that makes the unit run what is on disk, or shows why it does not."""
    verbs = {Action.RELOAD: "reload-or-restart", Action.RESTART: "restart"}
    # A unit that was to be started may have been started meanwhile by its package, with other files; some of what
    # they say is read at a start only.
    running = verbs.get(action) or ("start" if action is Action.ENABLE else "restart")
    if service.units:
        running = "start" if action is Action.ENABLE else running if action is Action.RELOAD else "restart"
    return _ACT.format(
        unit=quote(service.unit),
        prepare=_prepare(service),
        verb=verbs.get(action, "start"),
        running=running,
        sockets=words(wait.sockets),
        ready=quote(wait.ready or ":"),
        test=service.test or "true",
        layer=service.layer,
        tries=wait.seconds * 10,
    )


def start(unit: str) -> str:
    """Shell that starts and enables a unit of which nothing else is known."""
    return _ACT.format(
        unit=quote(unit), prepare=":", verb="start", running="restart", sockets="", ready=quote(":"), test="true",
        layer="linux", tries=100,
    )  # fmt: skip


def _served(unit: str) -> str:
    """The service that a socket unit starts; empty for other units."""
    return f"{unit.removesuffix('.socket')}.service" if unit.endswith(".socket") else ""


def _prepare(service: Startable) -> str:
    """A socket can't be started while its service runs without it, as an interrupted run may have left it."""
    reload = "systemctl daemon-reload" if service.units else ":"
    served = _served(service.unit)
    if not served:
        return reload
    active = f"systemctl is-active --quiet {quote(service.unit)}"
    return f"{reload}\n{active} || systemctl stop {quote(served)} 2>/dev/null || :"


def stop(unit: str) -> str:
    """Shell that stops and disables a unit, if it is there at all; that it failed once is forgotten with it."""
    name = quote(unit)
    # A service whose unit files are gone no longer stops with its socket.
    served = f"systemctl stop {quote(_served(unit))} 2>/dev/null || :\n" if _served(unit) else ""
    return served + (
        f"systemctl disable --now --quiet {name} 2>/dev/null || systemctl stop {name} 2>/dev/null || :\n"
        f"systemctl reset-failed {name} 2>/dev/null || :\n"
    )


def restore(service: Startable, action: Action, *, crowded: bool) -> str:
    """Shell that makes the unit run the former files, after `action`; sockets of new pools are not waited for.

    Args:
        crowded: Another unit of the layer changes too, and may want back what this one took; so this one gives way.
    """
    if crowded and action is Action.START:
        return stop(service.unit)
    again = bring(service, Action.RESTART if action is Action.RESTART else service.on_change, Wait())
    return _unless_gone(service.unit, again) if service.units else again


def _unless_gone(unit: str, script: str) -> str:
    """A unit whose file went with the generation that brought it goes as well."""
    name = quote(unit)
    return (
        f'systemctl daemon-reload\nif [ "$(systemctl show --value -p FragmentPath {name})" = "" ]; then\n'
        f"rm -f /etc/systemd/system/*.wants/{name}\n{stop(unit)}{disown(f'service:{unit}')}exit 0\nfi\n{script}"
    )


# Waits for the ports only: what is being answered is answered to its end, while the next server starts.
_VACATE = r"""
systemctl disable --quiet {unit}
systemctl is-active --quiet {unit} || exit 0
cgroup=/sys/fs/cgroup$(systemctl show --value -p ControlGroup {unit})
{drain}
tries=500
while cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE '^ *[0-9]+: [0-9A-F]+:({ports}) [0-9A-F:]+ 0A '; do
    tries=$((tries - 1)); [ "$tries" -gt 0 ] || {{ echo "{unit} does not give up its ports"; exit 1; }}
    sleep 0.02
done
# systemd is told when nobody is left: before, it would kill who still answers.
setsid sh -c 'n=600; while [ -n "$(cat "$1/cgroup.procs")" ] && [ "$n" -gt 0 ]; do n=$((n - 1)); sleep 0.1; done
    systemctl stop --no-block "$2"' - "$cgroup" {unit} >/dev/null 2>&1 </dev/null 9>&- &
"""

# A reload with a config that is not valid ends FPM; so it is tried first, and what runs goes on.
# A reload of FPM returns before the sockets of its new pools exist; so they are waited for. One that was
# deleted while it listened comes back with a restart only.
_ACT = r"""
if ! {test} > tested 2> verdict </dev/null; then
    echo "lampctl-reason: unloadable {layer}"
    if [ -s verdict ]; then tail -n 12 verdict; else tail -n 12 tested; fi
    exit 1
fi
why() {{ echo "lampctl-reason: service"; systemctl status --no-pager -n 0 {unit} | sed -n 's/^ *Active:/Active:/p'
    journalctl -q -u {unit} -n 12 --no-pager -o cat || :; exit 1; }}
{prepare}
systemctl reset-failed {unit} 2>/dev/null || :
verb={verb}
if systemctl is-active --quiet {unit}; then verb={running}; fi
systemctl "$verb" {unit} || why
# After the start, and only where it is needed: it takes a while, and somebody may be waiting.
systemctl is-enabled --quiet {unit} || systemctl enable --quiet {unit}
tries={tries}
for socket in {sockets}; do
    while [ ! -S "$socket" ]; do
        [ "$tries" -ne 70 ] || systemctl restart {unit} || why
        tries=$((tries - 1)); [ "$tries" -gt 0 ] || {{ echo "$socket did not appear"; why; }}
        sleep 0.1
    done
done
until said=$(sh -c {ready} 2>&1); do
    tries=$((tries - 1)); [ "$tries" -gt 0 ] && systemctl is-active --quiet {unit} || {{ echo "$said"; why; }}
    sleep 0.1
done
systemctl is-active --quiet {unit} || why
"""
