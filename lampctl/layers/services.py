"""The check that every layer with a daemon has: active, enabled, and running the config on disk."""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.answers import shown
from lampctl.checks import Check, Evidence, Status, Verdict, Where, failed, passed, unknown
from lampctl.resources import Service
from lampctl.resources.service import UnitState


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
    """The first unit that is down, else the first with another fault, else that all is well."""
    verdicts = [judge(seen, service) for service in services]
    down = (v for v, s in zip(verdicts, services, strict=True) if not _is_active(seen, s))
    bad = (verdict for verdict in verdicts if verdict.status is not Status.PASS)
    worst = next(down, None) or next(bad, None)
    if worst or len(services) == 1:
        return worst or verdicts[0]
    return passed(f"{len(services)} units active, enabled, run the config on disk")


def _is_active(seen: Evidence, service: Service) -> bool:
    state = seen.states.get(service.key)
    return isinstance(state, UnitState) and state.active == "active"


def judge(seen: Evidence, service: Service) -> Verdict:
    state = seen.states.get(service.key)
    unit = service.unit
    if not isinstance(state, UnitState):
        return unknown("systemd said nothing of the unit")
    if state.masked:
        hint = f"somebody forbade it to start: systemctl unmask {unit}, then lampctl deploy"
        return failed(f"{unit} is masked", hint=hint)
    if not state.loaded:
        return failed(f"{unit} is not there", hint="lampctl deploy installs it")
    if state.active != "active":
        hint = f"journalctl -u {unit} tells why it stopped; lampctl deploy starts it"
        return failed(f"{unit} is {state.active}", state.said, hint)
    if state.stale(service.on_change):
        when = shown(state.changed, "%Y-%m-%d %H:%M:%S UTC")
        hint = f"lampctl deploy loads it, or: systemctl {service.on_change} {unit}"
        return failed(
            f"{unit} runs an older configuration",
            f"{state.changed_path} was changed at {when}, after it was loaded",
            hint,
        )
    if state.enabled not in ("enabled", "enabled-runtime", "static", "alias"):
        return failed(f"active, but {state.enabled}: it would not start at boot", hint=f"systemctl enable {unit}")
    later = "; in its sandbox from its next start on" if state.waits_for_sandbox else ""
    return passed(f"active, enabled, runs the config on disk{later}")
