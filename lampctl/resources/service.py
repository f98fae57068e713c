"""systemd services that run with the configuration on disk, and those that must not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from lampctl.resources import systemctl, unit
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.systemctl import Wait
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
        ready: Shell that fails, and says why, while the unit does not do its work yet.
        units: What lampctl writes and only a restart reads: its unit files and drop-ins, modules.
        sandbox: Drop-ins that can wait for its next start: no visitor is to pay for them.
        patience: Seconds that it may take until its sockets exist and it is ready.
        test: Shell command: would it accept what is on disk?
        behind: The unit that it hands requests to: if both run, this one first learns what that one requires.
        one_of_several: Web servers do without it meanwhile; so if it runs, they first learn what is new.
    """

    unit: str
    layer: str
    watch: tuple[str, ...] = ()
    on_change: Action = Action.RELOAD
    sockets: tuple[str, ...] = ()
    ready: str = ""
    units: tuple[str, ...] = ()
    sandbox: tuple[str, ...] = ()
    patience: int = 10
    test: str = ""
    behind: str = ""
    one_of_several: bool = False

    @property
    def question(self) -> Question:
        return Question(self.unit, self.watch, self.units, self.sandbox, self.sockets, runs=True)


@dataclass(frozen=True)
class OutgoingService(_Unit):
    """A unit that is stopped and disabled, because another one needs its ports.

    Attributes:
        mark: The key that lampctl owns if it deployed this unit; another's is left alone.
        drain: Shell command by which it ends what it is doing and takes nothing new.
        ports: What is free then.
        successor: A unit that does not need these ports if it runs already; then this one is stopped last.
    """

    unit: str
    layer: str
    mark: str
    drain: str = ":"
    ports: tuple[int, ...] = ()
    successor: str = ""

    @property
    def question(self) -> Question:
        return Question(self.unit)


@dataclass(frozen=True)
class SharedService(_Unit):
    """A package's own unit, which the playbook does not need. One that lampctl ran stays while others depend on it.

    Attributes:
        dependents: Shell that prints what of other people's depends on it, a line each.
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
    """The change that a service needs, when the paths in `view.changing` are about to be written."""
    match service:
        case OutgoingService():
            return _stop(service, state or UnitState(), view.owned)
        case Service():
            return _run(service, state or UnitState(), view.changing)
    return None


def _run(service: Service, state: UnitState, changing: Sequence[str]) -> Change | Conflict | None:
    fault = state.fault(service.on_change)
    if fault is Fault.MASKED:
        return Conflict(
            service.key,
            f"{service.unit} is masked, so it can't be started; it was left alone",
            f"systemctl unmask {service.unit}, and deploy again",
        )
    rewritten = next((path for path in changing if path in service.units), "")
    touched = next((path for path in changing if path.startswith(service.watch)), "") if service.watch else ""
    reload, unit_file = service.on_change, state.unit_changed_path or "its unit"
    reasons: tuple[tuple[bool, Action, str], ...] = (
        (fault in (Fault.ABSENT, Fault.INACTIVE), Action.START, f"is {state.active}" if state.loaded else ""),
        (bool(rewritten), Action.RESTART, f"because of {rewritten}"),
        (fault is Fault.OUTDATED, Action.RESTART, f"because {unit_file} is newer than what it runs"),
        (bool(touched), reload, f"because of {touched}"),
        (fault is Fault.STALE, reload, f"because {state.changed_path} is newer than what it runs"),
        # A reload would keep the socket that nobody can find any more.
        (fault is Fault.SOCKET, Action.RESTART, f"{state.missing[0] if state.missing else ''} does not exist"),
        (fault is Fault.DISABLED, Action.ENABLE, f"is {state.enabled}"),
    )
    for holds, action, why in reasons:
        if holds:
            return Change(service.key, service.layer, action, f"{why}\n" if why else "")
    return None


def _stop(service: OutgoingService, state: UnitState, owned: frozenset[str]) -> Change | Conflict | None:
    # To stop what systemd stops already would do nothing.
    if state.active in ("inactive", "deactivating", "failed", "") and state.enabled != "enabled":
        return None
    if service.mark not in owned:
        return Conflict(
            service.key,
            f"{service.unit} is {state.active} and {state.enabled or 'not enabled'}, and was not deployed by lampctl;"
            " it was left alone",
            f"if nobody needs it: systemctl disable --now {service.unit}",
        )
    return Change(service.key, service.layer, Action.STOP, "another unit needs its ports\n")


def in_order(services: Sequence[AnyService], view: HostView) -> list[AnyService]:
    """What gives up ports goes first; or last, without a wait for its ports, if its successor has them already.

    A running server goes before the running one that it hands requests to; a running instance of several, after both.
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
            case Service(one_of_several=True) if active(service.unit):
                return 2
        return 1

    ordered = sorted(services, key=place)
    return [
        replace(item, ports=()) if isinstance(item, OutgoingService) and place(item) == 3 else item for item in ordered
    ]


def steps(changed: Sequence[Changed[AnyService]], view: HostView) -> list[Step]:
    """Each with what makes it run the former files, should these be rolled back."""
    layers = Counter(service.layer for service, _ in changed)
    return [_step(service, change, layers[service.layer] > 1, view.changing) for service, change in changed]


def _step(service: AnyService, change: Change, crowded: bool, changing: Sequence[str]) -> Step:
    name = f"{change.action} {service.unit}"  # crowded: other units of its layer change as well
    if not isinstance(service, Service):
        drain, ports = (service.drain, service.ports) if isinstance(service, OutgoingService) else (":", ())
        vacate = systemctl.vacate(service.unit, drain, ports)
        return Step(name, service.layer, vacate, undo=systemctl.start(service.unit))
    affected = crowded or any(path in service.units or path.startswith(service.watch) for path in changing)
    undo = systemctl.restore(service, change.action, crowded=crowded) if affected else ""
    bring = systemctl.bring(service, change.action, Wait(service.sockets, service.ready, service.patience))
    return Step(name, service.layer, bring, owns=(service.key,), undo=undo)


def retire(keys: Sequence[str], wanted: Sequence[AnyService], view: HostView) -> Retirement:
    """Units are stopped, unless others depend on them. Started again if it is undone."""
    states = view.states.of(SERVICES)
    kept = {s.key for s in wanted if isinstance(s, SharedService) and (state := states.get(s.key)) and state.dependents}
    units = {key: key.partition(":")[2] for key in keys if key not in kept}
    return Retirement(
        tuple(Change(key, "linux", Action.STOP, "no longer wanted\n") for key in units),
        tuple(
            Step(f"stop {name}", "linux", systemctl.stop(name), disowns=(key,), undo=systemctl.start(name))
            for key, name in units.items()
        ),
    )


def reloads(services: Sequence[AnyService], stopped: Collection[str], view: HostView) -> list[Changed[Service]]:
    """What runs and has read a path that goes loads its configuration again.

    Args:
        services: Those of the playbook, and shared ones.
        stopped: Keys of units that stop in the same stage.
        view: `changing` has the paths that go.
    """
    found = []
    for service in running(services, stopped, view):
        if touched := next((path for path in view.changing if path.startswith(service.watch)), ""):
            change = Change(service.key, service.layer, service.on_change, f"because {touched} is deleted\n")
            found.append((service, change))
    return found


def running(services: Sequence[AnyService], stopped: Collection[str], view: HostView) -> list[Service]:
    """The services of the playbook, and shared ones that are active and do not stop."""
    active = {key for key, state in view.states.of(SERVICES).items() if state.runs and key not in stopped}
    shared = (s for s in services if isinstance(s, SharedService) and s.key in active)
    left = (Service(s.unit, s.layer, watch=s.watch, test=s.test) for s in shared)
    return [*(s for s in services if isinstance(s, Service)), *left]


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
