"""The check that every layer with a daemon has: active, enabled, and running the config on disk."""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.answers import shown
from lampctl.checks import Check, Evidence, Status, Verdict, Where, failed, passed, unknown
from lampctl.resources import Action, Service
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import Fault, UnitState


def service_check(id: str, title: str, *services: Service, needs: str = "linux.ssh") -> Check:
    """The chain of a layer starts here."""
    named = services[0].unit if len(services) == 1 else f"{services[0].unit} and {len(services) - 1} more"
    return Check(
        id,
        services[0].layer,
        Where.HOST,
        title,
        f"{named} active, enabled, running the config on disk",
        lambda seen: _judge_all(seen, services),
        needs=(needs,),
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


def _is_active(seen: Evidence, service: Service) -> bool:
    state = seen.states.get(SERVICES, service.key)
    return state is not None and state.runs


def judge(seen: Evidence, service: Service) -> Verdict:
    """By the same faults as the plan: a deploy heals what fails here."""
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
        case Fault.INACTIVE:
            hint = f"journalctl -u {unit} tells why it stopped; lampctl deploy starts it"
            return failed(f"{unit} is {state.active}", state.log, hint)
        case Fault.OUTDATED | Fault.STALE as fault:
            return _older(service, state, fault)
        case Fault.DISABLED:
            hint = f"systemctl enable {unit}"
            return failed(f"active, but {state.enabled}: it would not start at boot", hint=hint)
    # Fault.SOCKET is for the check that uses the socket to report.
    later = "; in its sandbox from its next start on" if state.waits_for_sandbox else ""
    return passed(f"active, enabled, runs the config on disk{later}")


def _older(service: Service, state: UnitState, fault: Fault) -> Verdict:
    when, path, verb = state.changed, state.changed_path, service.on_change
    if fault is Fault.OUTDATED:
        when, path, verb = state.unit_changed, state.unit_changed_path or "its unit", Action.RESTART
    evidence = f"{path} was changed at {shown(when, '%Y-%m-%d %H:%M:%S UTC')}, after it was loaded"
    hint = f"lampctl deploy loads it, or: systemctl {verb} {service.unit}"
    return failed(f"{service.unit} runs an older configuration", evidence, hint)
