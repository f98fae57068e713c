"""The check of every layer with a daemon: active, enabled, and running the config on disk."""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.answers import format_time
from lampctl.checks import Check, Evidence, HostProbe, Status, Verdict, Where, failed, passed, unknown
from lampctl.layers.ports import parse_holders
from lampctl.resources import Action, Service
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import Fault, UnitState


def service_check(
    id: str, title: str, *services: Service, needs: str = "linux.ssh", ports: HostProbe | None = None
) -> Check:
    """The first check in the chain of a layer. `ports`: prints who has the ports that an inactive unit needs."""
    named = services[0].unit if len(services) == 1 else f"{services[0].unit} and {len(services) - 1} more"
    return Check(
        id,
        services[0].layer,
        Where.HOST,
        title,
        f"{named} active, enabled, running the config on disk",
        lambda seen: _judge_all(seen, services),
        needs=(needs,),
        about=tuple(service.unit for service in services[1:]),
        probe=ports,
        observed=True,
    )


def _judge_all(seen: Evidence, services: Sequence[Service]) -> Verdict:
    """The first unit that is down, else the first with another fault, else a pass."""
    verdicts = [judge(seen, service) for service in services]
    down = (v for v, s in zip(verdicts, services, strict=True) if not _is_active(seen, s))
    bad = (verdict for verdict in verdicts if verdict.status is not Status.PASS)
    worst = next(down, None) or next(bad, None)
    if worst or len(services) == 1:
        return worst or verdicts[0]
    return passed(f"{len(services)} units active, enabled, run the config on disk")


def foreign_drop_ins(seen: Evidence, unit: str) -> str:
    """A line of evidence that names the unit's drop-ins that are not lampctl's; empty if there are none."""
    state = seen.states.get(SERVICES, f"service:{unit}")
    return f"not lampctl's: {', '.join(state.drop_ins)}" if state and state.drop_ins else ""


def _is_active(seen: Evidence, service: Service) -> bool:
    state = seen.states.get(SERVICES, service.key)
    return state is not None and state.runs


def judge(seen: Evidence, service: Service) -> Verdict:
    """Judge by the same faults as the plan: a deploy fixes what fails here."""
    state, unit = seen.states.get(SERVICES, service.key), service.unit
    if state is None:
        return unknown("systemd printed nothing about the unit")
    match state.fault(service.on_change):
        case Fault.MASKED:
            return failed(
                f"{unit} is masked", hint=f"systemctl unmask {unit}, then lampctl deploy: a masked unit can't start"
            )
        case Fault.ABSENT:
            return failed(f"{unit} is not installed", hint="lampctl deploy installs it")
        case Fault.INACTIVE if holders := parse_holders(seen.raw, (service.key,)):
            message = f"{unit} is {state.active}: {holders[0]} has port {holders[0].port}"
            return failed(message, state.log, f"{holders[0].stop}; then: lampctl deploy")
        case Fault.INACTIVE:
            hint = f"journalctl -u {unit} shows why it stopped; lampctl deploy starts it"
            return failed(f"{unit} is {state.active}", f"{state.log}\n{foreign_drop_ins(seen, unit)}", hint)
        case Fault.FROZEN:
            hint = f"lampctl deploy restarts it; to let it continue instead: systemctl kill -s SIGCONT {unit}"
            return failed(f"{unit} is frozen: it does not answer", hint=hint)
        case Fault.OUTDATED | Fault.STALE as fault:
            return _judge_outdated(service, state, fault)
        case Fault.DISABLED:
            hint = f"systemctl enable {unit}"
            return failed(f"active, but {state.enabled}: it would not start at boot", hint=hint)
    # Fault.SOCKET is reported by the check that uses the socket.
    later = "; its sandbox applies from its next start" if state.waits_for_sandbox else ""
    return passed(f"active, enabled, runs the config on disk{later}")


def _judge_outdated(service: Service, state: UnitState, fault: Fault) -> Verdict:
    when, path, verb = state.changed, state.changed_path, service.on_change
    if fault is Fault.OUTDATED:
        when, path, verb = state.unit_changed, state.unit_file, Action.RESTART
    evidence = f"{path} was changed at {format_time(when, '%Y-%m-%d %H:%M:%S UTC')}, after it was loaded"
    hint = f"lampctl deploy loads it, or: systemctl {verb} {service.unit}"
    return failed(f"{service.unit} runs an older configuration", evidence, hint)
