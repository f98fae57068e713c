"""Reports on a real host as their consumers read them, smoke checks, and waiting for sshd."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]
FORMATS = ("text", "junit", "tap", "github", "prometheus", "nagios", "html")


def test_passing_host_in_every_format(host: Host, tmp_path: Path) -> None:
    files = {format: tmp_path / f"report.{format}" for format in FORMATS}
    ran = host.lampctl("check", "HOST", *(w for name, file in files.items() for w in ("--format", f"{name}:{file}")))
    assert ran.code == 0, ran
    reports = {name: file.read_text() for name, file in files.items()}
    total = len(ran.results)
    suites = JUnitXml.fromfile(str(files["junit"]))
    assert (suites.tests, suites.failures, suites.errors) == (total, 0, 0)
    assert f"1..{total}\n" in reports["tap"]
    assert reports["nagios"].startswith(f"LAMPCTL OK - {host.box.name}: {total} of {total} checks pass | ")
    assert reports["github"] == ""
    assert f"{total} of {total} checks pass" in reports["text"]
    assert f"{total} of {total} checks pass" in reports["html"]
    subprocess.run(["promtool", "check", "metrics"], input=reports["prometheus"], text=True, check=True)


def test_culprit_in_every_format(host: Host, tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("extends: lamp\nweb:\n  server: apache\n")
    host.sh("systemctl stop apache2")
    files = {format: tmp_path / f"report.{format}" for format in FORMATS}
    ran = host.lampctl(
        "check", "HOST", "-p", "site.yml", *(w for name, file in files.items() for w in ("--format", f"{name}:{file}")),
        cwd=tmp_path,
    )  # fmt: skip
    host.sh("systemctl start apache2")
    assert ran.code == 1, ran
    reports = {name: file.read_text() for name, file in files.items()}
    assert reports["github"].startswith(f"::error file=site.yml,line=2,title={host.box.name}%3A web.service::")
    assert reports["nagios"].startswith(f"LAMPCTL CRITICAL - {host.box.name}: web.service: ")
    assert f"- {host.box.name}: web.service - " in reports["tap"]
    assert JUnitXml.fromfile(str(files["junit"])).failures >= 1
    subprocess.run(["promtool", "check", "metrics"], input=reports["prometheus"], text=True, check=True)


def test_smoke_of_a_running_and_of_a_stopped_site(host: Host) -> None:
    url = f"http://{host.box.address}/"
    argv = [str(Path(sys.executable).parent / "lampctl"), "smoke", url, "--expect", "database lamp_test on", "--format"]
    done = subprocess.run([*argv, "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert [r["id"] for r in json.loads(done.stdout)["hosts"][0]["results"]][1:] == ["http.status", "http.body"]
    host.sh("systemctl stop apache2")
    done = subprocess.run([*argv, "nagios"], capture_output=True, text=True, check=False)
    host.sh("systemctl start apache2")
    assert (done.returncode, f"{url}: tcp.connect@" in done.stdout) == (2, True)


def test_wait_option_waits_for_sshd(host: Host) -> None:
    host.sh("systemctl stop ssh.socket ssh 2>/dev/null || systemctl stop ssh")
    assert host.lampctl("check", "HOST").code == 3
    host.sh("systemd-run -q --on-active=3 systemctl start ssh")
    assert host.lampctl("check", "HOST", "--wait", "30").code == 0
