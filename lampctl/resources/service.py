"""systemd units that run the configuration on disk, and units that must not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lampctl.resources import systemctl, unit
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.rebind import Rebind
from lampctl.resources.rehearsed import Rehearsed
from lampctl.resources.systemctl import Wait
from lampctl.resources.together import stopping, together
from lampctl.resources.unit import Fault, Question, UnitState


class _Unit:
    unit: str

    @property
    def key(self) -> str:
        return f"service:{self.unit}"


@dataclass(frozen=True)
class Service(_Unit):
    """A unit that is enabled and active, and has loaded everything below `watch`.

    Attributes:
        watch: Files and directories that it reads when it starts or reloads.
        on_change: RELOAD; or RESTART, if a reload would not read all of it.
        sockets: Unix sockets that exist once it has loaded its configuration.
        rights: The mode and owner of these sockets, or the beginning: `600 www-data:root`. Empty: any.
        ready: Shell that fails, and prints why, until the unit does its work.
        units: Files of lampctl that only a restart reads: unit files, drop-ins, modules.
        sandbox: Drop-ins that can wait for its next start: they are not worth an interruption.
        patience: Seconds to wait for its sockets, and until it is ready.
        test: Shell command that fails if it would not accept the files on disk.
        behind: The unit that it passes requests to. If both run, this unit is changed first.
        rebinds: Changes that a reload can't do.
        leaves: Its port, of one of several: web servers, which are changed first, use the others while it restarts.
        foreground: Shell command that runs it by the configuration on disk, for a rehearsal. Empty: none.
        outage: What visitors meet while it restarts, and for how long. Empty: nothing; its socket keeps their requests.
        site: Whose code it runs, if a rehearsal runs it.
        rehearsed: How a rehearsal runs another instance. None: it runs none.
        patient: It may take minutes to finish its work: all such units start and restart last, at the same time.
    """

    unit: str
    layer: str
    watch: tuple[str, ...] = ()
    on_change: Action = Action.RELOAD
    sockets: tuple[str, ...] = ()
    rights: str = ""
    ready: str = ""
    units: tuple[str, ...] = ()
    sandbox: tuple[str, ...] = ()
    patience: int = 10
    test: str = ""
    behind: str = ""
    leaves: int = 0
    rebinds: tuple[Rebind, ...] = ()
    foreground: str = ""
    outage: str = ""
    rehearsed: Rehearsed | None = None
    site: str = ""
    patient: bool = False

    @property
    def question(self) -> Question:
        return Question(self.unit, self.watch, self.units, self.sandbox, self.sockets, self.rights, runs=True)


@dataclass(frozen=True)
class OutgoingService(_Unit):
    """A unit that is stopped and disabled, because another one needs its ports.

    Attributes:
        mark: The key that lampctl owns if it deployed this unit; otherwise the unit is left alone.
        drain: Shell command that makes it finish open requests and accept no new ones.
        ports: Ports to wait for until they are free.
        successors: The units that take over. They are enabled first: a host that reboots meanwhile has a server.
        successor: A unit that does not need these ports if it runs already; then this one is stopped last.
    """

    unit: str
    layer: str
    mark: str
    drain: str = ":"
    ports: tuple[int, ...] = ()
    successors: tuple[str, ...] = ()
    successor: str = ""

    @property
    def question(self) -> Question:
        return Question(self.unit)


@dataclass(frozen=True)
class SharedService(_Unit):
    """A package's own unit, which the playbook does not need. If lampctl ran it, it stays while others depend on it.

    Attributes:
        dependents: Shell that prints what depends on it and is not lampctl's, a line each.
    """

    unit: str
    layer: str
    watch: tuple[str, ...] = ()
    test: str = ""
    dependents: str = ""

    @property
    def question(self) -> Question:
        return Question(self.unit, self.watch, dependents=self.dependents)


AnyService = Service | OutgoingService | SharedService


def compare(service: AnyService, state: UnitState | None, view: HostView) -> Change | Conflict | None:
    """The change that a unit needs, given the paths in `view.changing` that are about to be written."""
    match service:
        case OutgoingService():
            return _stop(service, state or UnitState(), view.owned)
        case Service():
            return _run(service, state or UnitState(), view)
    return None


def _run(service: Service, state: UnitState, view: HostView) -> Change | Conflict | None:
    changing, fault = view.changing, state.fault(service.on_change)
    if fault is Fault.MASKED:
        text = f"{service.unit} is masked, so it can't be started; it was left alone"
        return Conflict(service.key, text, f"systemctl unmask {service.unit}, and deploy again")
    rewritten = next((path for path in changing if path in service.units), "")
    touched = next((path for path in changing if path.startswith(service.watch)), "") if service.watch else ""
    bound = next((item.path for item in service.rebinds if item.applies(view)), "")
    reasons: tuple[tuple[bool, Action, str], ...] = (
        (fault in (Fault.ABSENT, Fault.INACTIVE), Action.START, f"is {state.active}" if state.loaded else ""),
        (fault in (Fault.FROZEN, Fault.SILENT), Action.RESTART, "is frozen" if state.frozen else "gives no answer"),
        (bool(rewritten), Action.RESTART, f"because of {rewritten}"),
        (bool(bound), Action.RESTART, f"because {bound} moves a port to another address, which a reload can't do"),
        (fault is Fault.OUTDATED, Action.RESTART, f"because {state.unit_file} is newer than what it runs"),
        (bool(touched), service.on_change, f"because of {touched}"),
        (fault is Fault.STALE, service.on_change, f"because {state.changed_path} is newer than what it runs"),
        # A reload would keep the socket that has no path any more.
        (fault is Fault.SOCKET, Action.RESTART, "; ".join(state.sockets)),
        (fault is Fault.DISABLED, Action.ENABLE, f"is {state.enabled}"),
    )
    for holds, action, why in reasons:
        if holds:
            told = [why, service.outage if action is Action.RESTART and state.runs else ""]
            return Change(service.key, service.layer, action, "".join(f"{line}\n" for line in told if line))
    return None


def _stop(service: OutgoingService, state: UnitState, owned: frozenset[str]) -> Change | Conflict | None:
    # Stopping a unit that is stopping already would do nothing.
    if state.active in ("inactive", "deactivating", "failed", "") and state.enabled != "enabled":
        return None
    if service.mark not in owned:
        return Conflict(
            service.key,
            f"{service.unit} is {state.active} and {state.enabled or 'not enabled'}, and was not deployed by lampctl;"
            " it was left alone",
            f"if nothing needs it: systemctl disable --now {service.unit}",
        )
    outage = "for about half a second, nothing answers\n" if service.ports and state.runs else ""
    why = "another unit needs its ports" if service.ports else "another unit takes its place"
    return Change(service.key, service.layer, Action.STOP, f"{why}\n{outage}")


def in_order(services: Sequence[AnyService], view: HostView) -> list[AnyService]:
    """The order of changes. Units that give up ports come first; or last, with no wait, if the successor has the ports.

    A running server comes before the running server behind it; a running instance of several comes after both.
    """

    def active(name: str) -> bool:
        state = view.states.get(SERVICES, f"service:{name}")
        return state is not None and state.runs

    def place(service: AnyService) -> int:
        match service:
            case OutgoingService(successor=successor) if active(successor):
                return 3
            case Service(behind=behind) if behind and active(service.unit) and active(behind):
                return 0
            case Service(leaves=port) if port and active(service.unit):
                return 2
        return 1

    ordered = sorted(services, key=place)
    return [
        replace(item, ports=()) if isinstance(item, OutgoingService) and place(item) == 3 else item for item in ordered
    ]


def steps(changed: Sequence[Changed[AnyService]], view: HostView) -> list[Step]:
    """The steps; each can make its unit run the previous files after a rollback."""
    layers = Counter(service.layer for service, _ in changed)
    patient = [(service, change) for service, change in changed if isinstance(service, Service) and service.patient]
    alone = (pair for pair in changed if pair not in patient)
    return [*(_step(s, change, layers[s.layer] > 1, view.changing) for s, change in alone), *together(patient)]


def _step(service: AnyService, change: Change, crowded: bool, changing: Sequence[str]) -> Step:
    name = f"{change.action} {service.unit}"  # crowded: other units of its layer change as well
    if not isinstance(service, Service):
        assert isinstance(service, OutgoingService)  # nothing is ever compared of a shared one
        vacate = systemctl.vacate(service.unit, service.drain, service.ports, service.successors)
        return Step(name, service.layer, vacate, undo=systemctl.start(service.unit))
    affected = crowded or any(path in service.units or path.startswith(service.watch) for path in changing)
    undo = systemctl.restore(service, change.action, crowded=crowded) if affected else ""
    activate = systemctl.activate(service, change.action, Wait(service.sockets, service.ready, service.patience))
    return Step(name, service.layer, activate, owns=(service.key,), undo=undo)


def retire(keys: Sequence[str], wanted: Sequence[AnyService], view: HostView) -> Retirement:
    """Stop the units that nothing depends on; a rollback starts them again."""
    states = view.states.of_kind(SERVICES)
    kept = {s.key for s in wanted if isinstance(s, SharedService) and (state := states.get(s.key)) and state.dependents}
    units = {key: key.partition(":")[2] for key in keys if key not in kept}
    begin = stopping(units.values())
    return Retirement(
        tuple(Change(key, "linux", Action.STOP, "no longer wanted\n") for key in units),
        tuple(
            Step(f"stop {name}", "linux", begin + systemctl.stop(name), disowns=(key,), undo=systemctl.start(name))
            for key, name in units.items()
        ),
    )


SERVICES: Kind[AnyService, UnitState] = Kind(
    "services",
    ("service",),
    (Service, OutgoingService, SharedService),
    Phase.SERVICES,
    lambda services: unit.probe([service.question for service in services]),
    unit.parse,
    compare,
    steps,
    arrange=in_order,
    claimed=(Service,),
    retire=retire,
)
