"""The observed state of systemd units, and their faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lampctl.answers import parse_float, parse_time, rows
from lampctl.resources.base import Action
from lampctl.resources.shell import quote, script

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,Result,StateChangeTimestamp,ExecMainStartTimestamp,"
    "ActiveEnterTimestamp,NeedDaemonReload,MainPID,FreezerState,ControlGroup,DropInPaths,ReloadResult"
)
# `static`, `indirect` and `generated` units can't be enabled: another unit, or a generator, starts them.
_ENABLED = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")


@dataclass(frozen=True)
class Question:
    """What to observe of a unit; lampctl.resources.service documents the paths and sockets.

    Attributes:
        dependents: Shell that prints what depends on it and is not lampctl's, a line each.
        runs: It should run; if it does not, its last log lines are printed.
    """

    unit: str
    watch: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sandbox: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    rights: str = ""
    dependents: str = ""
    runs: bool = False


class Fault(StrEnum):
    """What is wrong with a unit that should run, in the order of precedence."""

    MASKED = "masked"
    ABSENT = "absent"  # systemd does not know the unit
    INACTIVE = "inactive"
    FROZEN = "frozen"  # its processes are stopped: active to systemd, but it does not answer
    SILENT = "silent"  # a proof got no answer from it, though nothing else is wrong with it
    OUTDATED = "outdated"  # it was started from an older unit file: a reload is not enough
    STALE = "stale"  # its configuration was changed after it was last loaded
    SOCKET = "socket"  # a socket of its own does not exist, or has other rights
    DISABLED = "disabled"  # it would not start at boot


@dataclass(frozen=True)
class UnitState:
    """The state of one unit. Times are seconds since the epoch; 0 means never.

    Attributes:
        reloaded: The last change of its state: a start or a reload.
        changed: The newest change below the watched paths, which is `changed_path`.
        unit_changed: The newest change of the unit files that lampctl writes, which is `unit_changed_path`.
        sandbox_changed: The newest change of its sandbox.
        unread: systemd has not reloaded the unit's files since they were changed.
        sockets: What is wrong with its sockets: one does not exist, or has another mode or owner.
        frozen: A process of it is stopped (SIGSTOP), or its control group is frozen.
        silent: A proof got no answer from it. No look at the host tells that.
        drop_ins: Its drop-ins below /etc or /run that are not lampctl's.
        log: Its last log lines, if it should run and does not.
        dependents: What depends on it and is not lampctl's.
    """

    loaded: bool = False
    active: str = "inactive"
    enabled: str = ""
    result: str = ""
    reloaded: float = 0.0
    started: float = 0.0
    changed: float = 0.0
    changed_path: str = ""
    unit_changed: float = 0.0
    sandbox_changed: float = 0.0
    unread: bool = False
    sockets: tuple[str, ...] = ()
    masked: bool = False
    log: str = ""
    dependents: tuple[str, ...] = ()
    unit_changed_path: str = ""
    frozen: bool = False
    silent: bool = False
    drop_ins: tuple[str, ...] = ()

    def fault(self, on_change: Action) -> Fault | None:
        """The fault of a unit that should run, for both the plan and the check.

        It is derived from state, not from "this run changed a file": so an interrupted run can't lose a reload, and
        manual edits that were never loaded are found too.
        """
        since = self.started if on_change is Action.RESTART else max(self.reloaded, self.started)
        faults = {
            Fault.MASKED: self.masked,
            Fault.ABSENT: not self.loaded and not self.runs,
            Fault.INACTIVE: not self.runs,
            Fault.FROZEN: self.frozen,
            Fault.SILENT: self.silent,
            Fault.OUTDATED: self.unread or self.unit_changed > self.started,
            Fault.STALE: self.changed > since,
            Fault.SOCKET: bool(self.sockets),
            Fault.DISABLED: self.enabled not in _ENABLED,
        }
        return next((fault for fault, holds in faults.items() if holds), None)

    @property
    def runs(self) -> bool:
        """Is it active, or reloading?"""
        return self.active in ("active", "reloading", "refreshing")

    @property
    def unit_file(self) -> str:
        """Which of the unit's files was changed last."""
        return self.unit_changed_path or "its unit"

    @property
    def waits_for_sandbox(self) -> bool:
        """Was it started before its sandbox was last changed?"""
        return self.runs and self.sandbox_changed > self.started


def probe(questions: Sequence[Question]) -> str:
    """Shell that prints rows with fields between tabs: show, reads, newest, socket, frozen, dependent and log."""
    reads = [
        (purpose, asked.unit, path)
        for asked in questions
        for purpose, paths in (("watch", asked.watch), ("unit", asked.units), ("sandbox", asked.sandbox))
        for path in paths
    ]
    look = script(
        "service/look",
        properties=_PROPERTIES,
        units=sorted({asked.unit for asked in questions}),
        wanted=" ".join(sorted({asked.unit for asked in questions if asked.runs})),
        reads=[part for row in reads for part in row],
        paths=sorted({path for _, _, path in reads}),
        sockets=[part for asked in questions for path in asked.sockets for part in (asked.unit, path, asked.rights)],
    )
    dependents = (f"{{ {a.dependents}\n}} | dependents {quote(a.unit)}\n" for a in questions if a.dependents)
    return look + "".join(dependents)


@dataclass
class _Answers:
    """The rows of a probe, by unit."""

    shown: dict[str, Mapping[str, str]] = field(default_factory=dict)
    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (row's name, unit) -> its last field
    reads: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (purpose, unit) -> paths
    newest: dict[str, tuple[float, str]] = field(default_factory=dict)  # path -> (when, which) below it

    def change(self, purpose: str, unit: str) -> tuple[float, str]:
        found = (self.newest[path] for path in self.reads.get((purpose, unit), ()) if path in self.newest)
        return max(found, default=(0.0, ""))

    def list(self, name: str, unit: str) -> tuple[str, ...]:
        return tuple(self.texts.get((name, unit), ()))


def parse(raw: str) -> dict[str, UnitState]:
    """Service key -> state."""
    found = _Answers()
    found.shown = {values["Id"]: values for values in _blocks(raw) if "Id" in values}
    for name, text in rows(raw, 2):
        match name, text.split("\t", 2):
            case "socket" | "dependent" | "log", [unit, *rest] if rest:
                found.texts.setdefault((name, unit), []).append("\t".join(rest))
            case "frozen", [unit]:
                found.texts[name, unit] = [""]
            case "reads", [purpose, unit, path]:
                found.reads.setdefault((purpose, unit), []).append(path)
            case "newest", [path, when, which]:
                found.newest[path] = parse_float(when) or 0.0, which
    return {f"service:{unit}": _state(unit, found) for unit in found.shown}


def _blocks(raw: str) -> Iterator[dict[str, str]]:
    """The properties of each unit, from lines NAME=VALUE of `systemctl show`, with an empty line between units."""
    values: dict[str, str] = {}
    for name, text in [*rows(raw, 2), ("show", "")]:
        if name != "show":
            continue
        if text:
            values |= dict([text.split("=", 1)] if "=" in text else [])
        else:
            yield values
            values = {}


def _state(unit: str, found: _Answers) -> UnitState:
    values = found.shown[unit]
    changed, changed_path = found.change("watch", unit)
    unit_changed, unit_changed_path = found.change("unit", unit)
    return UnitState(
        loaded=values.get("LoadState") == "loaded",
        masked=values.get("LoadState") == "masked",
        active=values.get("ActiveState", ""),
        enabled=values.get("UnitFileState", ""),
        result=values.get("Result", ""),
        reloaded=_seconds(values.get("StateChangeTimestamp", "")) if _reloads(values) else 0.0,
        # Sockets and timers have no process of their own.
        started=_seconds(values.get("ExecMainStartTimestamp", "") or values.get("ActiveEnterTimestamp", "")),
        changed=changed,
        changed_path=changed_path,
        unit_changed=unit_changed,
        unit_changed_path=unit_changed_path,
        sandbox_changed=found.change("sandbox", unit)[0],
        unread=values.get("NeedDaemonReload") == "yes",
        sockets=found.list("socket", unit),
        log="\n".join(found.list("log", unit)),
        dependents=found.list("dependent", unit),
        frozen=bool(found.list("frozen", unit)),
        drop_ins=tuple(path for path in values.get("DropInPaths", "").split() if _is_foreign(path)),
    )


def _reloads(values: Mapping[str, str]) -> bool:
    """Whether its last reload, which changes its state too, succeeded: otherwise it runs what it had loaded before."""
    return values.get("ReloadResult", "success") in ("success", "")


def _is_foreign(path: str) -> bool:
    return path.startswith(("/etc/", "/run/")) and not path.rpartition("/")[2].startswith("lampctl")


def _seconds(stamp: str) -> float:
    """`Tue 2026-11-24 03:16:23.123456 UTC`, as systemctl prints it with us+utc."""
    return parse_time(stamp, "%a %Y-%m-%d %H:%M:%S.%f UTC") or 0.0
