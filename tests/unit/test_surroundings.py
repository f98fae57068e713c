"""What the result depends on beside lampctl's own files: DNS, time, modules, addresses, other people's files. No host."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lampctl.answers import sections
from lampctl.checks import Check, Evidence, HostProbe, Status, Verdict, Where, blocked_by_observation, failed, passed
from lampctl.engine.library import Files
from lampctl.facts import Facts, parse
from lampctl.layers import Context, desired
from lampctl.layers.web.others import pattern
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.resources import shell
from lampctl.resources.kind import States
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState
from tests.unit.chain import check, labelled

NOW = 1_800_000_000.0
FACTS = Facts("debian-13", clock=NOW)
ANSWER = "HTTP/1.1 200 OK\n\nlampctl-static 1"


def judged(id: str, raw: str, *playbook: str, facts: Facts = FACTS) -> Verdict:
    return check(id, *playbook).judge(Evidence(raw, facts, States()))


def facts(network: str, time: str = "container") -> Facts:
    return parse({"network": network, "time": time, "clock": f"{NOW}"}, NOW)


def test_archive_that_does_not_resolve_fails_dns_and_names_the_nameservers() -> None:
    verdict = judged("linux.dns", "", facts=facts("archive\tdeb.test 80\nunresolved\t192.0.2.1 \n"))
    assert (verdict.status, verdict.actual) == (Status.FAIL, "deb.test does not resolve")
    assert "192.0.2.1" in verdict.evidence
    assert judged("linux.dns", "", facts=facts("archive\tdeb.test 80\n")).status is Status.PASS
    assert judged("linux.dns", "", facts=facts("")).status is Status.PASS, "all packages are local"


def test_archive_without_an_answer_is_a_warning_only() -> None:
    verdict = judged("linux.archive", "", facts=facts("archive\tdeb.test 80\nunreached\t\n"))
    assert (verdict.status, verdict.actual) == (Status.UNKNOWN, "no connection to deb.test:80")
    assert verdict.hint.startswith("apt-get update")


def test_host_without_a_way_out_on_purpose_is_not_asked_for_one() -> None:
    with pytest.raises(StopIteration):
        check("linux.dns", "lamp", "linux.offline=true")


@pytest.mark.parametrize(
    ("time", "status"),
    [
        ("container", Status.PASS),
        ("chrony", Status.PASS),
        ("systemd-timesyncd\nsynchronized", Status.PASS),
        ("systemd-timesyncd", Status.UNKNOWN),
        ("", Status.UNKNOWN),
    ],
)
def test_clock_that_nothing_keeps_right_is_a_warning(time: str, status: Status) -> None:
    verdict = judged("linux.clock", "", facts=facts("", time))
    assert (verdict.status, bool(verdict.hint)) == (status, status is Status.UNKNOWN)


MODULES = "headers.load lua.load mpm_event.conf mpm_event.load proxy.conf proxy.load proxy_fcgi.load rewrite.load"


@pytest.mark.parametrize(
    ("enabled", "message"),
    [
        (MODULES, ""),
        (f"{MODULES} status.load", ""),
        (MODULES.replace("mpm_event", "mpm_prefork"), "mpm_prefork is enabled, which conflicts"),
        (f"{MODULES} php8.4.load", "php8.4 is enabled, which conflicts"),
        (MODULES.replace("rewrite.load", ""), "rewrite is not enabled"),
    ],
)
def test_modules_and_the_mpm_are_checked(enabled: str, message: str) -> None:
    verdict = judged("web.modules", enabled.replace(" ", "\n"))
    assert (verdict.status, message in verdict.actual) == (Status.FAIL if message else Status.PASS, True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("80 4", ""),
        ("80 6", ""),  # one socket for both families
        ("80 4\n80 6\n6 wanted", ""),
        ("80 4\n6 wanted", "on IPv4 only"),
        ("6 wanted", "on some addresses only"),
        ("", "on some addresses only"),
    ],
)
def test_port_must_be_open_on_every_address(rows: str, message: str) -> None:
    verdict = judged("web.listen", rows)
    assert (verdict.status, message in verdict.actual) == (Status.FAIL if message else Status.PASS, True)


def test_answer_of_another_vhost_names_the_newest_file_that_is_not_lampctls() -> None:
    files = "/etc/apache2/sites-enabled/00-aaa.conf\n/etc/apache2/conf-enabled/b.conf"
    for hop in ("web.static@lamp.test", "web.default@lamp.test"):
        assert judged(hop, labelled(answer=ANSWER)).status is Status.PASS
        verdict = judged(hop, labelled(answer="HTTP/1.1 404 Not Found\n\n", others=files))
        assert verdict.status is Status.FAIL
        assert "b.conf" in verdict.evidence
        assert verdict.hint.startswith(
            "mv /etc/apache2/sites-enabled/00-aaa.conf /etc/apache2/sites-enabled/00-aaa.conf.off"
        )


def test_default_site_with_https_redirects_the_bare_address() -> None:
    redirect = "HTTP/1.1 301 Moved Permanently\nLocation: https://{}/lampctl-probe-1.txt\n\n"
    assert judged("web.default@tls.test", labelled(answer=redirect.format("tls.test")), "tls").status is Status.PASS
    other = judged("web.default@tls.test", labelled(answer=redirect.format("x.test")), "tls")
    assert (other.status, "another playbook" in other.actual) == (Status.PASS, True)
    foreign = labelled(answer=redirect.format("x.test"), others="/etc/apache2/sites-enabled/x.conf")
    assert judged("web.default@tls.test", foreign, "tls").status is Status.FAIL


def test_foreign_files_are_listed_if_they_may_answer_for_the_site(tmp_path: Path) -> None:
    for folder in ("sites-enabled", "conf-enabled"):
        (tmp_path / folder).mkdir()
    files = {
        "sites-enabled/00-aaa.conf": "<VirtualHost *:80>\nServerAlias *\n</VirtualHost>\n",
        "sites-enabled/other.conf": "<VirtualHost *:80>\nServerName other.test\n</VirtualHost>\n",
        "sites-enabled/a.test.conf": "# Managed by lampctl\n<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n",
        "conf-enabled/theirs.conf": "Redirect / /x\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    script = shell.script("web/instead", root=str(tmp_path), names=pattern(["a.test"]), call="echo 404")
    printed = subprocess.run(["sh", "-c", script], text=True, capture_output=True, check=True).stdout
    assert printed.startswith("404\n")
    assert {Path(path).name for path in sections(printed)["others"].split()} == {"00-aaa.conf", "theirs.conf"}


WORDPRESS = "wordpress"
TIMER = "lampctl-wp-cron-wordpress.test.timer"
ACTIVE = States().updated(SERVICES, {f"service:{TIMER}": UnitState(True, "active", "enabled", "", 90.0, 90.0)})


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"result": "success"}, ""),
        ({"result": "success", "due": f"{NOW - 300:.0f}", "lock": f"{NOW - 5}"}, ""),
        ({"result": "exit-code"}, "its last run failed"),
        ({"result": "success", "log": "WordPress database error Table gone"}, "printed: WordPress database error"),
        ({"result": "success", "lock": f"{NOW + 864_000}"}, "it is locked until"),
        ({"result": "success", "due": f"{NOW - 7200:.0f}"}, "overdue"),
    ],
)
def test_cron_that_does_no_work_is_noticed(found: dict[str, str], message: str) -> None:
    running = check("site.cron@wordpress.test", WORDPRESS)
    verdict = running.judge(Evidence(labelled(**found), FACTS, ACTIVE))
    assert (verdict.status, message in verdict.actual) == (Status.FAIL if message else Status.PASS, True)


def test_table_that_cannot_be_read_is_named() -> None:
    error = "ERROR 1146 (42S02) at line 3: Table 'wordpress_test.wp_posts' doesn't exist"
    verdict = judged("site.tables@wordpress.test", error, WORDPRESS)
    assert (verdict.status, "wp_posts" in verdict.actual) == (Status.FAIL, True)
    assert judged("site.tables@wordpress.test", "", WORDPRESS).status is Status.PASS


@pytest.mark.parametrize(
    ("hop", "answer", "status"),
    [
        ("admin", "HTTP/1.1 400 Bad Request\n\n0", Status.PASS),
        ("admin", "HTTP/1.1 500 Oops\n\n", Status.FAIL),
        ("rest", 'HTTP/1.1 200 OK\n\n{"name":"x"}', Status.PASS),
        ("rest", "HTTP/1.1 200 OK\n\n<html>", Status.FAIL),
        ("rest", 'HTTP/1.1 401 Unauthorized\n\n{"code":"x"}', Status.PASS),
        ("rest", "HTTP/1.1 500 Oops\n\n{}", Status.FAIL),
    ],
)
def test_administration_and_rest_must_not_break(hop: str, answer: str, status: Status) -> None:
    assert judged(f"site.{hop}@wordpress.test", labelled(**{hop: labelled(answer=answer)}), WORDPRESS).status is status


@pytest.mark.parametrize(
    ("raw", "refused"),
    [
        ("inside php8.4\ninside mpm_prefork\n", True),  # lampctl has never deployed here
        ("inside php8.4\ndeployed\nsite /etc/apache2/sites-enabled/theirs.conf\n", True),
        ("inside php8.4\ninside mpm_prefork\ndeployed\n", False),
        ("deployed\n", False),
    ],
)
def test_php_inside_apache_is_disabled_only_if_no_site_may_need_it(raw: str, refused: bool) -> None:
    loaded = load("lamp", (), Files())
    found = desired(Context.from_loaded(loaded, PLATFORMS["debian-13"], FACTS))
    preflight = next(p for p in found.preflights if p.id == "web.modules")
    assert [p.kind for p in preflight.judge(raw, FACTS, frozenset({"file:/x"}))] == (["other-mpm"] if refused else [])
    assert preflight.judge(raw, FACTS, frozenset()) == []


def test_hop_behind_one_that_was_observed_broken_is_not_probed() -> None:
    checks = [
        Check("a", "mysql", Where.HOST, "", "", lambda _: failed("stopped"), observed=True, probe=HostProbe("who")),
        Check("b", "mysql", Where.HOST, "", "", lambda _: passed(""), needs=("a",), probe=HostProbe("hangs")),
        Check("c", "site", Where.HOST, "", "", lambda _: passed(""), needs=("b",), probe=HostProbe("hangs too")),
        Check("d", "site", Where.HOST, "", "", lambda _: failed(""), probe=HostProbe("asks")),
    ]
    assert blocked_by_observation(checks, FACTS, States()) == {"b", "c"}
