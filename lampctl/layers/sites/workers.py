"""A site's workers: programs that run all the time beside its requests, in the release that is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lampctl.answers import parse_int, rows
from lampctl.checks import Check, Evidence, HostProbe, Status, Verdict, Where, failed, passed, unknown
from lampctl.layers.base import Context, Desired
from lampctl.layers.services import judge
from lampctl.layers.sites.background import Background, background, release_link
from lampctl.layers.sites.common import check
from lampctl.playbook import database_of, home_of
from lampctl.playbook.sites import WorkingSite
from lampctl.playbook.sites.workers import WorkerOptions, instances, worker_unit
from lampctl.resources import Action, File, OutgoingService, Service
from lampctl.resources.service import SERVICES
from lampctl.resources.shell import script, words

_SETTLE = 2  # seconds after which a worker counts as running
_LOOPS = 3  # failures within two minutes


def workers(context: Context, name: str, options: WorkingSite) -> Desired:
    """The units of the site's workers, and their check."""
    if not options.workers:
        return Desired()
    common = background(context, name, options)
    files = {worker: _file(common, name, worker, given) for worker, given in options.workers.items()}
    services = tuple(
        _service(context, name, common, files[worker], worker_unit(name, worker, number))
        for worker, given in options.workers.items()
        for number in instances(given)
    )
    resources = (*common.resources, *files.values(), *_formers(options), *services)
    return Desired(resources, (_check(context, name, options, services),))


def _formers(options: WorkingSite) -> tuple[OutgoingService, ...]:
    """Its workers by its former name. They stop before its tables move: else they would make new ones there."""
    former = options.renamed_from
    if former is None:
        return ()
    units = [worker_unit(former, worker, n) for worker, given in options.workers.items() for n in instances(given)]
    stop = f"systemctl stop {words(units)}"  # all at the same time
    return tuple(OutgoingService(unit, "site", f"service:{unit}", stop) for unit in units)


def _file(common: Background, name: str, worker: str, options: WorkerOptions) -> File:
    values = {**common.values, "worker": worker, "options": options, "command": common.command(options.command)}
    return File(f"/etc/systemd/system/{worker_unit(name, worker, '')}", "site", "unit/worker.service.j2", values)


def _service(context: Context, name: str, common: Background, file: File, unit: str) -> Service:
    link = release_link(context, name)
    return Service(
        unit,
        "site",
        watch=(link,) if link else (),
        on_change=Action.RESTART,
        units=(file.path, *common.reads),
        patient=True,
    )


def needs(name: str, options: WorkingSite) -> tuple[str, ...]:
    """The hops without which a worker or schedule can't work."""
    return (f"mysql.login@{name}",) if database_of(name, options) else ("linux.ssh",)


def _check(context: Context, name: str, options: WorkingSite, services: Sequence[Service]) -> Check:
    look = script(
        "gist", "worker/look", units=[s.unit for s in services], settle=_SETTLE, current=release_link(context, name)
    )
    judge_workers = partial(_judge, f"{home_of(name)}/releases/", services)
    what = "1 worker" if len(services) == 1 else f"{len(services)} workers"
    return check(name, "worker", Where.HOST, "its workers run", f"{what} active, running the release that is served",
                 judge_workers, needs(name, options), HostProbe(look, limit=12))  # fmt: skip


@dataclass(frozen=True)
class _Seen:
    """One worker. `folder`: the working directory of its process; `served`: the release that the site serves."""

    state: str
    failures: int
    folder: str
    served: str
    log: str


def _parse(raw: str) -> dict[str, _Seen]:
    logs: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {}
    served = ""
    for name, text in rows(raw, 2):
        match name, text.split("\t", 3 if name == "worker" else 1):
            case "worker", [unit, *rest] if len(rest) == 3:
                found[unit] = rest
            case "log", [unit, line]:
                logs.setdefault(unit, []).append(line)
            case "served", [target]:
                served = target.removeprefix("releases/")
    return {
        unit: _Seen(state, parse_int(failures) or 0, folder, served, "\n".join(logs.get(unit, ())))
        for unit, (state, failures, folder) in found.items()
    }


def _judge(releases: str, services: Sequence[Service], seen: Evidence) -> Verdict:
    """The first worker that does not run well; `releases`: the directory of the site's releases."""
    found = _parse(seen.raw)
    verdicts = [_judge_one(releases, service, seen, found.get(service.unit)) for service in services]
    bad = next((verdict for verdict in verdicts if verdict.status is not Status.PASS), None)
    if bad:
        return bad
    served = next((one.served for one in found.values()), "")
    return passed(f"{len(services)} active" + (f", running {served}" if served else ""))


def _judge_one(releases: str, service: Service, seen: Evidence, worker: _Seen | None) -> Verdict:
    unit, verdict = service.unit, judge(seen, service)
    state = seen.states.get(SERVICES, service.key)
    if worker and (older := _older(releases, worker)):
        again = f"lampctl deploy restarts it, or: systemctl restart {unit}"
        return failed(f"{unit} runs the release {older}, not {worker.served}, which is served", hint=again)
    # The observation may have met it between two processes; the probe has waited for the next one.
    if verdict.status is Status.FAIL and not (worker and state and state.active in ("activating", "deactivating")):
        return verdict
    if worker is None:
        return unknown("could not be looked at", seen.error or seen.raw[:200])
    hint = f"journalctl -u {unit} shows what it printed; a command that is meant to end belongs in `schedule`"
    if worker.state != "runs":
        return failed(f"{unit} ends within {_SETTLE} s of each start", worker.log, hint)
    if worker.failures >= _LOOPS:
        return failed(f"{unit} failed {worker.failures} times in the last two minutes", worker.log, hint)
    return passed("runs")


def _older(releases: str, worker: _Seen) -> str:
    """The release that a running worker is in, if it is not the one that is served; else empty."""
    if worker.state != "runs" or not worker.served or not worker.folder.startswith(releases):
        return ""
    release = worker.folder.removeprefix(releases).split("/")[0].removesuffix(" (deleted)")
    return "" if release == worker.served else release
