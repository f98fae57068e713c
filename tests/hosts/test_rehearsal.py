"""A change is tried beside what serves: what would break a site's page never meets a visitor. Requests go on all the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.leftovers import leftovers
from tests.hosts.overrides import original, template
from tests.hosts.visitor import good, visiting

pytestmark = pytest.mark.hosts

BREAKS = {  # each is valid to the program that reads it
    "PHP, by its pool": ("php/pool.conf.j2", "[www]", "php_admin_value[auto_prepend_file] = /missing.php\n"),
    "PHP, by its unit": ("php/service.j2", "[Install]", "InaccessiblePaths=/var/www\n"),
    "the web server": ("apache/vhost.conf.j2", "</VirtualHost>", "    Redirect 404 /\n"),
}


def broken(folder: Path, name: str, before: str, line: str) -> Path:
    text = original(name)
    if before in text:
        return template(folder, name, text.replace(before, f"{line}{before}"))
    return template(folder, name, text + line)


def refused(host: Host, ran: RunResult) -> None:
    assert (ran.code, ran.host["applied"], ran.host["undone"]) == (1, False, True), ran
    assert (ran.host["error"]["kind"], ran.host["culprit"]["id"]) == ("check", "site.answer@lamp.test")
    assert "tried beside what serves; nothing was changed" in ran.host["error"]["message"]
    assert host.works()
    assert leftovers(host) == ""


@ON_ONE_RELEASE
@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_the_page_never_meets_a_visitor(host: Host, tmp_path: Path, what: str) -> None:
    with visiting(host.box.address, good, visitors=2) as visits:
        ran = host.lampctl("deploy", "HOST", cwd=broken(tmp_path, *BREAKS[what]))
    refused(host, ran)
    assert "site.answer@lamp.test fails" in ran.host["error"]["message"]
    assert visits.answered
    assert visits.failures == []
    assert host.lampctl("plan", "HOST").changes == {}


def test_server_that_takes_over_is_tried_first(host: Host, tmp_path: Path) -> None:
    folder = broken(tmp_path, "nginx/vhost.conf.j2", "{% if https and https.redirect %}", "    return 404;\n")
    with visiting(host.box.address, good) as visits:
        ran = host.lampctl("deploy", "HOST", "-p", "lemp", cwd=folder)
    refused(host, ran)
    assert visits.failures == []
    ran = host.lampctl("deploy", "HOST")
    assert ran.code == 0, ran


def test_good_change_reaches_visitors_without_a_failed_request(host: Host) -> None:
    """An extension of PHP, whose package would restart what serves, a limit, and a setting of the web server."""
    with visiting(host.box.address, good, visitors=2) as visits:
        for setting in ("php.extensions=[mysql, gd]", "php.memory_limit=144M", "web.keepalive_timeout=7"):
            ran = host.lampctl("deploy", "HOST", "--set", setting)
            assert (ran.code, ran.host["applied"]) == (0, True), ran
            assert "not tried beside what serves" not in host.sh("cat $(ls -d /var/lib/lampctl/runs/*/log | tail -n 1)")
    assert visits.answered
    assert visits.failures == []
    assert leftovers(host) == ""


def test_page_that_is_broken_already_does_not_stop_a_deploy(host: Host) -> None:
    """Its application is; the deploy is not to blame, and may be the repair."""
    host.sh("mv /var/www/lamp.test/index.php /root/kept.php")
    ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=145M")
    host.sh("mv /root/kept.php /var/www/lamp.test/index.php")
    assert ran.host["applied"] is True, ran
    assert ran.host["culprit"]["id"] == "site.answer@lamp.test"
