"""A run belongs to its host: its journal, its verdict when nobody is there, and stopping it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from tests.hosts.conftest import HOME, ON_ONE_RELEASE, Host
from tests.hosts.overrides import original, template

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

LAMPCTL = str(Path(sys.executable).parent / "lampctl")
# Waits until a generation is applied and its host waits for the verdict.
APPLIED = "until ls /var/lib/lampctl/generations/*/awaiting; do :; done >/dev/null 2>&1"
RUNS = "/var/lib/lampctl/runs"
BEGUN = f"until find {RUNS} -name begun -newer /root/now | grep -q .; do :; done"  # a run, since /root/now was touched

# The installation of a package lasts as long as /root/hold exists.
APT, HOLD = "/etc/apt/apt.conf.d/zz-hold", 'DPkg::Pre-Invoke { "while [ -e /root/hold ]; do sleep 0.1; done"; };'


def breaking(tmp_path: Path) -> Path:
    """A project whose pool is valid to FPM, passes the rehearsal, because only there the file exists, and breaks PHP."""
    name, file = "php/pool.conf.j2", "/run/credentials/lampctl-rehearsal-0.service/fpm"
    return template(tmp_path, name, f"{original(name)}php_admin_value[auto_prepend_file] = {file}\n")


def start(host: Host, *args: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    argv = [LAMPCTL, "deploy", host.box.name, *args]
    return subprocess.Popen(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def follow(host: Host, command: str, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    argv = [LAMPCTL, command, host.box.name, *args]
    return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)


def history(host: Host) -> list[dict[str, object]]:
    return json.loads(host.lampctl("history", "HOST").out)["runs"]  # type: ignore[no-any-return]


def broken(host: Host) -> bool:
    with pytest.raises(urllib.error.HTTPError):
        host.works()
    return True


def test_host_rolls_back_what_nobody_checks(host: Host, tmp_path: Path) -> None:
    with start(host, cwd=breaking(tmp_path)) as process:
        host.sh(APPLIED)
        process.send_signal(signal.SIGKILL)
    assert broken(host)
    host.sh("pkill -x timeout; flock /var/lib/lampctl/lock true")  # as if its time were over
    assert host.works()
    assert history(host)[-1]["verdict"] == "abandoned"
    assert (host.lampctl("deploy", "HOST").code, host.lampctl("plan", "HOST").changes) == (0, {})


def test_power_cut_before_the_verdict_is_judged_by_the_next_run(host: Host, tmp_path: Path) -> None:
    """Without the broken template, and with another change: what is left is undone before it."""
    with start(host, cwd=breaking(tmp_path)) as process:
        host.sh(APPLIED)
        process.send_signal(signal.SIGKILL)
    host.boxes.cut(host.box.name)
    host.boxes.up(host.box.name)
    assert broken(host)
    ran = host.lampctl("deploy", "HOST", cwd=breaking(tmp_path / "again"))
    assert (ran.code, ran.host["undone"]) == (1, True), "the same bad change again"
    assert host.works()
    assert host.lampctl("deploy", "HOST").code == 0
    assert [run["verdict"] for run in history(host)[-2:]] == ["undone", "undone"]


def test_whatever_is_proved_is_recorded(host: Host, tmp_path: Path) -> None:
    """A run was cut off before its verdict, and a later one finds nothing to do: its bad successor is undone."""
    host.sh("cd /var/lib/lampctl; rm -f passed; echo 0 > proved")
    for command in ("check", "deploy"):
        host.sh("cd /var/lib/lampctl; rm -f passed")
        assert (ran := host.lampctl(command, "HOST")).code == 0, ran.out
        assert "site.php@lamp.test" in host.sh("cat /var/lib/lampctl/passed")
    ran = host.lampctl("deploy", "HOST", cwd=breaking(tmp_path))
    assert (ran.code, ran.host["undone"]) == (1, True), ran
    assert host.works()


def test_reader_that_has_gone_does_not_leave_a_bad_release(host: Host, tmp_path: Path) -> None:
    command = f"{LAMPCTL} deploy {host.box.name} | head -n 1"
    environment = {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    subprocess.run(command, shell=True, cwd=breaking(tmp_path), env=environment, check=True)
    assert host.works()
    assert history(host)[-1]["verdict"] == "undone"


def test_interrupt_stops_at_the_next_step_and_undoes(host: Host) -> None:
    before = host.sh("md5sum /etc/lampctl/php/*/*")
    host.sh(f"touch /root/now /root/hold; echo '{HOLD}' > {APT}")
    with start(host, "--set", 'php.extensions=["bcmath"]', "--set", "php.memory_limit=222M") as process:
        assert process.stdout
        host.sh(BEGUN)
        process.send_signal(signal.SIGINT)
        host.sh(f"timeout 60 sh -c 'until ls /run/lampctl.*/stop; do sleep 0.1; done'; rm /root/hold {APT}")
        output = process.stdout.read()
    assert process.returncode == 130, output
    assert "stopped, as you asked" in output
    assert host.works()
    assert host.sh("md5sum /etc/lampctl/php/*/*") == before
    assert history(host)[-1]["verdict"] in ("stopped", "undone")
    assert host.lampctl("deploy", "HOST").code == 0


def test_deploys_at_once_wait_for_each_other(host: Host) -> None:
    limits = [f"{200 + number}M" for number in range(6)]
    started = [start(host, "--set", f"php.memory_limit={limit}", "--wait", "200", "-q") for limit in limits]
    ended = [(process.communicate(timeout=250)[0], process.returncode) for process in started]
    assert [code for _, code in ended] == [0] * len(limits), ended
    assert host.works()
    assert [run["verdict"] for run in history(host)[-len(limits) :]] == ["proved"] * len(limits)
    assert host.lampctl("deploy", "HOST").code == 0


def test_run_is_followed_and_shown_again(host: Host) -> None:
    host.sh("touch /root/now")
    with start(host, "--set", "php.memory_limit=230M") as process:
        host.sh(BEGUN)
        attached = follow(host, "attach")
        output = process.communicate(timeout=100)[0]
    shown = follow(host, "history", str(history(host)[-1]["id"])[-4:])
    lines = [line for line in output.splitlines() if line.startswith(("✓", "✗"))]
    assert lines
    assert [line for line in shown.stdout.splitlines() if line.startswith(("✓", "✗"))] == lines
    assert [line for line in attached.stdout.splitlines() if line.startswith(("✓", "✗"))] == lines
    assert (attached.returncode, shown.returncode) == (0, 0)
    assert host.lampctl("attach", "HOST").code == 1
    assert host.lampctl("deploy", "HOST").code == 0


def test_journal_holds_the_last_runs_and_no_secret(host: Host) -> None:
    host.sh(f"for n in $(seq 10 70); do mkdir {RUNS}/20250110T0000$n; done")
    assert host.lampctl("deploy", "HOST", "--set", "php.memory_limit=240M").code == 0
    assert len(host.sh(f"ls {RUNS}").split()) <= 51
    assert host.sh(f"stat -c %a {RUNS}").strip() == "700"
    secret = re.search(r'= "(.{16,})"', host.sh("cat /etc/lampctl/secrets/*"))
    assert secret
    assert host.sh(f"grep -rlF {secret[1]} {RUNS} || :") == ""
    assert host.lampctl("deploy", "HOST").code == 0


def test_good_change_stays_when_the_controller_is_gone(host: Host) -> None:
    """Its page answers; what only the controller sees is proved by the next run, which has nothing to change."""
    with start(host, "--set", "php.memory_limit=250M") as process:
        host.sh(APPLIED)
        process.send_signal(signal.SIGKILL)
    host.sh("pkill -x timeout; flock /var/lib/lampctl/lock true")
    assert host.works()
    assert history(host)[-1]["verdict"] == "unproved"
    ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=250M")
    assert (ran.code, ran.changes) == (0, {}), ran
    assert host.sh("cat /var/lib/lampctl/proved") == host.sh("cat /var/lib/lampctl/generation")
    assert host.lampctl("deploy", "HOST").code == 0
