"""The check that every layer with a daemon has: active, enabled, and running the config on disk."""

from __future__ import annotations

from datetime import UTC, datetime

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.resources import Service
from lampctl.resources.service import UnitState
from lampctl.resources.shell import quote


def service_check(id: str, title: str, service: Service, needs: str = "linux.ssh") -> Check:
    """The chain of a layer starts here; the probe fetches the unit's last words for the evidence."""
    unit = quote(service.unit)
    script = f"systemctl is-active --quiet {unit} || journalctl -q -u {unit} -n 6 --no-pager -o cat"
    return Check(
        id,
        service.layer,
        Where.HOST,
        title,
        f"{service.unit} active, enabled, running the config on disk",
        lambda seen: judge(seen, service),
        needs=(needs,),
        probe=HostProbe(script),
    )


def judge(seen: Evidence, service: Service) -> Verdict:
    state = seen.states.get(service.key)
    unit = service.unit
    if not isinstance(state, UnitState):
        return unknown("systemd said nothing of the unit")
    if state.masked:
        hint = f"somebody forbade it to start: systemctl unmask {unit}, then lampctl deploy"
        return failed(f"{unit} is masked", seen.raw, hint)
    if not state.loaded:
        return failed(f"{unit} is not there", hint="lampctl deploy installs it")
    if state.active != "active":
        hint = f"journalctl -u {unit} tells why it stopped; lampctl deploy starts it"
        return failed(f"{unit} is {state.active}", seen.raw, hint)
    if state.stale(service.on_change):
        when = datetime.fromtimestamp(state.changed, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        hint = f"lampctl deploy loads it, or: systemctl {service.on_change} {unit}"
        return failed(
            "runs an older configuration",
            f"{state.changed_path} was changed at {when}, after it was loaded",
            hint,
        )
    if state.enabled not in ("enabled", "enabled-runtime", "static", "alias"):
        return failed(f"active, but {state.enabled}: it would not start at boot", hint=f"systemctl enable {unit}")
    return passed("active, enabled, runs the config on disk")
