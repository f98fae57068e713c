"""Releases of an application: listed with their record, cleaned up, rolled back and held."""

from __future__ import annotations

import json
import os
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
id: shop-14
web: {{server: {server}}}
php: {{memory_limit: {memory}}}
sites:
  shop.test: {{source: shop, keep: {keep}}}
"""
PROGRAM = """
linux: {packages: [busybox]}
web: {}
sites:
  app.test: {type: process, source: app, command: ./run, port: 8101, instances: 2}
"""
BROKEN = "<?php echo 'shop' oops"
ANSWER = "site.answer@shop.test"


def page(host: Host) -> str:
    connection = HTTPConnection(host.box.address, timeout=30)
    connection.request("GET", "/", headers={"Host": "shop.test"})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def book(folder: Path, server: str = "apache", keep: int = 5, memory: str = "128M") -> list[str]:
    (folder / "site.yml").write_text(BOOK.format(server=server, keep=keep, memory=memory))
    return ["HOST", "-p", str(folder / "site.yml")]


def deploy(host: Host, folder: Path, text: str, **options: Any) -> RunResult:
    """Deploy a release whose page is this PHP, or prints this text."""
    (folder / "shop").mkdir(exist_ok=True)
    code = text if text.startswith("<?php") else f"<?php echo '{text}';"
    (folder / "shop/index.php").write_text(code)
    return host.lampctl("deploy", *book(folder, **options))


def listed(host: Host) -> list[dict[str, Any]]:
    ran = host.lampctl("releases", "HOST", "shop.test")
    assert ran.code == 0, ran
    found: list[dict[str, Any]] = ran.host["releases"]
    return found


def test_releases_are_listed_with_their_record(host: Host, tmp_path: Path) -> None:
    for text in ("one", "two"):
        assert (ran := deploy(host, tmp_path, text)).code == 0, ran
    assert deploy(host, tmp_path, BROKEN).code == 1
    found = listed(host)
    assert [(one["served"], one["proved"]) for one in found] == [(False, True), (True, True), (False, False)]
    assert {one["site"] for one in found} == {"shop.test"}
    assert all("@" in one["by"] and abs(time.time() - one["created"]) < 600 for one in found)
    assert page(host) == "two"

    host.sh("rm -r /var/lib/lampctl/releases")  # as a power failure may leave it
    unknown = listed(host)
    assert {one["id"] for one in unknown if one["served"]} == {found[1]["id"]}
    assert [(one["proved"], one["by"], one["commit"]) for one in unknown] == [(False, "", "")] * 3
    assert host.lampctl("releases", "HOST", "shop.tset").code == 2


def test_cleanup_after_many_broken_releases_keeps_what_works(host: Host, tmp_path: Path) -> None:
    for text in ("one", "two", "three", "four"):
        assert deploy(host, tmp_path, text, keep=2).code == 0
    good = [one["id"] for one in listed(host)]
    assert len(good) == 3, "the served one, and two others"
    for number in range(4):
        assert deploy(host, tmp_path, f"{BROKEN} {number}", keep=2).code == 1
    found = {one["id"]: one for one in listed(host)}
    assert (len(found), page(host)) == (3, "four")
    assert found[good[2]]["served"]
    assert found[good[1]]["proved"], "a rollback goes there"
    records = host.sh("ls /var/lib/lampctl/releases/shop.test").split()
    assert set(records) == {*found, "proved", "switch"}, "the records of the others are gone"


def last_run(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.lampctl("history", "HOST").out)["runs"][-1]
    return found


def served(host: Host) -> str:
    return next(str(one["id"]) for one in listed(host) if one["served"])


def two(host: Host, folder: Path, name: str, **options: Any) -> tuple[str, str]:
    """Deploy two releases whose pages are `NAME one` and `NAME two`; returns their ids."""
    found = []
    for text in ("one", "two"):
        assert (ran := deploy(host, folder, f"{name} {text}", **options)).code == 0, ran
        found.append(served(host))
    return found[0], found[1]


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_rollback_is_quick_proved_and_held(host: Host, tmp_path: Path, server: str) -> None:
    first, _ = two(host, tmp_path, f"quick {server}", server=server)
    began = time.monotonic()
    ran = host.lampctl("rollback", "HOST", "shop.test")
    took = time.monotonic() - began
    assert ran.code == 0, ran
    print(f"{server}: {took:.2f} s, {ran.host['round_trips']} round trips, {ran.host['timings']}")
    assert ran.host["round_trips"] <= 7
    assert took < 2 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), "2 s where nothing else runs"
    assert (page(host), served(host), ran.results) == (f"quick {server} one", first, {ANSWER: "pass"})
    run = last_run(host)
    assert (run["command"], run["playbook"], run["verdict"]) == ("rollback", "shop-14", "proved")


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_rollback_holds_until_there_is_new_content(host: Host, tmp_path: Path, server: str) -> None:
    first, second = two(host, tmp_path, server, server=server)
    assert host.lampctl("rollback", "HOST", "shop.test").code == 0
    args = book(tmp_path, server=server)
    checked = host.lampctl("check", *args)
    assert (checked.code, checked.results["site.held@shop.test"]) == (0, "pass"), checked
    words = next(one["actual"] for one in checked.host["results"] if one["id"] == "site.held@shop.test")
    assert f"held at release {first} by a rollback: release {second} stays" in words
    assert host.lampctl("plan", *args).changes == {}
    ran = host.lampctl("deploy", *book(tmp_path, server=server, memory="192M"))
    assert (ran.code, page(host)) == (0, f"{server} one"), "the rest changes"
    assert any("192M" in change["diff"] for change in ran.host["changes"])
    assert host.lampctl("deploy", *book(tmp_path, server=server)).code == 0

    ran = deploy(host, tmp_path, f"{server} three", server=server)
    assert (ran.code, page(host)) == (0, f"{server} three"), "new content ends it"
    assert host.sh("ls -A /etc/lampctl/held") == ""
    assert host.lampctl("plan", *args).changes == {}
    ran = host.lampctl("rollback", "HOST", "shop.test")
    assert (ran.code, page(host)) == (0, f"{server} one"), "not the one that was rolled back before"


def test_rollback_is_undone(host: Host, tmp_path: Path) -> None:
    first, second = two(host, tmp_path, "undo", keep=1)
    args = book(tmp_path, keep=1)
    assert host.lampctl("rollback", "HOST", "shop.test", *args[1:]).code == 0, "by the playbook's checks"
    assert page(host) == "undo one"
    ran = host.lampctl("undo", *args)
    assert (ran.code, page(host)) == (0, "undo two"), ran
    assert host.lampctl("check", *args).results.get("site.held@shop.test") is None
    ran = host.lampctl("rollback", "HOST", "shop.test")
    assert (ran.code, served(host)) == (0, first), ran
    ran = host.lampctl("rollback", "HOST", "shop.test", "--to", second)
    assert (ran.code, page(host)) == (0, "undo two"), ran
    assert host.sh("ls -A /etc/lampctl/held") == "", "it is what the playbook has"


def test_rollback_that_does_not_work_is_undone(host: Host, tmp_path: Path) -> None:
    first, second = two(host, tmp_path, "bad")
    host.sh(f"echo '<?php throw new Exception(1);' > /var/www/shop.test/releases/{first}/index.php")
    host.sh(f"echo '<?php throw new Exception(2);' > /var/www/shop.test/releases/{second}/index.php")
    ran = host.lampctl("rollback", "HOST", "shop.test")
    assert (ran.code, ran.host["culprit"]["id"], ran.host["undone"], served(host)) == (1, ANSWER, True, second), ran
    assert host.sh("ls -A /etc/lampctl/held") == ""


def test_rollback_to_nowhere_is_refused(host: Host, tmp_path: Path) -> None:
    first, second = two(host, tmp_path, "nowhere")
    ran = host.lampctl("rollback", "HOST", "shop.test", "--to", "0123abcd")
    assert (ran.code, ran.host["error"]["kind"]) == (2, "no-release")
    assert first in ran.host["error"]["hint"]
    assert host.lampctl("rollback", "HOST", "shop.test", "--to", second).code == 2, "it is served"
    host.sh("rm /var/lib/lampctl/releases/shop.test/proved")
    ran = host.lampctl("rollback", "HOST", "shop.test")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "no-release"), ran
    assert "no earlier release that was proved" in ran.host["error"]["message"]
    host.sh("rm /var/lib/lampctl/releases/shop.test/switch")
    ran = host.lampctl("rollback", "HOST", "shop.test", "--to", first)
    assert (ran.code, ran.host["error"]["kind"]) == (1, "no-record"), ran
    assert host.lampctl("check", *book(tmp_path)).code == 0, "which records it"
    assert host.lampctl("rollback", "HOST", "shop.test", "--to", first).code == 0
    assert page(host) == "nowhere one"


def test_hold_of_a_release_that_is_gone_ends(host: Host, tmp_path: Path) -> None:
    first, _ = two(host, tmp_path, "gone")
    assert host.lampctl("rollback", "HOST", "shop.test").code == 0
    host.sh(f"rm -r /var/www/shop.test/releases/{first}")
    ran = host.lampctl("deploy", *book(tmp_path))
    assert (ran.code, page(host)) == (0, "gone two"), ran


def test_rollback_of_a_program_restarts_its_instances(host: Host, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/run").write_text("#!/bin/sh\nexec busybox httpd -f -p 127.0.0.1:$PORT -h .\n")
    (tmp_path / "app/run").chmod(0o755)
    (tmp_path / "app.yml").write_text(PROGRAM)
    since = "systemctl show -p ActiveEnterTimestampMonotonic --value lampctl-app.test@810{1,2}.service"
    for words in ("one", "two"):
        (tmp_path / "app/index.html").write_text(words)
        assert (ran := host.lampctl("deploy", "HOST", "-p", str(tmp_path / "app.yml"))).code == 0, ran
    before = host.sh(since).split()
    ran = host.lampctl("rollback", "HOST", "app.test")
    assert (ran.code, ran.results) == (0, {"site.answer@app.test": "pass"}), ran
    assert all(int(now) > int(then) for now, then in zip(host.sh(since).split(), before, strict=True))
    assert host.lampctl("check", "HOST", "-p", str(tmp_path / "app.yml")).code == 0
