"""systemd services: enabled, active, and running the configuration that is on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.shell import quote, words

_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,Result,StateChangeTimestamp,ExecMainStartTimestamp"


@dataclass(frozen=True)
class Service:
    """A unit that is enabled and active, and has loaded everything below `watch`."""

    unit: str
    layer: str
    watch: tuple[str, ...]  # files and directories that it reads when it starts or reloads
    on_change: Action = Action.RELOAD  # or RESTART, where a reload would not read all of it
    sockets: tuple[str, ...] = ()  # Unix sockets that exist once it has loaded its configuration
    test: str = ""  # shell command: would it accept what is on disk?

    @property
    def key(self) -> str:
        return f"service:{self.unit}"


@dataclass(frozen=True)
class UnitState:
    """One unit as systemd knows it. Times are seconds since the epoch; 0 means never."""

    loaded: bool = False
    active: str = "inactive"
    enabled: str = ""
    result: str = ""
    reloaded: float = 0.0  # the last change of state: a start, or a reload
    started: float = 0.0
    changed: float = 0.0  # the newest change below the watched paths
    changed_path: str = ""
    missing: tuple[str, ...] = ()  # its sockets that are not there
    masked: bool = False  # somebody forbade it to start

    def stale(self, on_change: Action) -> bool:
        """Was something that it reads changed after it last read it?

        Derived from state, not from "this run changed a file": so a reload can't get lost when a
        run dies, and an edit by hand that nobody loaded shows up too.
        """
        since = self.started if on_change is Action.RESTART else max(self.reloaded, self.started)
        return self.active == "active" and self.changed > since


def probe(services: Sequence[Service]) -> str:
    """Shell that prints systemd's view of each unit and the newest change below its watched paths."""
    units = words(sorted({service.unit for service in services}))
    newest = "\n".join(_newest(service) for service in services)
    missing = "\n".join(
        f"[ -S {quote(path)} ] || printf '%s\\tmissing\\t%s\\n' {quote(service.unit)} {quote(path)}"
        for service in services
        for path in service.sockets
    )
    return f"systemctl show --timestamp=us+utc -p {_PROPERTIES} {units} 2>/dev/null; echo\n{newest}\nwait\n{missing}"


def _newest(service: Service) -> str:
    tab = "\t"
    listed = f"find {words(service.watch)} -printf '{service.unit}\\t%C@\\t%p\\n' 2>/dev/null"
    return f"{listed} | sort -t '{tab}' -k2,2rn | head -n1 &"


def parse(raw: str) -> dict[str, UnitState]:
    """Service key → state."""
    rows = [line.split("\t") for line in raw.splitlines() if line.count("\t") == 2]
    newest = {unit: (float(when), path) for unit, when, path in rows if when != "missing"}
    missing: dict[str, tuple[str, ...]] = {}
    for unit, when, path in rows:
        if when == "missing":
            missing[unit] = (*missing.get(unit, ()), path)
    found: dict[str, UnitState] = {}
    for block in raw.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line and "\t" not in line)
        if unit := values.get("Id", ""):
            changed = newest.get(unit, (0.0, ""))
            found[f"service:{unit}"] = replace(_state(values, *changed), missing=missing.get(unit, ()))
    return found


def _state(values: dict[str, str], changed: float, path: str) -> UnitState:
    return UnitState(
        loaded=values.get("LoadState") == "loaded",
        masked=values.get("LoadState") == "masked",
        active=values.get("ActiveState", ""),
        enabled=values.get("UnitFileState", ""),
        result=values.get("Result", ""),
        reloaded=_seconds(values.get("StateChangeTimestamp", "")),
        started=_seconds(values.get("ExecMainStartTimestamp", "")),
        changed=changed,
        changed_path=path,
    )


def _seconds(stamp: str) -> float:
    """`Tue 2026-11-24 03:16:23.123456 UTC`, as systemctl prints it with us+utc."""
    if not stamp or stamp == "n/a":
        return 0.0
    return datetime.strptime(stamp, "%a %Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()


def compare(service: Service, state: object, changing: Iterable[str]) -> Change | Conflict | None:
    """The change that `service` needs, when the paths in `changing` are about to be written."""
    unit = state if isinstance(state, UnitState) else UnitState()
    if unit.masked:
        return Conflict(
            service.key,
            f"{service.unit} is masked: somebody forbade it to start; it was left alone",
            f"systemctl unmask {service.unit}, and deploy again",
        )
    if unit.active != "active":
        return Change(service.key, service.layer, Action.START, f"is {unit.active}\n" if unit.loaded else "")
    touched = [path for path in changing if path.startswith(service.watch)]
    if touched or unit.stale(service.on_change):
        cause = touched[0] if touched else f"{unit.changed_path} is newer than what it runs"
        return Change(service.key, service.layer, service.on_change, f"because of {cause}\n")
    if unit.missing:  # a reload would keep the socket that nobody can find any more
        return Change(service.key, service.layer, Action.RESTART, f"{unit.missing[0]} is not there\n")
    if unit.enabled not in ("enabled", "enabled-runtime", "static", "alias"):
        return Change(service.key, service.layer, Action.ENABLE, f"is {unit.enabled}\n")
    return None


def steps(pairs: Sequence[tuple[Service, Change]]) -> list[Step]:
    return [
        Step(f"{change.action} {service.unit}", service.layer, act(service, change.action)) for service, change in pairs
    ]


def act(service: Service, action: Action) -> str:
    """Shell that brings the unit to where it shall be, or shows why it did not get there."""
    verbs = {Action.RELOAD: "reload-or-restart", Action.RESTART: "restart"}
    # A unit that was to be started may have been started meanwhile by its package, with other files.
    running = verbs.get(action) or ("start" if action is Action.ENABLE else verbs[service.on_change])
    return _ACT.format(
        unit=quote(service.unit),
        verb=verbs.get(action, "start"),
        running=running,
        sockets=words(service.sockets),
        test=service.test or "true",
        layer=service.layer,
    )


def undo(service: Service) -> str:
    """Shell that loads the former files; the sockets of new pools are not waited for."""
    return act(replace(service, sockets=()), service.on_change)


# A reload with a config that is not valid ends FPM; so it is tried first, and what runs goes on.
# A reload of FPM returns before the sockets of its new pools exist; so they are waited for. One that was
# deleted while it listened comes back with a restart only.
_ACT = r"""
if ! {test} > tested 2> verdict </dev/null; then
    echo "lampctl-reason: unloadable {layer}"
    if [ -s verdict ]; then tail -n 12 verdict; else tail -n 12 tested; fi
    exit 1
fi
systemctl enable --quiet {unit}
why() {{ echo "lampctl-reason: service"; systemctl status --no-pager -n 0 {unit} | sed -n 's/^ *Active:/Active:/p'
    journalctl -q -u {unit} -n 12 --no-pager -o cat || :; exit 1; }}
systemctl reset-failed {unit} 2>/dev/null || :
verb={verb}
if systemctl is-active --quiet {unit}; then verb={running}; fi
systemctl "$verb" {unit} || why
tries=100
for socket in {sockets}; do
    while [ ! -S "$socket" ]; do
        [ "$tries" -ne 70 ] || systemctl restart {unit} || why
        tries=$((tries - 1)); [ "$tries" -gt 0 ] || {{ echo "$socket did not appear"; why; }}
        sleep 0.1
    done
done
systemctl is-active --quiet {unit} || why
"""
