"""Releases of an application: listed with their record, cleaned up, rolled back and held."""

from __future__ import annotations

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
    found = listed(host)
    assert [(one["served"], one["proved"], one["by"]) for one in found] == [
        (False, False, ""), (True, False, ""), (False, False, "")
    ]  # fmt: skip
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
    assert len(host.sh("ls /var/lib/lampctl/releases/shop.test").split()) == 4, "the records of the others are gone"
