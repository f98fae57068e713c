"""Limits by path hold behind Apache, NGINX, and NGINX before Apache alike: sizes, times, methods, in any spelling."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.limited import (
    BODIES,
    INDEX,
    LIMITS,
    MB,
    METHODS,
    PLAIN,
    PLAYBOOK,
    REFUSED,
    TIMES,
    of,
    post,
    project,
    upload,
)
from tests.hosts.requested import SETUPS
from tests.hosts.ruled import get, gets
from tests.hosts.servers import SETTLED, reload

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

SITES = ("php.test", "app.test", "cgi.test", "wp.test")


@dataclass(frozen=True)
class Served:
    host: Host
    folder: Path
    setup: str

    @property
    def too_large(self) -> str:
        """The status for too many chunks: a difference of docs/apache-and-nginx.md, as is the next one."""
        return "400" if self.setup == "Apache" else "413"

    def too_slow(self, site: str) -> str:
        return "504" if site != "app.test" or self.setup == "NGINX" else "502"


@pytest.fixture(scope="module", params=SETUPS)
def served(host: Host, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp("limits")
    project(folder)
    (folder / "site.yml").write_text(PLAYBOOK.format(web=SETUPS[request.param], limits=LIMITS))
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    assert [ran.results[f"site.limits@{site}"] for site in SITES] == ["pass"] * len(SITES)
    host.sh(SETTLED)
    return Served(host, folder, request.param)


def test_each_path_has_its_body_limit(served: Served) -> None:
    rows = [*of(BODIES), *(("php.test", row) for row in INDEX)]
    for chunks in (False, True):
        asked = [post(site, path, size, chunks=chunks) for site, (path, size, _) in rows]
        found = gets(served.host.box.address, asked)
        large = served.too_large if chunks else "413"
        refused = {
            ask.id: facts["status"] in (large, "413") and facts["status"]
            for ask, facts in zip(asked, found, strict=True)
        }
        assert refused == {ask.id: large if row[2] else False for ask, (_, row) in zip(asked, rows, strict=True)}
        for ask, facts, (site, (_, size, above)) in zip(asked, found, rows, strict=True):
            if site != "wp.test" and not above:
                assert (facts["status"], facts.get("got")) == ("200", str(int(size * MB))), ask.id


def test_php_gets_the_largest_file_that_a_path_allows(served: Served) -> None:
    small, large, above = gets(
        served.host.box.address,
        [upload("php.test", "/", 2.0), upload("php.test", "/upload/a", 6.0), upload("php.test", "/", 5.0)],
    )
    assert (small["file"], large["file"], above["status"]) == ("2000000", "6000000", "413")
    assert (large["uri"], large["script"]) == ("/upload/a", "/index.php")


def test_each_path_has_its_methods(served: Served) -> None:
    rows = [(site, path, method, status) for site, (path, methods, status) in of(METHODS) for method in methods.split()]
    found = gets(served.host.box.address, [get(site, path, method=method) for site, path, method, _ in rows])
    answered = [(*row[:3], facts["status"]) for row, facts in zip(rows, found, strict=True)]
    assert answered == rows


def test_other_spellings_of_a_limited_path_are_refused(served: Served) -> None:
    for site in ("php.test", "app.test"):
        found = gets(served.host.box.address, [get(site, path) for path in (*REFUSED, *PLAIN)])
        statuses = dict(zip((*REFUSED, *PLAIN), (facts["status"] for facts in found), strict=True))
        assert statuses == {**dict.fromkeys(REFUSED, "400"), **dict.fromkeys(PLAIN, "200")}, site


def test_each_path_has_its_timeout(served: Served) -> None:
    rows = list(of(TIMES))
    found = gets(served.host.box.address, [get(site, path) for site, (path, _) in rows], at_once=len(rows))
    answered = {f"{site}{path}": facts["status"] for (site, (path, _)), facts in zip(rows, found, strict=True)}
    assert answered == {f"{site}{path}": served.too_slow(site) if late else "200" for site, (path, late) in rows}


def test_a_limit_that_is_lost_is_found(served: Served) -> None:
    server = "nginx" if served.setup.startswith("NGINX") else "apache2"
    path = f"/etc/{server}/sites-available/app.test.conf"
    lost = f"cp {path} /root/kept; sed -i 's/\\b1048576\\b/104857600/' {path}; {reload(server)}"
    served.host.sh(lost)
    ran = served.host.lampctl("check", "HOST", "-p", "site.yml", cwd=served.folder)
    served.host.sh(f"mv /root/kept {path}; {reload(server)}")
    found = {result["id"]: result for result in json.loads(ran.out)["hosts"][0]["results"]}["site.limits@app.test"]
    assert found["status"] == "fail"
    assert "a body above its limit on /upload/small, not 413" in found["actual"]
