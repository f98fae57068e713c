"""Two hosts of one site: its hooks run on one of them, and a generated secret is the same on both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

PAGE = "<?php echo 'shop VERSION ', strlen(getenv('KEY'));"
LOG = "/var/www/shop.test/shared/log"
SECRET = "/etc/lampctl/secrets/env@shop.test@KEY.conf"
BOOK = """
hosts: [FIRST, SECOND]
php: {}
web: {}
sites:
  shop.test:
    source: shop
    shared: [log/]
    environment: {KEY: {secret: generate}}
    hooks:
      before_switch: ["sh note before; sh migrate", {command: sh note each, each: true}]
      after_switch: ["sh note after"]
    schedule: {night: {every: daily, command: /bin/true}}
    basic_auth: {ann: {secret: generate}}
    probe: {expect: shop VERSION 32}
"""
AWAY, BACK = "systemctl stop ssh.socket ssh 2>/dev/null", "systemctl start ssh"  # to lampctl, it can't be reached
NOTE = 'echo "$1 VERSION $(date +%s%N)" >> log/ran\n'


class Two:
    """The hosts, and deploys of the application's versions."""

    def __init__(self, first: Host, second: Host, folder: Path) -> None:
        self.first, self.second, self.folder = first, second, folder
        self.hosts = {first.box.name: first, second.box.name: second}

    def run(self, version: str, command: str = "deploy", *hosts: str, migrate: str = "true") -> tuple[RunResult, Any]:
        """The run, and the documents of its hosts."""
        texts = {"index.php": PAGE, "note": NOTE, "migrate": f"{migrate} # VERSION\n"}
        for name, text in texts.items():
            (self.folder / "shop").mkdir(exist_ok=True)
            (self.folder / "shop" / name).write_text(text.replace("VERSION", version))
        book = BOOK.replace("FIRST", self.first.box.name).replace("SECOND", self.second.box.name)
        (self.folder / "site.yml").write_text(book.replace("VERSION", version))
        ran = self.first.lampctl(command, *hosts, "-p", "site.yml", "--timeout", "5", cwd=self.folder)
        return ran, json.loads(ran.out)["hosts"]

    def deployed(self, version: str) -> None:
        ran, _ = self.run(version)
        assert ran.code == 0, ran.out

    def ran(self, host: Host, version: str) -> list[str]:
        """The hooks that ran on a host for a version."""
        rows = [line.split() for line in host.sh(f"cat {LOG}/ran 2>/dev/null || :").splitlines()]
        return [row[0] for row in rows if row[1] == version]

    def when(self, host: Host, hook: str, version: str) -> int:
        return int(host.sh(f"sed -n 's/^{hook} {version} //p' {LOG}/ran"))

    def values(self, name: str = "env@shop.test@KEY") -> list[str]:
        return [one.sh(f"cat /etc/lampctl/secrets/{name}.conf").rpartition("= ")[2] for one in self.hosts.values()]


@pytest.fixture(scope="module")
def two(
    host: Host, boxes: Boxes, release: str, deployed: tuple[str, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Two]:
    second = Host(boxes.up(f"second-{release}", release, snapshot=deployed[0]), boxes)
    found = Two(host, second, tmp_path_factory.mktemp("group"))
    found.deployed("one")
    yield found
    boxes.down(second.box.name)


def test_hooks_run_on_the_first_host_before_and_after_the_others_switch(two: Two) -> None:
    assert (two.ran(two.first, "one"), two.ran(two.second, "one")) == (["before", "each", "after"], ["each"])
    switched = [int(float(one.sh("stat -c %.Z /var/www/shop.test/current")) * 1e9) for one in two.hosts.values()]
    assert two.when(two.first, "before", "one") < switched[0] < two.when(two.second, "each", "one") < switched[1]
    assert switched[1] < two.when(two.first, "after", "one")


def test_second_deploy_has_nothing_to_do_and_the_schedule_is_on_the_first_host(two: Two) -> None:
    ran, parts = two.run("one")
    assert ran.code == 0, ran.out
    assert [part["changes"] for part in parts] == [[], []]
    assert max(part["round_trips"] for part in parts) <= 4
    checks = [{result["id"] for result in part["results"]} for part in parts]
    assert ["site.schedule@shop.test" in found for found in checks] == [True, False]
    timers = [one.sh("ls /etc/systemd/system/*.timer 2>/dev/null || :").count("night") for one in two.hosts.values()]
    assert timers == [1, 0]


def test_generated_secrets_are_alike_and_shown_nowhere(two: Two) -> None:
    for name in ("env@shop.test@KEY", "login@shop.test@ann"):
        first, second = two.values(name)
        assert first == second
        assert len(first.strip().strip('"')) == 32
    value = two.values()[0].strip().strip('"')
    ran, _ = two.run("one", "plan")
    assert value not in ran.out + ran.err
    for one in two.hosts.values():
        assert one.sh(f"grep -rlF {value} /var/lib/lampctl /var/log /tmp || :") == ""


def test_others_do_not_switch_if_the_hooks_of_the_first_fail(two: Two) -> None:
    ran, (first, second) = two.run("broken", migrate="exit 3")
    assert (ran.code, first["error"]["kind"], second["error"]["kind"]) == (1, "hook", "first-host"), ran.out
    assert two.first.box.name in second["error"]["message"]
    assert (second["applied"], second["changes"]) == (False, [])
    assert (two.ran(two.first, "broken"), two.ran(two.second, "broken")) == (["before"], [])
    two.deployed("one")


def test_next_host_runs_the_hooks_and_they_do_not_run_again_when_the_first_is_back(two: Two) -> None:
    two.first.sh(AWAY)
    ran, (first, second) = two.run("three")
    assert (ran.code, first["applied"], second["ok"]) == (3, False, True), ran.out
    assert two.ran(two.second, "three") == ["before", "each", "after"]
    two.first.sh(BACK)
    two.deployed("three")
    assert (two.ran(two.first, "three"), two.ran(two.second, "three")) == (["each"], ["before", "each", "after"])
    for name in two.hosts:
        ran, (alone,) = two.run("three", "check", name)
        assert ran.code == 0, alone


def test_host_that_was_away_is_deployed_without_the_hooks(two: Two) -> None:
    two.second.sh(AWAY)
    ran, (first, _) = two.run("four")
    assert (ran.code, first["ok"]) == (3, True), ran.out
    two.second.sh(BACK)
    two.deployed("four")
    assert (two.ran(two.first, "four"), two.ran(two.second, "four")) == (["before", "each", "after"], ["each"])


def test_lost_secret_comes_from_the_other_host_and_two_values_are_refused(two: Two) -> None:
    value = two.values()[0]
    two.first.sh(f"rm {SECRET}")
    two.deployed("four")
    assert two.values() == [value, value]
    two.second.sh(f'sed -i \'s/= ".*"/= "{"a" * 32}"/\' {SECRET}')
    for command in ("plan", "deploy"):
        ran, (first, second) = two.run("five", command)
        assert (ran.code, first["error"], second["error"]["kind"]) == (1, None, "secret-differs"), ran.out
    assert two.values() == [value, value.replace(value.strip().strip('"'), "a" * 32)]
    assert two.ran(two.second, "five") == []
    two.second.sh(f"mv {SECRET} /root/")
    ran, (alone,) = two.run("five", "deploy", two.second.box.name)
    assert (ran.code, alone["error"]["kind"], alone["applied"]) == (1, "first-host", False), ran.out
    two.deployed("five")
    assert two.values() == [value, value]
