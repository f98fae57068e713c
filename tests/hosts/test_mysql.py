"""Oracle's MySQL in place of MariaDB, on sid, the only Debian that has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import Host, RunResult
from tests.hosts.overrides import original, template

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def sid(boxes: Boxes) -> Iterator[Host]:
    yield Host(boxes.up("mysql-sid", "sid"), boxes)
    boxes.down("mysql-sid")


@pytest.fixture(scope="module")
def first(sid: Host) -> RunResult:
    return sid.lampctl("deploy", "HOST", "-p", "mysql")


def test_every_hop_is_proved_and_a_second_plan_is_empty(sid: Host, first: RunResult) -> None:
    assert first.code == 0, first
    assert set(first.results.values()) == {"pass"}
    assert first.results["site.database@lamp.test"] == "pass"
    assert sid.works()
    assert sid.lampctl("plan", "HOST", "-p", "mysql").changes == {}


def test_login_with_caching_sha2_password_is_checked(sid: Host, first: RunResult) -> None:
    """Also with an empty cache: the client then has to send the password encrypted."""
    assert first.code == 0, first
    assert sid.sh("mysql -NBe \"SELECT plugin FROM mysql.user WHERE user = 'lamp_test'\"").strip() == (
        "caching_sha2_password"
    )
    sid.sh("mysql -e 'FLUSH PRIVILEGES'")
    assert sid.lampctl("check", "HOST", "-p", "mysql").code == 0
    sid.sh("mysql -e 'FLUSH PRIVILEGES'")
    assert sid.works()


def test_changed_password_is_the_culprit_and_is_reset(sid: Host, first: RunResult) -> None:
    assert first.code == 0, first
    sid.sh("mysql -e \"ALTER USER lamp_test@localhost IDENTIFIED BY 'other'\"")
    ran = sid.lampctl("check", "HOST", "-p", "mysql")
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "mysql.login@lamp.test"), ran
    assert ran.results["site.database@lamp.test"] == "blocked"
    ran = sid.lampctl("deploy", "HOST", "-p", "mysql")
    assert (ran.code, ran.changes) == (0, {"database-user:lamp_test@localhost": "update"}), ran


def test_invalid_setting_is_refused_by_mysqls_own_validation(sid: Host, first: RunResult, tmp_path: Path) -> None:
    assert first.code == 0, first
    text = original("mysql/server.cnf.j2") + "no_such_variable = 1\n"
    ran = sid.lampctl("deploy", "HOST", "-p", "mysql", cwd=template(tmp_path, "mysql/server.cnf.j2", text))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "invalid"), ran
    assert "no_such_variable" in ran.host["error"]["evidence"]
    assert sid.lampctl("plan", "HOST", "-p", "mysql").changes == {}


def test_site_on_another_host_logs_in_with_tls_and_password(sid: Host, first: RunResult, tmp_path: Path) -> None:
    """One box is both hosts: it connects to itself by its address."""
    assert first.code == 0, first
    playbook = tmp_path / "fleet.yml"
    site = f"{{database: {{host: root@{sid.box.name}}}}}"
    playbook.write_text(f"extends: mysql\nhosts: [{sid.box.name}]\nsites: {{far.test: {site}}}\n")
    for damage in (
        ":",
        "mysql -e \"ALTER USER far_test@'{address}' IDENTIFIED BY 'other'\"",
        "mysql -e \"ALTER USER far_test@'{address}' REQUIRE NONE\"",
    ):
        sid.sh(damage.format(address=sid.box.address))
        ran = sid.lampctl("deploy", "HOST", "-p", str(playbook))
        db, web = json.loads(ran.out)["hosts"]
        assert ran.code == 0, ran
        assert {result["status"] for host in (db, web) for result in host["results"]} == {"pass"}
        account = f"database-user:far_test@{sid.box.address}"
        assert account in {change["resource"] for change in db["changes"]}
    ran = sid.lampctl("plan", "HOST", "-p", str(playbook))
    assert [host["changes"] for host in json.loads(ran.out)["hosts"]] == [[], []]


def test_other_engine_is_refused_while_there_is_data(sid: Host, first: RunResult) -> None:
    assert first.code == 0, first
    ran = sid.lampctl("deploy", "HOST", "-p", "lamp")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "other-engine"), ran
    assert "lamp_test" in ran.host["error"]["message"]
    sid.sh("DEBIAN_FRONTEND=noninteractive apt-get -qq -y remove mysql-server >/dev/null 2>&1")
    ran = sid.lampctl("deploy", "HOST", "-p", "lamp")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "other-engine"), "its data is still there"
    assert sid.lampctl("deploy", "HOST", "-p", "mysql").code == 0
    assert sid.works()
