"""systemd units as they are observed, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lampctl.answers import decimal, rows, seconds
from lampctl.resources.base import Action
from lampctl.resources.shell import quote, words

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,Result,StateChangeTimestamp,ExecMainStartTimestamp,"
    "ActiveEnterTimestamp,"
    "NeedDaemonReload"
)
# Of these, `static`, `indirect` and `generated` can't be enabled themselves: another unit, or a generator, starts them.
_ENABLED = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")


@dataclass(frozen=True)
class Question:
    """What is asked of a unit; lampctl.resources.service says what the paths and sockets are.

    Attributes:
        dependents: Shell that prints what of other people's depends on it, a line each.
        runs: It should run; if it does not, its last log lines are asked for.
    """

    unit: str
    watch: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sandbox: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    dependents: str = ""
    runs: bool = False


class Fault(StrEnum):
    """What is wrong with a unit that should run; the first of these that holds."""

    MASKED = "masked"
    ABSENT = "absent"  # systemd knows no such unit
    INACTIVE = "inactive"
    OUTDATED = "outdated"  # it runs by an older unit file: a reload is not enough
    STALE = "stale"  # something that it reads was changed after it last read it
    SOCKET = "socket"  # a socket of its own does not exist
    DISABLED = "disabled"  # it would not start at boot


@dataclass(frozen=True)
class UnitState:
    """One unit as systemd knows it. Times are seconds since the epoch; 0 means never.

    Attributes:
        reloaded: The last change of state: a start, or a reload.
        changed: The newest change below the watched paths, which is `changed_path`.
        unit_changed: The newest change of the unit files that lampctl writes, which is `unit_changed_path`.
        sandbox_changed: The newest change of its sandbox.
        unread: systemd has not read the unit's files again since they were changed.
        missing: Its sockets that do not exist.
        log: Its last log lines, if it should run and does not.
        dependents: What of other people's depends on it.
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
    missing: tuple[str, ...] = ()
    masked: bool = False
    log: str = ""
    dependents: tuple[str, ...] = ()
    unit_changed_path: str = ""

    def fault(self, on_change: Action) -> Fault | None:
        """What is wrong, if it should run; both the plan and the check go by it.

        Derived from state, not from "this run changed a file": so a reload can't get lost when a run dies, and an edit
        by hand that nobody loaded shows up too.
        """
        since = self.started if on_change is Action.RESTART else max(self.reloaded, self.started)
        faults = {
            Fault.MASKED: self.masked,
            Fault.ABSENT: not self.loaded and not self.runs,
            Fault.INACTIVE: not self.runs,
            Fault.OUTDATED: self.unread or self.unit_changed > self.started,
            Fault.STALE: self.changed > since,
            Fault.SOCKET: bool(self.missing),
            Fault.DISABLED: self.enabled not in _ENABLED,
        }
        return next((fault for fault, holds in faults.items() if holds), None)

    @property
    def runs(self) -> bool:
        """Is it active, or loading its configuration while it goes on?"""
        return self.active in ("active", "reloading", "refreshing")

    @property
    def waits_for_sandbox(self) -> bool:
        """Has it run since before its sandbox was written?"""
        return self.runs and self.sandbox_changed > self.started


def probe(questions: Sequence[Question]) -> str:
    """Shell that prints rows `show`, `reads`, `newest`, `missing`, `dependent` and `log`, with fields between tabs."""
    units = words(sorted({asked.unit for asked in questions}))
    missing = "\n".join(
        f"[ -S {quote(path)} ] || printf 'missing\\t%s\\t%s\\n' {quote(asked.unit)} {quote(path)}"
        for asked in questions
        for path in asked.sockets
    )
    dependents = "\n".join(
        f'{{ {asked.dependents}; }} | awk -v unit={quote(asked.unit)} \'{{ print "dependent\\t" unit "\\t" $0 }}\''
        for asked in questions
        if asked.dependents
    )
    wanted = words(sorted({asked.unit for asked in questions if asked.runs}))
    log = _LOG.replace("WANTED", wanted)
    return f"{_SHOW.replace('UNITS', units)}\n{_newest(questions)}\n{missing}\n{dependents}\n{log}"


_SHOW = f"""
shown=$(systemctl show --timestamp=us+utc -p {_PROPERTIES} UNITS 2>/dev/null)
printf '%s\\n' "$shown" | sed 's/^/show\\t/'
"""
# Of a unit that exists and should run; a socket or timer fails because its service does.
_LOG = r"""
down=$(printf '%s\n' "$shown" | awk -v RS= -F '\n' '/LoadState=loaded/ && !/ActiveState=active/ {
    for (i = 1; i <= NF; i++) if ($i ~ /^Id=/) print substr($i, 4) }')
for unit in $down; do
    case ' WANTED ' in *" $unit "*) ;; *) continue ;; esac
    journalctl -q -u "$unit" -u "${unit%.*}.service" -n 12 --no-pager -o cat |
        awk -v unit="$unit" '{ gsub(/\t/, " "); print "log\t" unit "\t" $0 }'
done
"""


def _newest(questions: Sequence[Question]) -> str:
    """Shell that prints which paths each unit reads, and the newest change below each of them."""
    read = [
        (purpose, asked.unit, path)
        for asked in questions
        for purpose, paths in (("watch", asked.watch), ("unit", asked.units), ("sandbox", asked.sandbox))
        for path in paths
    ]
    if not read:
        return ""
    return (
        f"printf 'reads\\t%s\\t%s\\t%s\\n' {words(part for row in read for part in row)}\n"
        f"find {words(sorted({path for _, _, path in read}))} -printf '%H\\t%C@\\t%p\\n' 2>/dev/null | awk -F '\\t' '"
        '$2 >= when[$1] { when[$1] = $2; row[$1] = $0 } END { for (path in row) print "newest\\t" row[path] }\''
    )


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
            case "missing" | "dependent" | "log", [unit, *rest] if rest:
                found.texts.setdefault((name, unit), []).append("\t".join(rest))
            case "reads", [purpose, unit, path]:
                found.reads.setdefault((purpose, unit), []).append(path)
            case "newest", [path, when, which]:
                found.newest[path] = decimal(when) or 0.0, which
    return {f"service:{unit}": _state(unit, found) for unit in found.shown}


def _blocks(raw: str) -> Iterator[dict[str, str]]:
    """What `systemctl show` prints of each unit: lines NAME=VALUE, and an empty one between units."""
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
        reloaded=_seconds(values.get("StateChangeTimestamp", "")),
        # Sockets and timers have no process of their own.
        started=_seconds(values.get("ExecMainStartTimestamp", "") or values.get("ActiveEnterTimestamp", "")),
        changed=changed,
        changed_path=changed_path,
        unit_changed=unit_changed,
        unit_changed_path=unit_changed_path,
        sandbox_changed=found.change("sandbox", unit)[0],
        unread=values.get("NeedDaemonReload") == "yes",
        missing=found.list("missing", unit),
        log="\n".join(found.list("log", unit)),
        dependents=found.list("dependent", unit),
    )


def _seconds(stamp: str) -> float:
    """`Tue 2026-11-24 03:16:23.123456 UTC`, as systemctl prints it with us+utc."""
    return seconds(stamp, "%a %Y-%m-%d %H:%M:%S.%f UTC") or 0.0
