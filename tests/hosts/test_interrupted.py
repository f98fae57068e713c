"""Runs that die half-way: the site keeps working, and the next run repairs the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.conftest import HOME, ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

# Waits until a generation's files are handed over, then ends the whole run on the host without a word.
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
    assert (ran.code, ran.host["error"]["kind"]) == (1, "died")
    assert host.works()
    healed = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=210M")
    assert healed.code == 0, healed.out
    assert "210M" in host.sh(f"grep memory_limit {POOL}")
    assert host.lampctl("plan", "HOST", "--set", "php.memory_limit=210M").changes == {}
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.sh("ls -d /run/lampctl.* 2>/dev/null || :") == ""


def test_killed_controller_leaves_a_complete_host(host: Host) -> None:
    """What had begun on the host goes on to its end there."""
    argv = [str(Path(sys.executable).parent / "lampctl"), "deploy", host.box.name, "--set", "php.memory_limit=200M"]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    ) as process:
        assert process.stdout
        process.stdout.readline()  # its first step is done
        process.send_signal(signal.SIGKILL)
    host.sh("flock /var/lib/lampctl/lock true; while ls -d /run/lampctl.*; do :; done 2>/dev/null")
    assert "200M" in host.sh(f"grep memory_limit {POOL}")
    assert host.works()
    assert host.lampctl("check", "HOST", "--set", "php.memory_limit=200M").code == 0
    assert host.lampctl("deploy", "HOST").code == 0


def start(host: Host, *args: str) -> subprocess.Popen[str]:
    argv = [str(Path(sys.executable).parent / "lampctl"), "deploy", host.box.name, *args, "-q"]
    environment = {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def test_power_cut_in_the_middle(host: Host, release: str) -> None:
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


def test_two_at_the_same_time(host: Host) -> None:
    """Each succeeds, or finds the other's lock; the host is left as one of them wanted it."""
    with start(host, "--set", "php.memory_limit=200M") as one, start(host, "--set", "php.memory_limit=210M") as other:
        said = one.communicate(timeout=200)[0] + other.communicate(timeout=200)[0]
    assert sorted((one.returncode, other.returncode)) in ([0, 0], [0, 4]), said
    assert host.sh(f"grep -c 'memory_limit. = 2[01]0M' {POOL}").strip() == "1"
    assert host.works()
    assert host.lampctl("deploy", "HOST").code == 0


def test_another_run_that_is_about_to_ask_for_the_lock_keeps_its_files(host: Host) -> None:
    host.sh(
        "mkdir /run/lampctl.alive /run/lampctl.dead; echo 1 > /run/lampctl.alive/keep; sh -c 'echo $$' > /run/lampctl.dead/keep"
    )
    assert host.lampctl("deploy", "HOST", "--set", "php.memory_limit=200M").code == 0
    left = host.sh("ls -d /run/lampctl.*").split()
    host.sh("rm -r /run/lampctl.alive")
    assert left == ["/run/lampctl.alive"]
    assert host.lampctl("deploy", "HOST").code == 0


def test_connection_lost_during_the_checks_leaves_no_probe(host: Host) -> None:
    """The site's PHP does not answer until then: the checks last as long as it takes to cut them off."""
    php = "systemctl kill -s {} 'lampctl-php*-lamp.test.service'"
    host.sh("echo 'until ls /run/lampctl.*/out/*.ns; do :; done; pkill -9 -f sshd.*root@notty' > /root/cut;"
            f"{php.format('STOP')}; nohup sh /root/cut >/dev/null 2>&1 </dev/null &")  # fmt: skip
    ran = host.lampctl("check", "HOST")
    host.sh(php.format("CONT"))
    assert (ran.code, ran.host["error"]["kind"]) == (3, "connection-lost"), ran.out
    host.sh("while ls -d /run/lampctl.* /var/www/*/lampctl-probe*; do :; done 2>/dev/null")
    assert host.lampctl("check", "HOST").code == 0


def test_plan_that_is_declined_changes_nothing(host: Host) -> None:
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
