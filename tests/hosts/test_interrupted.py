"""Runs that die half-way: the site keeps working, and the next run completes the deploy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import HOME, ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

# Waits until a generation's files are swapped in, then kills the whole run on the host.
KILLER = r"""
last=$(cat /var/lib/lampctl/generation)
until [ -e /var/lib/lampctl/generations/$((last + 1))/undo.sh ]; do :; done
pid=$(sed 's/.*process \([0-9]*\) on the host/\1/' /var/lib/lampctl/lock)
kill -9 "-$pid"
"""
POOL = "/etc/lampctl/php/*/lamp.test.conf"


def test_run_that_is_killed_on_the_host_is_healed(host: Host) -> None:
    host.sh(f"cat > /root/killer <<'END'\n{KILLER}\nEND\nnohup sh /root/killer >/dev/null 2>&1 </dev/null &")
    ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=200M")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "died"), ran
    assert host.works()
    healed = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=210M")
    assert healed.code == 0, healed
    assert "210M" in host.sh(f"grep memory_limit {POOL}")
    assert host.lampctl("plan", "HOST", "--set", "php.memory_limit=210M").changes == {}
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.sh("ls -d /run/lampctl.* 2>/dev/null || :") == ""


def test_killed_controller_leaves_a_complete_host(host: Host) -> None:
    """The run on the host continues to its end, and stays because the page answers."""
    argv = [str(Path(sys.executable).parent / "lampctl"), "deploy", host.box.name, "--set", "php.memory_limit=200M"]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    ) as process:
        assert process.stdout
        process.stdout.readline()  # the first step is done
        process.send_signal(signal.SIGKILL)
    host.sh("until pkill -x timeout; do :; done")  # as if the time for a verdict were over
    host.sh("flock /var/lib/lampctl/lock true; while ls -d /run/lampctl.*; do :; done 2>/dev/null")
    assert "200M" in host.sh(f"grep memory_limit {POOL}")
    assert host.works()
    assert host.lampctl("check", "HOST", "--set", "php.memory_limit=200M").code == 0
    assert host.lampctl("deploy", "HOST").code == 0


# Ends the run, as a power cut does, when the old server is disabled.
AT_SWITCH = r"""
while systemctl is-enabled -q apache2; do :; done
kill -9 "-$(sed 's/.*process \([0-9]*\) on the host/\1/' /var/lib/lampctl/lock)"
"""


def test_power_cut_during_a_switch_of_server_boots_into_a_site(host: Host) -> None:
    host.sh(f"cat > /root/killer <<'END'\n{AT_SWITCH}\nEND\nnohup sh /root/killer >/dev/null 2>&1 </dev/null &")
    assert host.lampctl("deploy", "HOST", "--set", "web.server=nginx").host["error"]["kind"] == "died"
    host.boxes.cut(host.box.name)
    host.boxes.up(host.box.name)
    assert host.works()
    assert host.lampctl("deploy", "HOST", "--set", "web.server=nginx").code == 0
    assert host.lampctl("deploy", "HOST").code == 0


def start(host: Host, *args: str) -> subprocess.Popen[str]:
    argv = [str(Path(sys.executable).parent / "lampctl"), "deploy", host.box.name, *args, "-q"]
    environment = {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def test_power_cut_during_a_deploy_is_healed(host: Host, release: str) -> None:
    generations = host.box.directory / "root/var/lib/lampctl/generations"
    last = int(host.sh("cat /var/lib/lampctl/generation"))
    with start(host, "--set", "php.memory_limit=200M") as process:
        while not (generations / f"{last + 1}/undo.sh").exists():
            assert process.poll() is None
        host.boxes.cut(host.box.name)
        code = process.wait(timeout=60)
    again = host.boxes.up(host.box.name, release)
    assert code == 3
    assert again.address == host.box.address
    assert host.works()
    assert host.lampctl("deploy", "HOST", "--set", "php.memory_limit=210M").code == 0
    assert host.lampctl("deploy", "HOST").code == 0


def test_data_directory_that_a_power_cut_left_half_made_is_set_aside(boxes: Boxes, release: str) -> None:
    """MariaDB's package makes it; what it wrote last is lost. It has no data, so the next deploy makes it again."""
    host = Host(boxes.up(f"half-{release}", release), boxes)
    data = host.box.directory / "root/var/lib/mysql"
    try:
        with start(host) as process:
            while not (data / "ib_logfile0").exists():
                assert process.poll() is None
                time.sleep(0.001)  # it is polled: a file does not wake its reader
            boxes.cut(host.box.name)
            process.communicate(timeout=60)
        for path in data.glob("ib*"):
            os.truncate(path, 4096)
        boxes.up(host.box.name, release)
        ran = host.lampctl("deploy", "HOST")
        assert ran.code == 0, ran
        assert set(ran.results.values()) == {"pass"}
        assert host.lampctl("plan", "HOST").changes == {}
        assert host.sh("ls -d /var/lib/mysql.incomplete-*").split()
    finally:
        boxes.down(host.box.name)


def test_two_deploys_at_the_same_time_do_not_mix(host: Host) -> None:
    """Each succeeds or finds the other's lock; the host ends in the state that one of them wanted."""
    with start(host, "--set", "php.memory_limit=200M") as one, start(host, "--set", "php.memory_limit=210M") as other:
        output = one.communicate(timeout=200)[0] + other.communicate(timeout=200)[0]
    assert sorted((one.returncode, other.returncode)) in ([0, 0], [0, 4]), output
    assert host.sh(f"grep -c 'memory_limit. = 2[01]0M' {POOL}").strip() == "1"
    assert host.works()
    assert host.lampctl("deploy", "HOST").code == 0


def test_leftovers_of_dead_runs_are_removed_and_files_of_live_runs_kept(host: Host) -> None:
    host.sh(
        "mkdir /run/lampctl.alive /run/lampctl.dead; echo 1 > /run/lampctl.alive/keep; sh -c 'echo $$' > /run/lampctl.dead/keep"
    )
    assert host.lampctl("deploy", "HOST", "--set", "php.memory_limit=200M").code == 0
    left = host.sh("ls -d /run/lampctl.*").split()
    host.sh("rm -r /run/lampctl.alive")
    assert left == ["/run/lampctl.alive"]
    assert host.lampctl("deploy", "HOST").code == 0


@contextmanager
def during_checks(host: Host, script: str) -> Iterator[None]:
    """Run a script on the host once checks have begun; the site's PHP does not answer, so they still run by then."""
    php = "systemctl kill -s {} 'lampctl-php*-lamp.test.service'"
    host.sh(f"echo 'until ls /run/lampctl.*/out/*.ns; do :; done; {script}' > /root/cut;"
            f"{php.format('STOP')}; nohup sh /root/cut >/dev/null 2>&1 </dev/null &")  # fmt: skip
    try:
        yield
    finally:
        host.sh(php.format("CONT"))


def test_lost_connection_during_checks_leaves_no_probe(host: Host) -> None:
    with during_checks(host, "pkill -9 -f sshd.*root@notty"):
        ran = host.lampctl("check", "HOST")
    assert (ran.code, ran.host["error"]["kind"]) == (3, "connection-lost"), ran.out
    host.sh("while ls -d /run/lampctl.* /var/www/*/lampctl-probe*; do :; done 2>/dev/null")
    assert host.lampctl("check", "HOST").code == 0


def test_next_check_removes_the_probes_of_a_killed_one(host: Host) -> None:
    with during_checks(host, 'pkill -9 -f "^sh ./main"'):
        assert host.lampctl("check", "HOST").host["error"]["kind"] == "died"
    left = "find /var/www -name 'lampctl-probe*'"
    assert host.sh(left).strip()
    assert host.lampctl("check", "HOST").code == 0
    assert host.sh(f"{left}; ls /var/lib/lampctl/probes").strip() == ""


def test_declined_plan_changes_nothing(host: Host) -> None:
    argv = [
        str(Path(sys.executable).parent / "lampctl"),
        "deploy",
        host.box.name,
        "--ask",
        "--set",
        "php.memory_limit=200M",
    ]
    done = subprocess.run(
        argv,
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LAMPCTL_BOX_HOME": str(HOME)},
    )
    assert done.returncode == 1
    assert "+php_value[memory_limit] = 200M" in done.stdout
    assert host.lampctl("plan", "HOST").changes == {}
