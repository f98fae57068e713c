"""A site's schedules: commands that run at times, each by a timer of systemd, in the release that is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lampctl.answers import format_time, parse_int, rows
from lampctl.checks import Check, Evidence, HostProbe, Status, Verdict, Where, failed, passed, unknown
from lampctl.facts import Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.services import judge
from lampctl.layers.sites.background import Background, background, release_link
from lampctl.layers.sites.common import check
from lampctl.layers.sites.workers import needs
from lampctl.playbook.sites import WorkingSite
from lampctl.playbook.sites.cron import on_calendar
from lampctl.playbook.sites.workers import ScheduleOptions, schedule_unit
from lampctl.resources import Action, File, Service
from lampctl.resources.shell import script

_UNITS = "/etc/systemd/system"


def schedules(context: Context, name: str, options: WorkingSite) -> Desired:
    """The timers of the site's schedules and what they start, and their check."""
    if not options.schedule:
        return Desired()
    common = background(context, name, options)
    files = [file for one, given in options.schedule.items() for file in _files(common, name, one, given)]
    timers = [_timer(schedule_unit(name, one)) for one in options.schedule]
    return Desired(
        (*common.resources, *files, *timers),
        (_check(context, name, options, common, timers),),
        preflights=(_preflight(name, options),),
    )


def _files(common: Background, name: str, schedule: str, options: ScheduleOptions) -> tuple[File, File]:
    values = {
        **common.values,
        "schedule": schedule,
        "options": options,
        "calendars": on_calendar(options.every),
        "command": common.command(options.command),
    }
    path = f"{_UNITS}/{schedule_unit(name, schedule)}"
    return (
        File(f"{path}.service", "site", "unit/schedule.service.j2", values),
        File(f"{path}.timer", "site", "unit/schedule.timer.j2", values),
    )


def _timer(unit: str) -> Service:
    files = (f"{_UNITS}/{unit}.timer", f"{_UNITS}/{unit}.service")
    return Service(f"{unit}.timer", "site", on_change=Action.RESTART, units=files)


def _preflight(name: str, options: WorkingSite) -> Preflight:
    """systemd on the host reads every calendar expression, before anything is changed."""
    pairs = [(one, every) for one, given in options.schedule.items() for every in on_calendar(given.every)]
    look = script("schedule/refused", calendars=[part for pair in pairs for part in pair])
    return Preflight(f"site.schedule@{name}", look, partial(_refuse, name))


def _refuse(site: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    return [
        Problem("schedule", f"the schedule {one} of {site} can't run at {calendar}: {reason}",
                f"systemd-analyze calendar '{calendar}' explains it; man systemd.time")
        for one, calendar, reason in rows(raw, 3)
        if f"file:{_UNITS}/{schedule_unit(site, one)}.timer" in changing
    ]  # fmt: skip


def _check(context: Context, name: str, options: WorkingSite, common: Background, timers: Sequence[Service]) -> Check:
    units = [part for timer in timers for part in (_run_of(timer), f"{_UNITS}/{_run_of(timer)}")]
    link = release_link(context, name)
    look = script("schedule/look", units=units, reads=[*([link] if link else []), *common.reads])
    what = "1 timer" if len(timers) == 1 else f"{len(timers)} timers"
    return check(name, "schedule", Where.HOST, "its schedules run", f"{what} active, each last run without an error",
                 partial(_judge, timers), needs(name, options), HostProbe(look))  # fmt: skip


def _run_of(timer: Service) -> str:
    return timer.unit.replace(".timer", ".service")


@dataclass(frozen=True)
class _Run:
    """The last run of a schedule. Times are seconds since the epoch; None: never."""

    result: str
    status: str
    active: str
    started: int | None
    changed: int  # the release, or something else that it reads
    log: str


def _parse(raw: str) -> dict[str, _Run]:
    logs: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {}
    for name, text in rows(raw, 2):
        match name, text.split("\t", 5 if name == "run" else 1):
            case "run", [unit, *rest] if len(rest) == 5:
                found[unit] = rest
            case "log", [unit, line]:
                logs.setdefault(unit, []).append(line)
    return {
        unit: _Run(result, status, active, parse_int(started) or None, parse_int(changed) or 0,
                   "\n".join(logs.get(unit, ())))
        for unit, (result, status, active, started, changed) in found.items()
    }  # fmt: skip


def _judge(timers: Sequence[Service], seen: Evidence) -> Verdict:
    """The first schedule that does not run well; else when each ran last."""
    found = _parse(seen.raw)
    verdicts = [_judge_one(timer, seen, found.get(_run_of(timer))) for timer in timers]
    bad = next((verdict for verdict in verdicts if verdict.status is not Status.PASS), None)
    return bad or passed("; ".join(verdict.actual for verdict in verdicts))


def _judge_one(timer: Service, seen: Evidence, run: _Run | None) -> Verdict:
    verdict, unit = judge(seen, timer), _run_of(timer)
    if verdict.status is not Status.PASS:
        return verdict
    if run is None:
        return unknown("could not be looked at", seen.error or seen.raw[:200])
    name = unit.removesuffix(".service").rpartition("_")[2]
    when = "" if run.started is None else f" at {format_time(run.started, '%Y-%m-%d %H:%M:%S UTC')}"
    if run.result in ("success", ""):
        return passed(f"{name} {'runs now' if run.active == 'activating' else f'ran{when}' if when else 'not run yet'}")
    # The journal, which remembers runs before the host's last start, does not have the status with the result.
    why = f"exit status {run.status}" if run.result == "exit-code" and run.status != "0" else run.result
    # What failed in the release before this one says nothing about this one.
    if run.started is not None and run.started < run.changed:
        return passed(f"{name} failed{when} ({why}), before what it runs was changed, and was not due since")
    hint = f"systemctl start {unit} runs it again; journalctl -u {unit} shows its log"
    return failed(f"the last run of {name}{when} failed: {why}", run.log, hint)
