"""An extension's kind, layer and site type on a host: deployed, proved, broken, healed and retired."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.extension import installed, lampctl
from tests.hosts.conftest import HOME, ON_ONE_RELEASE, Host, RunResult

pytestmark = pytest.mark.hosts

LAYER = "memcached: {memory: 32}\n"
SITE = "  old.test: {type: redirect, to: 'https://www.example.com/new'}\n"
BOOK = "extends: lamp\nsites:\n  lamp.test: {default: true, database: true}\n"


@dataclass(frozen=True)
class Project:
    """A playbook, and lampctl with the extension on the host."""

    host: Host
    folder: Path
    server: str
    env: dict[str, str]

    def write(self, text: str) -> None:
        (self.folder / "lamp.yml").write_text(text)  # replaces the playbook that deployed the host

    def run(self, command: str) -> RunResult:
        config = str(self.host.boxes.ssh_config)
        options = ("-p", "lamp.yml", "--set", f"web.server={self.server}", "-F", config, "--format", "json")
        done = lampctl(command, self.host.box.name, *options, env=self.env, cwd=self.folder)
        return RunResult(done.returncode, done.stdout, done.stderr)


@ON_ONE_RELEASE
@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_extension_is_deployed_proved_and_retired(host: Host, tmp_path: Path, server: str) -> None:
    project = Project(host, tmp_path, server, installed(tmp_path / "site") | {"LAMPCTL_BOX_HOME": str(HOME)})
    _is_deployed(project)
    _is_checked_and_healed(project)
    _is_retired(project)


def _is_deployed(project: Project) -> None:
    project.write(LAYER + BOOK + SITE)
    assert {"group:cache-users", "file:/etc/memcached.conf"} <= project.run("plan").changes.keys()
    first = project.run("deploy")
    assert first.code == 0, first
    ids = list(first.results)
    own = ("memcached.answer", "site.redirect@old.test", "site.answer@old.test", "site.outside@old.test")
    assert {first.results[id] for id in own} == {"pass"}
    assert ids.index("memcached.answer") < ids.index("php.service")
    assert "cache-users" in project.host.sh("getent group cache-users")
    assert project.run("plan").changes == {}


def _is_checked_and_healed(project: Project) -> None:
    project.host.sh("systemctl stop memcached")
    broken = project.run("check")
    hops = (broken.results["memcached.service"], broken.results["memcached.answer"])
    assert (broken.code, *hops) == (1, "fail", "blocked"), broken
    assert broken.host["culprit"]["id"] == "memcached.service"
    assert project.run("deploy").code == 0


def _is_retired(project: Project) -> None:
    project.write(BOOK)
    last = project.run("deploy")
    assert last.code == 0, last
    host = project.host
    assert host.sh("getent group cache-users", check=False) == ""
    assert host.sh("ls /etc/*/sites-enabled /etc/memcached.conf").count("old.test") == 0
    assert "Managed by lampctl" not in host.sh("cat /etc/memcached.conf")
    assert project.run("plan").changes == {}
