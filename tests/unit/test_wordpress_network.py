"""Networks of WordPress sites; no host."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from lampctl.checks import Evidence, Status
from lampctl.engine.library import Files
from lampctl.errors import LampctlError
from lampctl.facts import Facts
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources import Command, File, select
from lampctl.resources.kind import States
from lampctl.resources.shell import script

PAGE = "<title>Fans</title> /wp-includes/"


def wanted(tmp_path: Path, fields: str) -> tuple[Desired, dict[str, str]]:
    """What the playbook of the site a.test with these fields wants, and its files by path."""
    path = tmp_path / "book.yml"
    path.write_text(f"extends: lamp\nsites:\n  a.test: {{type: wordpress, {fields}}}\n")
    context = Context.from_loaded(load(str(path), (), Files()), PLATFORMS["debian-13"], Facts("debian-13"))
    found = desired(context)
    return found, {one.path: Renderer(Files().template, "book").text(one) for one in select(found.resources, File)}


def test_single_site_has_its_address_in_its_configuration(tmp_path: Path) -> None:
    found, files = wanted(tmp_path, "title: x")
    config = files["/etc/wordpress/config-site-a-test.php"]
    assert "define('WP_HOME', 'http://a.test');" in config
    assert "MULTISITE" not in config
    assert not [one for one in select(found.resources, Command) if "network" in one.name]
    cron = files["/etc/systemd/system/lampctl-wp-cron-a.test.service"]
    assert 'ExecStart="php8.4" "/usr/share/wordpress/wp-cron.php"\n' in cron


@pytest.mark.parametrize(
    ("fields", "kind", "subdomains"),
    [
        ("multisite: subdirectory", "subdirectory", "false"),
        ("multisite: subdomain, aliases: [b.a.test], tls: self-signed", "subdomain", "true"),
    ],
)
def test_network_begins_when_its_tables_exist(tmp_path: Path, fields: str, kind: str, subdomains: str) -> None:
    found, files = wanted(tmp_path, fields)
    config = files["/etc/wordpress/config-site-a-test.php"]
    assert "if (!defined('WP_INSTALLING_NETWORK') && is_file('/etc/wordpress/network-site-a-test')) {\n" in config
    assert f"define('SUBDOMAIN_INSTALL', {subdomains});" in config
    names = [one.name for one in select(found.resources, Command)]
    assert names.index("install WordPress on a.test") < names.index("make a network of a.test")
    command = next(one for one in select(found.resources, Command) if one.name == "make a network of a.test")
    assert f'[ "$(cat /etc/wordpress/network-site-a-test 2>/dev/null)" = {kind} ] && ' in command.unless
    assert "MARKER=/etc/wordpress/network-site-a-test\n" in command.undo
    cron = files["/etc/systemd/system/lampctl-wp-cron-a.test.service"]
    each = '"php8.4" "/etc/wordpress/lampctl-cron.php" "/usr/share/wordpress"'
    assert f'ExecStart={each} "php8.4" "/usr/share/wordpress/wp-cron.php"\n' in cron


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("multisite: subdomain", "`multisite: subdomain` needs `aliases`: the name of each further site"),
        ("multisite: subdirectory, renamed_from: b.test", "`renamed_from` and `multisite` exclude each other"),
        ("multisite: true", "multisite"),
    ],
)
def test_bad_network_is_refused_with_its_line(tmp_path: Path, fields: str, message: str) -> None:
    with pytest.raises(LampctlError) as raised:
        wanted(tmp_path, fields)
    assert message in raised.value.message
    assert "book.yml:3" in raised.value.message
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("fields", "answer", "messages"),
    [
        ("title: x", "", []),
        ("multisite: subdirectory", "", []),
        ("multisite: subdirectory", "subdirectory\n", []),
        ("title: x", "subdirectory\n",
         ["a.test is a network (multisite: subdirectory), and the playbook has no `multisite`"]),
        ("multisite: subdirectory", "subdomain\n",
         ["a.test is a network (multisite: subdomain), and the playbook has `multisite: subdirectory`"]),
    ],
)  # fmt: skip
def test_network_stays_one_of_its_kind(tmp_path: Path, fields: str, answer: str, messages: list[str]) -> None:
    found, _ = wanted(tmp_path, fields)
    preflight = next(one for one in found.preflights if one.id == "site.multisite@a.test")
    assert [one.message for one in preflight.judge(answer, Facts("debian-13"), frozenset())] == messages


@pytest.mark.parametrize(
    ("raw", "status", "actual"),
    [
        ("second\t\n", Status.PASS, "the network has no second site yet"),
        (f"second\ta.test\t/fans/\nanswer\tHTTP/1.1 200 OK\nanswer\t\nanswer\t{PAGE}\nlog\t\n", Status.PASS,
         "a.test/fans/: 200, a page of WordPress of 0 KiB"),
        ("second\ta.test\t/fans/\nanswer\tHTTP/1.1 302 Found\nanswer\tLocation: /x\nanswer\t\nlog\t\n", Status.FAIL,
         "a.test/fans/: 302 to /x, not WordPress's page"),
        ("second\tb.test\t/\n", Status.FAIL, "b.test/ is one of its sites, and no name of a.test in the playbook"),
        ("second\tERROR 2002 (HY000): Can't connect\n", Status.UNKNOWN, "the database cannot be asked for it"),
    ],
)  # fmt: skip
def test_second_site_of_a_network_is_judged(tmp_path: Path, raw: str, status: Status, actual: str) -> None:
    found, _ = wanted(tmp_path, "multisite: subdirectory")
    check = next(one for one in found.checks if one.id == "site.network@a.test")
    verdict = check.judge(Evidence(raw, Facts("debian-13"), States()))
    assert (verdict.status, verdict.actual) == (status, actual)


STUBS = """label() { sed "s/^/$1 /"; }
with_log() { shift; echo "requested $*, with the headers of $owner"; }
"""


@pytest.mark.parametrize(
    ("row", "requested"),
    [
        ("a.test\t/fans/", "requested get_tls a.test /fans/ 443 header, with the headers of a.test\n"),
        ("b.a.test\t/", "requested get_tls b.a.test / 443 header, with the headers of a.test\n"),
        ("victim.test\t/", ""),
        ("a.test.victim.test\t/", ""),
        ("a.test b.a.test\t/", ""),
        ("*\t/", ""),
        ("\t/", ""),
        ("a.test\thttp://victim.test/", ""),
        ("a.test\t//victim.test:80/", ""),
        ("a.test\t/ HTTP/1.0", ""),
        ("a.test\t", ""),
        ("a.test", ""),
        ("ERROR 2002 (HY000): Can't connect", ""),
    ],
)
def test_only_a_name_of_the_site_is_requested_with_its_headers(row: str, requested: str) -> None:
    """The site's own code writes the table of the network's sites."""
    given = {"site": "a.test", "names": ("a.test", "b.a.test"), "sql": "SELECT", "tls": "yes", "header": "header"}
    text = STUBS + script("wordpress/second", client=f"printf '%b' {shlex.quote(row)}", logs="", **given)
    ran = subprocess.run(["sh", "-eu", "-c", text], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.partition("\n")[2] == requested
