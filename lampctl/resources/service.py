"""systemd services: enabled, active, and running the configuration that is on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lampctl.answers import decimal, seconds
from lampctl.resources.base import Action, Change, Conflict, States
from lampctl.resources.shell import quote, words

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,Result,StateChangeTimestamp,ExecMainStartTimestamp,"
    "ActiveEnterTimestamp,"
    "NeedDaemonReload"
)
_ENABLED = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")


@dataclass(frozen=True)
class Service:
    """A unit that is enabled and active, and has loaded everything below `watch`; or one that makes room."""

    unit: str
    layer: str
    watch: tuple[str, ...] = ()  # files and directories that it reads when it starts or reloads
    on_change: Action = Action.RELOAD  # or RESTART, where a reload would not read all of it
    sockets: tuple[str, ...] = ()  # Unix sockets that exist once it has loaded its configuration
    ready: str = ""  # shell that fails, and says why, while the unit does not do its work yet
    units: tuple[str, ...] = ()  # what lampctl writes and only a restart reads: its unit files and drop-ins, modules
    sandbox: tuple[str, ...] = ()  # drop-ins that can wait for its next start: no visitor is to pay for them
    patience: int = 10  # seconds that it may take until its sockets are there and it is ready
    running: bool = True  # False: it has to be stopped and disabled
    # Of one that has to be stopped: the key that lampctl owns if it was lampctl that deployed it, the command by which
    # it ends what it is doing and takes nothing new, and the ports that are free then.
    mark: str = ""
    drain: str = ":"
    ports: tuple[int, ...] = ()
    test: str = ""  # shell command: would it accept what is on disk?
    behind: str = ""  # the unit that it hands requests to: where both run, this one learns first what that one asks for
    one_of_several: bool = False  # web servers do without it meanwhile; so where it runs, they learn first what is new
    heir: str = ""  # a unit that has no need of these ports if it runs already; then this one goes last
    others: str = ""  # shell that prints what of other people's depends on it, a line each

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
    unit_changed: float = 0.0  # the newest change of the unit files that lampctl writes
    sandbox_changed: float = 0.0  # the newest change of its sandbox
    unread: bool = False  # systemd has not read the unit's files again since they were changed
    missing: tuple[str, ...] = ()  # its sockets that are not there
    masked: bool = False  # somebody forbade it to start
    said: str = ""  # its last words, where it should run and does not
    others: tuple[str, ...] = ()  # what of other people's depends on it

    def stale(self, on_change: Action) -> bool:
        """Was something that it reads changed after it last read it?

        Derived from state, not from "this run changed a file": so a reload can't get lost when a
        run dies, and an edit by hand that nobody loaded shows up too.
        """
        since = self.started if on_change is Action.RESTART else max(self.reloaded, self.started)
        return self.active == "active" and (self.changed > since or self.outdated)

    @property
    def outdated(self) -> bool:
        """Does it run by an older unit file? Then a reload is not enough."""
        return self.active == "active" and (self.unread or self.unit_changed > self.started)

    @property
    def waits_for_sandbox(self) -> bool:
        """Does it run since before its sandbox was written?"""
        return self.active == "active" and self.sandbox_changed > self.started

    @property
    def enabled_now(self) -> bool:
        return self.enabled in _ENABLED


def probe(services: Sequence[Service]) -> str:
    """Shell that prints systemd's view of each unit, what it lacks, and the newest change below its watched paths."""
    units = words(sorted({service.unit for service in services}))
    missing = "\n".join(
        f"[ -S {quote(path)} ] || printf 'missing %s\\t\\t%s\\n' {quote(service.unit)} {quote(path)}"
        for service in services
        for path in service.sockets
    )
    others = "\n".join(
        f'{{ {service.others}; }} | awk -v unit={quote(service.unit)} \'{{ print "others " unit "\\t\\t" $0 }}\''
        for service in services
        if service.others
    )
    wanted = words(sorted({service.unit for service in services if service.running}))
    last_words = _LAST_WORDS.replace("WANTED", wanted)
    return f"{_SHOW.replace('UNITS', units)}\n{_newest(services)}\n{missing}\n{others}\n{last_words}"


_SHOW = f"""
shown=$(systemctl show --timestamp=us+utc -p {_PROPERTIES} UNITS 2>/dev/null)
printf '%s\\n\\n' "$shown"
"""
# Of a unit that is there and should run; a socket or timer fails because its service does.
_LAST_WORDS = r"""
down=$(printf '%s\n' "$shown" | awk -v RS= -F '\n' '/LoadState=loaded/ && !/ActiveState=active/ {
    for (i = 1; i <= NF; i++) if ($i ~ /^Id=/) print substr($i, 4) }')
for unit in $down; do
    case ' WANTED ' in *" $unit "*) ;; *) continue ;; esac
    journalctl -q -u "$unit" -u "${unit%.*}.service" -n 12 --no-pager -o cat |
        awk -v unit="$unit" '{ gsub(/\t/, " "); print "said " unit "\t\t" $0 }'
done
"""


def _newest(services: Sequence[Service]) -> str:
    """Shell that prints which paths each unit reads, and `PATH<TAB>WHEN<TAB>WHICH`: the newest change below each."""
    read = [
        (f"{kind} {service.unit}", path)
        for service in services
        for kind, paths in (("watch", service.watch), ("unit", service.units), ("sandbox", service.sandbox))
        for path in paths
    ]
    if not read:
        return ""
    return (
        f"printf '%s\\t\\t%s\\n' {words(part for row in read for part in row)}\n"
        f"find {words(sorted({path for _, path in read}))} -printf '%H\\t%C@\\t%p\\n' 2>/dev/null"
        " | awk -F '\\t' '$2 >= when[$1] { when[$1] = $2; row[$1] = $0 } END { for (path in row) print row[path] }'"
    )


def parse(raw: str) -> dict[str, UnitState]:
    """Service key → state."""
    blocks: dict[str, dict[str, str]] = {}
    rows: dict[tuple[str, str], list[str]] = {}
    newest: dict[str, tuple[float, str]] = {}
    for block in raw.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line and "\t" not in line)
        if "Id" in values:
            blocks[values["Id"]] = values
    for line in raw.splitlines():
        if line.count("\t") == 2:
            what, when, path = line.split("\t")
            kind, _, unit = what.partition(" ")
            if when:
                newest[what] = decimal(when) or 0.0, path
            else:
                rows.setdefault((unit, kind), []).append(path)
    return {f"service:{unit}": _state(values, unit, rows, newest) for unit, values in blocks.items()}


def _state(
    values: dict[str, str], unit: str, rows: dict[tuple[str, str], list[str]], newest: dict[str, tuple[float, str]]
) -> UnitState:
    """`rows`: (unit, kind) → the paths that `probe` printed of it; `newest`: path → (when, which) below it."""

    def change(kind: str) -> tuple[float, str]:
        return max((newest[path] for path in rows.get((unit, kind), []) if path in newest), default=(0.0, ""))

    changed, changed_path = change("watch")
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
        unit_changed=change("unit")[0],
        sandbox_changed=change("sandbox")[0],
        unread=values.get("NeedDaemonReload") == "yes",
        missing=tuple(rows.get((unit, "missing"), [])),
        said="\n".join(rows.get((unit, "said"), [])),
        others=tuple(rows.get((unit, "others"), [])),
    )


def _seconds(stamp: str) -> float:
    """`Tue 2026-11-24 03:16:23.123456 UTC`, as systemctl prints it with us+utc."""
    return seconds(stamp, "%a %Y-%m-%d %H:%M:%S.%f UTC") or 0.0


def compare(
    service: Service, state: object, changing: Iterable[str], owned: frozenset[str]
) -> Change | Conflict | None:
    """The change that `service` needs, when the paths in `changing` are about to be written."""
    unit = state if isinstance(state, UnitState) else UnitState()
    if not service.running:
        return _stop(service, unit, owned)
    if unit.masked:
        return Conflict(
            service.key,
            f"{service.unit} is masked: somebody forbade it to start; it was left alone",
            f"systemctl unmask {service.unit}, and deploy again",
        )
    if unit.active != "active":
        return Change(service.key, service.layer, Action.START, f"is {unit.active}\n" if unit.loaded else "")
    paths = list(changing)
    rewritten = [path for path in paths if path in service.units]
    if rewritten or unit.outdated:
        cause = rewritten[0] if rewritten else "its unit was changed since it was started"
        return Change(service.key, service.layer, Action.RESTART, f"because of {cause}\n")
    touched = [path for path in paths if path.startswith(service.watch)]
    if touched or unit.stale(service.on_change):
        cause = touched[0] if touched else f"{unit.changed_path} is newer than what it runs"
        return Change(service.key, service.layer, service.on_change, f"because of {cause}\n")
    if unit.missing:  # a reload would keep the socket that nobody can find any more
        return Change(service.key, service.layer, Action.RESTART, f"{unit.missing[0]} is not there\n")
    if not unit.enabled_now:
        return Change(service.key, service.layer, Action.ENABLE, f"is {unit.enabled}\n")
    return None


def _stop(service: Service, unit: UnitState, owned: frozenset[str]) -> Change | Conflict | None:
    # systemd stops it already: a plan that stops it once more would do nothing.
    if unit.active in ("inactive", "deactivating", "failed", "") and unit.enabled != "enabled":
        return None
    if service.mark not in owned:
        return Conflict(
            service.key,
            f"{service.unit} is {unit.active} and {unit.enabled or 'not enabled'}, and was not deployed by lampctl;"
            " it was left alone",
            f"it is in the way: systemctl disable --now {service.unit}, if nobody needs it",
        )
    return Change(service.key, service.layer, Action.STOP, "makes room\n")


def in_order(services: Sequence[Service], states: States) -> list[Service]:
    """Who makes room goes before who needs it; but last, and without a wait for its ports, where its heir has them.

    A server before another one goes first where both run; and one of several instances that run, after who asks them.
    """

    def runs(unit: str) -> bool:
        state = states.get(f"service:{unit}")
        return isinstance(state, UnitState) and state.active == "active"

    first = [item for item in services if item.behind and runs(item.unit) and runs(item.behind)]
    late = [item for item in services if item.one_of_several and runs(item.unit)]
    last = [item for item in services if not item.running and runs(item.heir)]
    between = [item for item in services if item not in (*first, *late, *last)]
    return [*first, *between, *late, *(replace(item, ports=()) for item in last)]
