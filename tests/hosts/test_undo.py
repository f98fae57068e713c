"""`lampctl undo`: back to the state before a run, as a run of its own that is shown, proved, journaled and undoable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import visitor
from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

LIMIT = "grep -h memory_limit /etc/lampctl/php/*/lamp.test.conf"


def write(folder: Path, memory: str, sites: str = "", more: str = "") -> list[str]:
    """Write the project's playbook; returns the arguments that choose it."""
    folder.mkdir(exist_ok=True)
    text = f"extends: lamp\nid: shop-1\nphp: {{memory_limit: {memory}}}\n{more}"
    (folder / "shop.yml").write_text(f"{text}sites: {{lamp.test: {{database: true}}{sites}}}\n")
    return ["HOST", "-p", str(folder / "shop.yml")]


def runs(host: Host) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(host.lampctl("history", "HOST").out)["runs"]
    return found


def page(host: Host, site: str, path: str = "/") -> tuple[int, str]:
    head, _, body = visitor.get(host.box.address, path, site).partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), body


def works(host: Host) -> bool:
    status, text = page(host, "lamp.test")
    return status == 200 and "database lamp_test on" in text


def files(host: Host) -> str:
    """What lampctl writes: each file with its owner, mode and content, and each link."""
    return host.sh(
        "cd /etc; find apache2 lampctl systemd/system mysql php -type f -printf '%p %m %u ' -exec md5sum {} + ; "
        "find apache2 lampctl systemd/system mysql php -type l -printf '%p -> %l\\n' | sort"
    ).replace("playbook shop", "")


def test_last_run_is_undone_and_done_again(host: Host, tmp_path: Path) -> None:
    before = write(tmp_path / "p", "200M")
    assert (ran := host.lampctl("deploy", *before)).code == 0, ran.out
    limits, there = host.sh(LIMIT), files(host)
    after = write(tmp_path / "p", "300M", ", two.test: {type: php}")
    assert (ran := host.lampctl("deploy", *after)).code == 0, ran.out
    assert page(host, "two.test")[0] == 200

    planned = host.lampctl("plan", *after, "--undo")
    assert planned.code == 0, planned
    limit = "-php_value[memory_limit] = 300M\n+php_value[memory_limit] = 200M"
    assert any(limit in change["diff"] for change in planned.host["changes"])
    assert planned.changes["file:/etc/apache2/sites-available/two.test.conf"] == "delete"
    assert page(host, "two.test")[0] == 200, "a plan changes nothing"

    undone = host.lampctl("undo", *after)
    assert undone.code == 0, undone
    assert (undone.changes, host.sh(LIMIT), files(host)) == (planned.changes, limits, there)
    assert "two.test" not in str(undone.results.keys())
    assert undone.results["site.outside@lamp.test"] == "pass"
    assert works(host)
    assert (runs(host)[-1]["command"], runs(host)[-1]["verdict"]) == ("undo", "proved")
    assert host.sh("ls -d /var/www/two.test"), "data stays"
    assert host.lampctl("plan", *write(tmp_path / "p", "200M")).changes == {}

    again = host.lampctl("undo", *before)
    assert again.code == 0, again
    assert page(host, "two.test")[0] == 200
    assert host.lampctl("plan", *write(tmp_path / "p", "300M", ", two.test: {type: php}")).changes == {}


def test_host_goes_back_over_several_runs_and_a_switch_of_server(host: Host, tmp_path: Path) -> None:
    apache = write(tmp_path / "p", "201M")
    assert host.lampctl("deploy", *apache).code == 0
    there = files(host)
    nginx = write(tmp_path / "p", "201M", more="web: {server: nginx}\n")
    assert (ran := host.lampctl("deploy", *nginx)).code == 0, ran.out
    switch = runs(host)[-1]["id"]
    nginx = write(tmp_path / "p", "305M", ", two.test: {type: static}", more="web: {server: nginx}\n")
    assert host.lampctl("deploy", *nginx).code == 0
    ran = host.lampctl("undo", *nginx, "--to", switch)
    assert ran.code == 0, ran
    assert works(host)
    assert host.sh("systemctl is-active apache2 nginx || :").split() == ["active", "inactive"]
    assert host.sh("systemctl is-enabled apache2 nginx || :").split() == ["enabled", "disabled"]
    assert files(host) == there
    assert host.lampctl("plan", *write(tmp_path / "p", "201M")).changes == {}


def test_undo_that_breaks_what_works_is_rolled_back(host: Host, tmp_path: Path) -> None:
    release = tmp_path / "app"
    release.mkdir()
    (release / "index.php").write_text("<?php require '/srv/needed.php'; echo 'first';")
    host.sh("echo '<?php' > /srv/needed.php")
    book = write(tmp_path / "p", "202M", f", app.test: {{source: {release}}}")
    assert (ran := host.lampctl("deploy", *book)).code == 0, ran.out
    (release / "index.php").write_text("<?php echo 'second';")
    assert (ran := host.lampctl("deploy", *book)).code == 0, ran.out
    host.sh("rm /srv/needed.php")
    ran = host.lampctl("undo", *book)
    assert (ran.code, ran.host["undone"], ran.host["error"]["kind"]) == (1, True, "check"), ran.out
    assert "site.answer@app.test" in ran.host["error"]["message"]
    assert page(host, "app.test") == (200, "second")
    host.sh("echo '<?php' > /srv/needed.php")
    assert (ran := host.lampctl("undo", *book)).code == 0, ran.out
    assert page(host, "app.test") == (200, "first")
    host.sh(
        "rm -r $(ls -d /var/www/app.test/releases/* | grep -vF $(readlink /var/www/app.test/current | xargs basename))"
    )
    ran = host.lampctl("undo", *book)
    assert (ran.code, ran.host["error"]["kind"]) == (1, "release-gone"), ran
    assert page(host, "app.test") == (200, "first")


def test_what_another_playbook_made_or_needs_is_left_alone(host: Host, tmp_path: Path) -> None:
    one = write(tmp_path / "one", "203M", ", one.test: {type: static}")
    assert host.lampctl("deploy", *one).code == 0
    other = tmp_path / "other.yml"
    other.write_text("extends: lamp\nid: other-1\nmysql: null\nsites: {other.test: {type: php}}\n")
    assert (ran := host.lampctl("deploy", "HOST", "-p", str(other), "--set", "php.memory_limit=203M")).code == 0, (
        ran.out
    )
    theirs = runs(host)[-1]["id"]
    assert host.lampctl("undo", *one, "--to", theirs).host["error"]["kind"] == "no-run"
    assert host.lampctl("undo", *one, "--to", "nonsense").host["error"]["kind"] == "no-run"
    assert (ran := host.lampctl("undo", *one)).code == 0, ran.out
    assert page(host, "other.test")[0] == 200
    assert page(host, "one.test")[1] != page(host, "other.test")[1]
    assert host.lampctl("check", "HOST", "-p", str(other), "--set", "php.memory_limit=203M").code == 0
