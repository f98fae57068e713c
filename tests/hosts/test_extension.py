"""A kind, a layer and a site type of another package, on a host: deployed, proved, found broken, healed and retired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.extension import installed, lampctl
from tests.hosts.conftest import HOME, ON_ONE_RELEASE, Host, Ran

pytestmark = pytest.mark.hosts

LAYER = "memcached: {memory: 32}\n"
SITE = "  old.test: {type: redirect, to: 'https://www.example.com/new'}\n"
BOOK = "extends: lamp\nsites:\n  lamp.test: {default: true, database: true}\n"


@ON_ONE_RELEASE
@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_extension_is_deployed_proved_and_retired(host: Host, tmp_path: Path, server: str) -> None:
    env = installed(tmp_path / "site") | {"LAMPCTL_BOX_HOME": str(HOME)}
    book = tmp_path / "lamp.yml"  # in the place of the playbook that made the host
    options = ("-p", str(book), "--set", f"web.server={server}", "-F", str(host.boxes.ssh_config), "--format", "json")

    def run(command: str) -> Ran:
        done = lampctl(command, host.box.name, *options, env=env, cwd=tmp_path)
        return Ran(done.returncode, done.stdout, done.stderr)

    book.write_text(LAYER + BOOK + SITE)
    assert {"group:cache-users", "file:/etc/memcached.conf"} <= run("plan").changes.keys()
    first = run("deploy")
    assert first.code == 0, first.out
    ids = list(first.results)
    assert {first.results[id] for id in ("memcached.answer", "site.redirect@old.test", "site.outside@old.test")} == {
        "pass"
    }
    assert ids.index("memcached.answer") < ids.index("php.service")
    assert "cache-users" in host.sh("getent group cache-users")
    assert run("plan").changes == {}

    host.sh("systemctl stop memcached")
    broken = run("check")
    assert (broken.code, broken.results["memcached.service"], broken.results["memcached.answer"]) == (
        1,
        "fail",
        "blocked",
    )
    assert json.loads(broken.out)["hosts"][0]["culprit"]["id"] == "memcached.service"
    assert run("deploy").code == 0

    book.write_text(BOOK)
    last = run("deploy")
    assert last.code == 0, last.out
    assert host.sh("getent group cache-users", check=False) == ""
    assert host.sh("ls /etc/*/sites-enabled /etc/memcached.conf").count("old.test") == 0
    assert "Managed by lampctl" not in host.sh("cat /etc/memcached.conf")
    assert run("plan").changes == {}
