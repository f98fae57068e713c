"""Workers and schedules: what is refused, what is rendered, and the verdicts on what a host answers; no host."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from lampctl.checks import Check, Evidence, Status
from lampctl.engine.library import Files
from lampctl.errors import PlaybookError
from lampctl.facts import nominal
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.playbook.sites.workers import schedule_unit, worker_unit
from lampctl.rendering import Renderer
from lampctl.resources import OutgoingService, Secret, Service, select
from lampctl.resources.kind import States
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState

FACTS = nominal("debian-13")
UNITS = "/etc/systemd/system"
WORKER = "lampctl-worker-a.test_queue@1.service"
RUN = "lampctl-schedule-a.test_night.service"
PHP = (
    "{type: php, database: true, source: app, php: {memory_limit: 200M, ini: {max_execution_time: 30, precision: 3}}, "
    "workers: {queue: {command: 'php work.php --tries=3', instances: 2, memory_max: 64M, stop_timeout: 5}}, "
    "schedule: {night: {every: '0 3 1 * 5', command: bin/night}}}"
)


def wanted(folder: Path, site: str) -> tuple[Desired, dict[str, str]]:
    """What the site wants, and the rendered files by path."""
    path = folder / "site.yml"
    (folder / "app").mkdir(exist_ok=True)
    (folder / "app/bin").mkdir(exist_ok=True)
    for name, mode in (("work.php", 0o644), ("bin/night", 0o755)):
        (folder / "app" / name).write_text("<?php")
        (folder / "app" / name).chmod(mode)
    path.write_text(f"web: {{server: nginx}}\nphp: {{}}\nmysql: {{}}\nsites:\n  a.test: {site}\n")
    files = Files(folder)
    found = desired(Context.from_loaded(load(str(path), (), files), PLATFORMS["debian-13"], FACTS))
    renderer = Renderer(files.template, "site")
    return found, {file.path: renderer.text(file) for file in found.files}


def check(folder: Path, id: str, site: str = PHP) -> Check:
    return next(check for check in wanted(folder, site)[0].checks if check.id == id)


WRONG = {
    "a worker without a command": ("{workers: {queue: {}}}", "command: is missing"),
    "a worker that is null": ("{workers: {queue: }}", "should be a mapping"),
    "an empty schedule": ("{schedule: {night: {every: '', command: x}}}", "neither a cron schedule"),
    "a schedule without a time": ("{schedule: {night: {command: x}}}", "every: is missing"),
    "a schedule without a command": ("{schedule: {night: {every: daily}}}", "command: is missing"),
    "an impossible minute": ("{schedule: {night: {every: '61 * * * *', command: x}}}", "minute 61: should be 0 to 59"),
    "a day that never comes": ("{schedule: {night: {every: '0 0 30 2 *', command: x}}}", "no month of 2 has a day 30"),
    "a unit's next line": ("{workers: {queue: {command: \"x\\nUser=root\"}}}", "is not a valid command"),
    "more rights by a prefix": ("{workers: {queue: {command: '+x'}}}", "is not a valid command"),
    "a name with an underscore": ("{workers: {a_b: {command: x}}}", "'a_b' is not a valid name of a worker"),
    "a name in capitals": ("{schedule: {Night: {every: daily, command: x}}}", "'Night' is not a valid name of a worker"),
    "a name with a slash": ("{workers: {../x: {command: x}}}", "'../x' is not a valid name of a worker"),
    "no instance": ("{workers: {queue: {command: x, instances: 0}}}", "instances: should be greater than or equal to 1"),
    "an instance of a schedule": ("{schedule: {night: {every: daily, command: 'x %i'}}}", "a schedule has none"),
    "a program that the release lacks": ("{source: app, workers: {queue: {command: bin/x}}}", "source: it has no bin/x, which is the command of queue"),
    "a file that is no program": ("{source: app, schedule: {a: {every: daily, command: ./work.php}}}", "its work.php lacks the run bit"),
    "a worker of files": ("{type: static, workers: {queue: {command: x}}}", "workers: unknown key"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_invalid_jobs_are_refused_with_their_line(tmp_path: Path, case: str) -> None:
    site, message = WRONG[case]
    with pytest.raises(PlaybookError) as caught:
        wanted(tmp_path, site)
    assert message in caught.value.message
    assert "site.yml:5" in caught.value.message


def test_no_two_units_share_a_name() -> None:
    sites = ["a.test", "a-b.test", "a", "a-b", "worker-a", "x" * 190, "x" * 195]
    names = ["b", "b-c", "queue", "q" * 32]
    units = [unit(site, name) for unit in (lambda s, n: worker_unit(s, n, 64), schedule_unit)
             for site, name in product(sites, names)]  # fmt: skip
    assert len(set(units)) == len(units)
    assert max(map(len, units)) + len(".service") <= 255


def test_worker_of_php_runs_its_own_version_in_the_release(tmp_path: Path) -> None:
    found, texts = wanted(tmp_path, PHP)
    unit, ini = texts[f"{UNITS}/lampctl-worker-a.test_queue@.service"], texts["/etc/lampctl/php/8.4/a.test.ini"]
    for line in (
        "ExecStart=/etc/php/8.4/lampctl-bin/php work.php --tries=3", "WorkingDirectory=/var/www/a.test/current", "MemoryMax=64M",
        "TimeoutStopSec=5", "Restart=always", "User=site-a-test", "Slice=lampctl-a.test.slice",
        "ReadWritePaths=/var/lib/php/lampctl/a.test", "BindPaths=-/var/www/a.test",
        "Requires=lampctl-environment-a.test.service", "EnvironmentFile=/run/lampctl-environment/a.test",
    ):  # fmt: skip
        assert f"\n{line}\n" in unit
    assert "\nEnvironment=PATH=/etc/php/8.4/lampctl-bin:" in unit
    assert {"memory_limit = '200M'", "precision = 3"} <= set(ini.splitlines())
    assert "max_execution_time" not in ini, "it limits requests; on the command line it would end workers"
    services = {service.unit: service for service in select(found.resources, Service)}
    assert [unit for unit in services if "worker" in unit] == [WORKER, WORKER.replace("@1", "@2")]
    assert services[WORKER].watch == ("/var/www/a.test/current",), "restarted with each release"


def test_schedule_runs_on_either_day_by_a_timer(tmp_path: Path) -> None:
    _, texts = wanted(tmp_path, PHP)
    timer = texts[f"{UNITS}/{RUN.replace('.service', '.timer')}"]
    assert "\nOnCalendar=*-*-01 03:00:00\nOnCalendar=Fri *-*-* 03:00:00\n" in timer
    assert "\nExecStart=/var/www/a.test/current/bin/night\n" in texts[f"{UNITS}/{RUN}"]
    assert "\nType=oneshot\n" in texts[f"{UNITS}/{RUN}"]


def test_environment_is_that_of_requests_and_its_change_restarts_workers(tmp_path: Path) -> None:
    found, texts = wanted(tmp_path, PHP)
    services = {service.unit: service for service in select(found.resources, Service)}
    (secret,) = select(found.resources, Secret)
    files = {"/etc/lampctl/environment/a.test", secret.path, "/etc/lampctl/php/8.4/a.test.ini"}
    assert files < set(services[WORKER].units)
    assert files - {"/etc/lampctl/php/8.4/a.test.ini"} < set(services["lampctl-php8.4-a.test.service"].units)
    assert [
        path for path, text in texts.items() if text.count("EnvironmentFile=/run/lampctl-environment/a.test\n")
    ] == [
        "/etc/systemd/system/lampctl-php8.4-a.test.service",
        f"{UNITS}/lampctl-worker-a.test_queue@.service",
        f"{UNITS}/{RUN}",
    ]


def test_worker_of_a_program_shares_its_environment_and_has_no_port(tmp_path: Path) -> None:
    site = "{type: process, command: x, port: 8000, environment: {A: b}, workers: {mail: {command: ./mail}}}"
    _, texts = wanted(tmp_path, site)
    unit = texts[f"{UNITS}/lampctl-worker-a.test_mail@.service"]
    assert "\nExecStart=/var/www/a.test/mail\n" in unit
    assert "\nRequires=lampctl-environment-a.test.service\n" in unit
    assert "\nStateDirectory=site-a-test\n" in unit
    assert "SocketBindAllow" not in unit
    assert "PATH=" not in unit


def worker_rows(state: str = "runs", failures: int = 0, release: str = "new") -> str:
    one, two = (
        f"worker\t{WORKER.replace('@1', f'@{n}')}\t{state}\t{failures}\t/var/www/a.test/releases/{release}\n"
        for n in (1, 2)
    )
    return f"{one}log\t{WORKER}\tno such queue\n{two}served\treleases/new\n"


def states(active: str = "active", timer: str = "active") -> States:
    units = {WORKER: active, WORKER.replace("@1", "@2"): active, RUN.replace(".service", ".timer"): timer}
    found = {f"service:{unit}": UnitState(True, state, "enabled", started=100.0) for unit, state in units.items()}
    return States().updated(SERVICES, found)


@pytest.mark.parametrize(
    ("raw", "active", "status", "actual"),
    [
        (worker_rows(), "active", Status.PASS, "2 active, running new"),
        (worker_rows(release="new/sub"), "active", Status.PASS, "2 active, running new"),
        (worker_rows(), "activating", Status.PASS, "2 active, running new"),
        (worker_rows("ended"), "activating", Status.FAIL, f"{WORKER} ends within 2 s of each start"),
        (worker_rows("waits"), "active", Status.FAIL, f"{WORKER} ends within 2 s of each start"),
        (worker_rows(failures=3), "active", Status.FAIL, f"{WORKER} failed 3 times in the last two minutes"),
        (worker_rows(failures=2), "active", Status.PASS, "2 active, running new"),
        (worker_rows(release="old"), "active", Status.FAIL, f"{WORKER} runs the release old, not new, which is served"),
        (worker_rows(release="old (deleted)"), "active", Status.FAIL, "runs the release old, not new"),
        (worker_rows(), "inactive", Status.FAIL, f"{WORKER} is inactive"),
        ("", "active", Status.UNKNOWN, "could not be looked at"),
    ],
)
def test_verdict_on_workers(tmp_path: Path, raw: str, active: str, status: Status, actual: str) -> None:
    verdict = check(tmp_path, "site.worker@a.test").judge(Evidence(raw, FACTS, states(active)))
    assert verdict.status is status
    assert actual in verdict.actual
    assert ("no such queue" in verdict.evidence) is ("ends" in actual or "failed" in actual)


@pytest.mark.parametrize(
    ("row", "timer", "status", "actual"),
    [
        ("success\t0\tinactive\t1000\t900", "active", Status.PASS, "night ran at 1970-01-01 00:16:40 UTC"),
        ("success\t0\tinactive\t\t900", "active", Status.PASS, "night not run yet"),
        ("success\t0\tactivating\t1000\t900", "active", Status.PASS, "night runs now"),
        ("exit-code\t7\tfailed\t1000\t900", "active", Status.FAIL, "the last run of night at 1970-01-01 00:16:40 UTC failed: exit status 7"),
        ("timeout\t15\tfailed\t1000\t900", "active", Status.FAIL, "failed: timeout"),
        ("resources\t0\tfailed\t\t900", "active", Status.FAIL, "the last run of night failed: resources"),
        ("exit-code\t7\tfailed\t1000\t1001", "active", Status.PASS, "before what it runs was changed"),
        ("success\t0\tinactive\t1000\t900", "inactive", Status.FAIL, "night.timer is inactive"),
    ],
)  # fmt: skip
def test_verdict_on_schedules(tmp_path: Path, row: str, timer: str, status: Status, actual: str) -> None:
    raw = f"run\t{RUN}\t{row}\nlog\t{RUN}\tdisk full\n"
    verdict = check(tmp_path, "site.schedule@a.test").judge(Evidence(raw, FACTS, states(timer=timer)))
    assert verdict.status is status
    assert actual in verdict.actual
    assert ("disk full" in verdict.evidence) is ("failed:" in actual)


def test_host_refuses_what_systemd_does_not_read(tmp_path: Path) -> None:
    preflight = next(p for p in wanted(tmp_path, PHP)[0].preflights if p.id == "site.schedule@a.test")
    raw = "night\tMon..Xyz 03:00\tsystemd can't read it\n"
    (problem,) = preflight.judge(raw, FACTS, frozenset({f"file:{UNITS}/{RUN.replace('.service', '.timer')}"}))
    assert problem.message == "the schedule night of a.test can't run at Mon..Xyz 03:00: systemd can't read it"
    assert preflight.judge(raw, FACTS, frozenset()) == []


def test_workers_of_the_former_name_stop_first(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, PHP.replace("{type: php,", "{type: php, renamed_from: b.test,"))
    former = [item for item in select(found.resources, OutgoingService) if "worker" in item.unit]
    units = [worker_unit("b.test", "queue", n) for n in (1, 2)]
    assert [item.unit for item in former] == units
    assert {item.drain for item in former} == {f"systemctl stop {' '.join(units)}"}, "at the same time"
