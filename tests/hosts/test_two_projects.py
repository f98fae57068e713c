"""Two projects on one host that call their playbook site.yml, and what differs from a playbook."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts import visitor
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]


def project(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "site.yml").write_text(f"extends: lamp\nmysql: null\n{text}")
    return folder


def deploy(host: Host, folder: Path, *args: str, command: str = "deploy") -> RunResult:
    return host.lampctl(command, "HOST", "-p", "site.yml", *args, cwd=folder)


def status(host: Host, site: str) -> int:
    request = f"GET / HTTP/1.1\r\nHost: {site}\r\nConnection: close\r\n\r\n"
    return int(visitor.send(host.box.address, request.encode()).split(" ", 2)[1])


def test_projects_with_the_same_file_name_leave_each_other_alone(host: Host, tmp_path: Path) -> None:
    one = project(tmp_path / "one", "sites: {one.test: {type: static}}\n")
    other = project(tmp_path / "other", "sites: {other.test: {type: static}}\n")
    for folder in (one, other, one):
        assert (ran := deploy(host, folder)).code == 0, ran.out
    assert deploy(host, other, command="plan").changes == {}
    assert (status(host, "one.test"), status(host, "other.test")) == (200, 200)
    assert host.works()
    # A site that its own playbook no longer wants goes, and only that.
    project(tmp_path / "one", "sites: {one.test: {type: static}, more.test: {type: static}}\n")
    assert deploy(host, one).code == 0
    project(tmp_path / "one", "sites: {more.test: {type: static}}\n")
    gone = [change for change in deploy(host, one, command="plan").host["changes"] if change["action"] == "delete"]
    assert gone
    assert all("one.test" in change["resource"] and "made by the playbook site" in change["diff"] for change in gone)
    assert deploy(host, one).code == 0
    assert (status(host, "other.test"), status(host, "more.test")) == (200, 200)
    assert host.works()


def test_playbook_with_an_id_is_renamed_and_taken_over(host: Host, tmp_path: Path) -> None:
    mine = project(tmp_path / "mine", "id: mine-1\nsites: {first.test: {type: static}}\n")
    assert deploy(host, mine).code == 0
    (mine / "site.yml").rename(mine / "renamed.yml")
    assert host.lampctl("plan", "HOST", "-p", "renamed.yml", cwd=mine).changes == {}
    heir = project(tmp_path / "heir", "id: heir-1\nsites: {first.test: {type: static}}\n")
    refused = deploy(host, heir)
    assert (refused.code, refused.host["error"]["kind"]) == (1, "other-playbook"), refused
    assert "--take-over '@mine-1'" in refused.host["error"]["hint"]
    assert deploy(host, heir, "--take-over", "@mine-1").code == 0
    assert deploy(host, heir, command="plan").changes == {}
    project(tmp_path / "heir", "id: heir-1\nsites: {second.test: {type: static}}\n")
    assert deploy(host, heir).code == 0
    assert status(host, "second.test") == 200
    assert host.sh("ls /etc/apache2/sites-enabled").find("first.test") == -1
    assert host.works()


DRIFTS = [
    ("chmod 711 /var/lib/php/lampctl/lamp.test", "state.lamp.test"),
    ("sed -i 's/nosniff/sniff/' /etc/apache2/sites-available/lamp.test.conf", "web.service"),
    ("rm /etc/apt/apt.conf.d/60lampctl-php", "state.php"),
    ("mysql -e \"DROP USER 'lamp_test'@'localhost'\"", "mysql.login@lamp.test"),
]


@pytest.mark.parametrize(("damage", "culprit"), DRIFTS)
def test_check_compares_the_host_with_its_playbook(host: Host, damage: str, culprit: str) -> None:
    assert host.lampctl("deploy", "HOST").code == 0
    host.sh(damage)
    ran = host.lampctl("check", "HOST")
    assert (ran.code, ran.host["culprit"]["id"]) == (1, culprit), ran.out
    states = [result for result in ran.host["results"] if result["id"].startswith("state.")]
    assert states
    assert all("lampctl plan shows them" in result["actual"] for result in states)
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.lampctl("check", "HOST").code == 0
