"""Workers and schedules of a PHP site and of a program, on a real host, with its database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.working import BREAKS, INDEX, PLAYBOOK, TWO, actual, deploy, evidence, released, write

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write(folder)
    return folder


@pytest.fixture(scope="module")
def first(host: Host, project: Path) -> RunResult:
    return deploy(host, project)


def test_every_hop_is_proved_and_a_second_plan_is_empty(host: Host, project: Path, first: RunResult) -> None:
    assert first.code == 0, first
    assert {check: status for check, status in first.results.items() if status != "pass"} == {}
    assert actual(first, "site.worker@shop.test") == f"2 active, running {released(host)}"
    ran = deploy(host, project)
    assert (ran.changes, ran.host["applied"]) == ({}, False)
    assert ran.host["round_trips"] <= 4


def test_worker_has_the_sites_own_php_environment_and_rights(host: Host, first: RunResult) -> None:
    assert first.code == 0, first
    host.sh("mariadb shop_test -e 'INSERT INTO jobs (done) VALUES (NULL), (NULL)'")
    done = host.sh(
        "timeout 20 sh -c 'until [ $(mariadb -N shop_test -e \"SELECT COUNT(*) FROM jobs WHERE done IS NULL\") = 0 ]; do sleep 0.2; done'; "
        "mariadb -N shop_test -e 'SELECT done FROM jobs LIMIT 1'"
    )
    key = host.sh("curl -s -H 'Host: shop.test' http://127.0.0.1/ || perl -MIO::Socket::INET -e '"
                  '$s = IO::Socket::INET->new("127.0.0.1:80"); print $s "GET / HTTP/1.0\\r\\nHost: shop.test\\r\\n\\r\\n"; '
                  "print <$s>'").split()[-1]  # fmt: skip
    assert re.fullmatch("[0-9a-f]{32}", key)
    for part in ("/usr/bin/php8.4", "96M", '"5"', '"0"', "site-shop-test", released(host), key):
        assert part in done.replace("\\", ""), done
    assert host.sh("stat -c '%U %a' /var/lib/php/lampctl/shop.test/worker-2").strip() == "site-shop-test 644"
    password = host.sh("sed -n 's/.*= \"\\(.*\\)\"/\\1/p' /etc/lampctl/secrets/shop.test.conf").strip()
    assert len(password) == 32
    seen = host.sh(
        "ps -eo args; systemctl show 'lampctl-worker-*' -p Environment,ExecStart; cat /etc/systemd/system/lampctl-*"
    )
    assert password not in seen + first.out
    assert (
        host.sh("stat -c '%U %a' /run/lampctl-environment /run/lampctl-environment/shop.test") == "root 700\nroot 600\n"
    )
    assert host.sh("cat /var/lib/site-app-test/mail") == 'a "b" $c'


def test_units_are_sandboxed(host: Host, first: RunResult) -> None:
    assert first.code == 0, first
    for unit in (
        "lampctl-worker-shop.test_queue@1",
        "lampctl-worker-app.test_mail@1",
        "lampctl-schedule-shop.test_tick",
    ):
        exposure = host.sh(f"systemd-analyze security --no-pager {unit}.service | tail -n 1")
        assert float(exposure.split(":")[1].split()[0]) <= 2, exposure
        assert host.sh(f"systemctl show --value -p Slice {unit}.service").startswith("lampctl-")


def test_schedule_runs_and_a_failed_run_is_named(host: Host, project: Path, first: RunResult) -> None:
    """Also after a power cut: systemd forgets, the journal does not."""
    assert first.code == 0, first
    host.sh("systemctl start lampctl-schedule-shop.test_tick lampctl-schedule-shop.test_night")
    ran = host.lampctl("check", "HOST", "-p", "site.yml", cwd=project)
    assert ran.code == 0, ran
    assert "tick ran at 20" in actual(ran, "site.schedule@shop.test")
    assert "PHP 8.4" in host.sh("journalctl -o cat -u lampctl-schedule-shop.test_night")
    folder = f"/var/www/shop.test/releases/{released(host)}"
    host.sh(f"touch {folder}/fail; systemctl start lampctl-schedule-shop.test_tick || :; journalctl --sync")
    ran = host.lampctl("check", "HOST", "-p", "site.yml", cwd=project)
    host.boxes.cut(host.box.name)
    host.boxes.up(host.box.name, host.box.release)
    later = host.lampctl("check", "HOST", "-p", "site.yml", "--wait", "30", cwd=project)
    host.sh(f"rm {folder}/fail; systemctl start lampctl-schedule-shop.test_tick")
    for seen, why in ((ran, "exit status 7"), (later, "exit")):
        assert (seen.code, seen.host["culprit"]["id"]) == (1, "site.schedule@shop.test"), seen
        assert "the last run of tick" in actual(seen, "site.schedule@shop.test")
        assert why in actual(seen, "site.schedule@shop.test")
        assert "no disk left" in evidence(seen, "site.schedule@shop.test")
    assert later.results["site.worker@shop.test"] == "pass"


def test_workers_run_the_new_release(host: Host, project: Path, first: RunResult) -> None:
    before = released(host)
    (project / "shop/index.php").write_text(INDEX.replace("VERSION", "2"))
    ran = deploy(host, project)
    assert ran.code == 0, ran
    assert first.changes["service:lampctl-worker-shop.test_queue@1.service"] == "start"
    assert ran.changes["service:lampctl-worker-shop.test_queue@1.service"] == "restart"
    assert "service:lampctl-worker-app.test_mail@1.service" not in ran.changes
    assert released(host) != before
    assert actual(ran, "site.worker@shop.test") == f"2 active, running {released(host)}"
    said = host.sh("journalctl -o cat _SYSTEMD_SLICE=lampctl-shop.test.slice | grep -x 'stopping\\|finished'").split()
    assert said == ["stopping"] * 2 + ["finished"] * 2, "both finish their work, at the same time"


def test_workers_run_an_upgraded_php(host: Host, first: RunResult) -> None:
    assert first.code == 0, first
    before = host.sh(pids := "systemctl show -P MainPID lampctl-worker-{shop.test_queue,app.test_mail}@1").split()
    host.sh("DEBIAN_FRONTEND=noninteractive apt-get -qqy --reinstall install php8.4-cli >/dev/null 2>&1")
    after = host.sh(f"while systemctl list-jobs | grep -q lampctl-worker; do sleep 0.1; done; {pids}").split()
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


def test_release_whose_worker_dies_is_named_and_undone(host: Host, project: Path, first: RunResult) -> None:
    assert first.code == 0, first
    before, good = released(host), (project / "shop/work.php").read_text()
    (project / "shop/work.php").write_text("<?php usleep(300000); throw new Exception('no such queue');")
    ran = deploy(host, project)
    (project / "shop/work.php").write_text(good)
    assert ran.code == 1, ran
    assert (ran.host["culprit"]["id"], ran.host["undone"]) == ("site.worker@shop.test", True), ran
    assert "queue@1.service ends within 2 s of each start" in actual(ran, "site.worker@shop.test")
    assert "no such queue" in evidence(ran, "site.worker@shop.test")
    assert released(host) == before
    assert host.lampctl("check", "HOST", "-p", "site.yml", cwd=project).code == 0
    assert host.lampctl("plan", "HOST", "-p", "site.yml", cwd=project).changes == {}


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_later_is_named_and_the_next_deploy_mends_it(
    host: Host, project: Path, first: RunResult, name: str
) -> None:
    assert first.code == 0, first
    command, check, says, mend = BREAKS[name]
    host.sh(command)
    ran = host.lampctl("check", "HOST", "-p", "site.yml", cwd=project)
    host.sh(mend)
    mended = deploy(host, project)
    assert (ran.code, ran.host["culprit"]["id"]) == (1, f"site.{check}@shop.test"), ran
    assert says in actual(ran, f"site.{check}@shop.test")
    assert mended.code == 0, mended
    assert [one for one in mended.changes if "shop.test_" not in one] == []


def test_new_worker_that_dies_leaves_nothing(host: Host, project: Path, first: RunResult) -> None:
    assert first.code == 0, first
    more = 'workers: {missing: {command: /usr/bin/missing}, queue: {command: "php work.php %i", instances: 3, stop_timeout: 10}}'
    (project / "site.yml").write_text(re.sub("workers: {queue.*", more, PLAYBOOK))
    ran = deploy(host, project)
    (project / "site.yml").write_text(PLAYBOOK)
    assert (ran.code, ran.host["culprit"]["id"], ran.host["undone"]) == (1, "site.worker@shop.test", True), ran
    assert "missing@1.service ends" in actual(ran, "site.worker@shop.test")
    assert "bin/missing" in evidence(ran, "site.worker@shop.test")
    assert host.lampctl("plan", "HOST", "-p", "site.yml", cwd=project).changes == {}
    left = "cat /var/lib/lampctl/owned/*; ls /etc/systemd/system/*.wants; systemctl list-units --all 'lampctl-worker*'"
    assert [word for word in host.sh(left).split() if "missing" in word or "queue@3" in word] == []


def test_worker_of_another_release_fails_the_check(host: Host, project: Path, first: RunResult) -> None:
    """Also if the link was changed by hand: start time and directory of the process are compared with what is served."""
    assert first.code == 0, first
    served = released(host)
    host.sh(
        "cd /var/www/shop.test; old=$(ls releases | grep -v "
        + served
        + " | head -n 1); ln -sfn releases/$old current.x; mv -T current.x current"
    )
    ran = host.lampctl("check", "HOST", "-p", "site.yml", cwd=project)
    assert ran.results["site.worker@shop.test"] == "fail", ran
    assert deploy(host, project).code == 0


@pytest.mark.parametrize(
    ("calendar", "code", "why"),
    [
        ("Mon..Xyz 03:00", 2, "site.yml"),
        ("2020-01-01", 1, "it lies in the past"),
        ("*-*-40", 1, "can't read it"),
    ],
)
def test_impossible_calendar_is_refused_before_anything_changes(
    host: Host, project: Path, first: RunResult, calendar: str, code: int, why: str
) -> None:
    assert first.code == 0, first
    before = host.sh("ls /var/lib/lampctl/generations")
    (project / "site.yml").write_text(PLAYBOOK.replace("0 3 1 * mon", calendar))
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=project)
    (project / "site.yml").write_text(PLAYBOOK)
    assert ran.code == code, ran
    assert why in ran.out + ran.err
    assert host.sh("ls /var/lib/lampctl/generations") == before


def test_workers_of_a_renamed_site_move_with_it(host: Host, project: Path, first: RunResult) -> None:
    """The former ones stop before the tables move: they would make them again in the former database."""
    assert first.code == 0, first
    (project / "site.yml").write_text(PLAYBOOK.replace("shop.test:", "store.test:\n    renamed_from: shop.test"))
    ran = deploy(host, project)
    assert ran.code == 0, ran
    units = "systemctl list-units --all --plain --no-legend 'lampctl-worker*queue*' 'lampctl-schedule*.timer' | cut -d ' ' -f 1"
    assert host.sh(units).split() == [
        *(f"lampctl-worker-store.test_queue@{n}.service" for n in (1, 2)),
        *(f"lampctl-schedule-store.test_{one}.timer" for one in ("night", "tick")),
    ]
    assert host.sh("mariadb -N -e 'SHOW TABLES IN store_test'") == "jobs\n"
    assert host.sh("mariadb -N -e 'SHOW TABLES IN shop_test'") == ""
    assert host.lampctl("plan", "HOST", "-p", "site.yml", cwd=project).changes == {}


def test_removed_workers_and_schedules_are_stopped_and_gone(host: Host, project: Path, first: RunResult) -> None:
    assert first.code == 0, first
    renamed = PLAYBOOK.replace("shop.test:", "store.test:")
    text = renamed.replace("instances: 2, ", "").replace(
        '      night: {every: "0 3 1 * mon", command: bin/night}\n', ""
    )
    (project / "site.yml").write_text(text)
    ran = deploy(host, project)
    assert ran.code == 0, ran
    assert ran.changes["service:lampctl-worker-store.test_queue@2.service"] == "stop"
    assert ran.changes["service:lampctl-schedule-store.test_night.timer"] == "stop"
    none = [line for line in text.splitlines() if not line.strip().startswith(("workers", "schedule", "tick"))]
    (project / "site.yml").write_text("\n".join(none) + "\n")
    ran = deploy(host, project)
    assert ran.code == 0, ran
    left = "systemctl list-units --all --plain --no-legend 'lampctl-worker*' 'lampctl-schedule*'; find /etc/systemd -name 'lampctl-[ws][oc]*'"
    assert host.sh(left) == ""
    assert host.lampctl("plan", "HOST", "-p", "site.yml", cwd=project).changes == {}


def test_schedules_run_on_the_first_host_only(host: Host, boxes: Boxes, project: Path, release: str) -> None:
    second = Host(boxes.up(f"second-{release}", release), boxes)
    (project / "two.yml").write_text(TWO.format(host.box.name, second.box.name))
    ran = host.lampctl("deploy", "-p", "two.yml", cwd=project)
    timers = "systemctl list-units --plain --no-legend 'lampctl-schedule-two.test*.timer' | cut -d ' ' -f 1"
    workers = "systemctl is-active lampctl-worker-two.test_mail@1 lampctl-worker-two.test_mail@2"
    found = [(one.sh(timers).split(), one.sh(workers).split()) for one in (host, second)]
    alone = second.lampctl("plan", "HOST", "-p", "two.yml", cwd=project)
    boxes.down(second.box.name)
    assert ran.code == 0, ran
    each, once = (f"lampctl-schedule-two.test_{name}.timer" for name in ("each", "once"))
    assert found == [([each, once], ["active"] * 2), ([each], ["active"] * 2)]
    assert alone.changes == {}, "also in a run for the second alone"
