"""Which new files and releases are tried beside what serves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lampctl.checks import counted
from lampctl.engine.library import Files
from lampctl.facts import Facts
from lampctl.layers import Context, desired
from lampctl.planning.rehearsal import Rehearsal, rehearsal
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.resources import Action, Change, Source, Symlink, select
from lampctl.resources.entry import Entry
from tests.unit.plans import VHOST, converged, make, wanted, with_entry

ANSWER = "site.answer@a.test"


@pytest.mark.parametrize(
    ("changed", "passed", "instances"),
    [
        (
            "/etc/lampctl/php/8.4/lamp.test.conf",
            True,
            ("lampctl-php8.4-lamp.test", "/run/lampctl/php-8.4-lamp.test.sock", "/var/www/lamp.test"),
        ),
        (VHOST, True, ()),
        (VHOST, False, None),  # nothing works yet that could be broken
        ("/etc/mysql/mariadb.conf.d/90-lampctl.cnf", True, None),  # of no server that could be tried
    ],
)
def test_files_of_servers_and_pools_are_rehearsed(
    changed: str, passed: bool, instances: tuple[str, ...] | None
) -> None:
    found, contents = wanted("debian-13")
    seen = with_entry(converged(found, contents), changed, Entry("file", 0o666))
    plan = make(found, contents, replace(seen, passed={"site.answer@lamp.test": "x"} if passed else {}))
    rehearsal = plan.stages[0].rehearsal
    pages = frozenset(["site.answer@lamp.test"])
    expected = None if instances is None else Rehearsal(("apache2ctl -DFOREGROUND",), instances, pages)
    assert rehearsal == expected


@pytest.mark.parametrize(
    ("command", "passed", "programs"),
    [
        ("./serve", ANSWER, ("lampctl-a.test@", "/var/www/a.test", "site-a-test", "8101 8102", "100")),
        ("./serve --port 8101", ANSWER, None),  # it would listen beside what serves, or in its place
        ("./serve --most 81010", ANSWER, ("lampctl-a.test@", "/var/www/a.test", "site-a-test", "8101 8102", "100")),
        ("./serve", "", None),
    ],
)
def test_program_that_would_restart_is_rehearsed_at_a_spare_port(
    command: str, passed: str, programs: tuple[str, ...] | None
) -> None:
    site = f"{{type: process, command: {command}, port: 8101, instances: 2, probe: [/, /b]}}"
    loaded = load("process", (f"sites={{a.test: {site}}}",), Files())
    found = desired(Context(loaded.playbook, "process", PLATFORMS["debian-13"], Facts("debian-13")))
    changes = [Change(f"service:lampctl-a.test@{port}.service", "site", Action.RESTART, "") for port in (8101, 8102)]
    rehearsed = rehearsal(found, changes, counted(found.checks, {passed: "x"} if passed else {}))
    assert (rehearsed.programs if rehearsed else None) == programs
    assert rehearsed is None or rehearsed.pages == {ANSWER, "site.answer2@a.test"}


@pytest.mark.parametrize(
    ("passed", "changed", "tried"), [(ANSWER, True, True), ("", True, False), (ANSWER, False, False)]
)
def test_release_of_files_alone_is_tried_in_the_place_of_the_served_one(
    tmp_path: Path, passed: str, changed: bool, tried: bool
) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/index.html").write_text("<h1>Basket</h1>")
    (tmp_path / "site.yml").write_text("web: {server: nginx}\nsites: {a.test: {type: static, source: dist}}\n")
    loaded = load(str(tmp_path / "site.yml"), (), Files())
    given = {"a.test": Source("0123456789abcdef", b"")}
    found = desired(Context(loaded.playbook, "site", PLATFORMS["debian-13"], Facts("debian-13"), given))
    links = [one for one in select(found.resources, Symlink) if one.path == "/var/www/a.test/current"]
    changes = [Change(link.key, "site", Action.UPDATE, "") for link in links if changed]
    rehearsed = rehearsal(found, changes, counted(found.checks, {passed: "x"} if passed else {}))
    assert [link.path for link in links] == ["/var/www/a.test/current"]
    assert (rehearsed is not None) == tried
    assert rehearsed is None or rehearsed.switched == ("/var/www/a.test", links[0].target)


CGI = "{type: cgi, source: app, probe: [/, /cgi-bin/page]}"
SERVLET = "{type: servlet, war: app, heap: 64M}"
HOME = "/var/www/a.test"


@pytest.mark.parametrize(
    ("site", "passed", "instances", "programs"),
    [
        (CGI, ANSWER, ("lampctl-cgi-a.test", "/run/lampctl-cgi-a.test.sock", HOME), ()),
        (CGI, "", None, None),
        (
            SERVLET,
            ANSWER,
            (),
            ("lampctl-servlet-a.test", HOME, "site-a-test", "/run/lampctl-servlet-a.test.sock", "214"),
        ),
        (SERVLET, "", None, None),
    ],
)
def test_release_behind_a_socket_is_tried_at_another_one(
    tmp_path: Path, site: str, passed: str, instances: tuple[str, ...] | None, programs: tuple[str, ...] | None
) -> None:
    (tmp_path / "app/cgi-bin").mkdir(parents=True)
    (tmp_path / "app/cgi-bin/page").touch(0o755)
    (tmp_path / "site.yml").write_text(f"web: {{server: nginx}}\nsites: {{a.test: {site}}}\n")
    loaded, given = load(str(tmp_path / "site.yml"), (), Files()), {"a.test": Source("0123456789abcdef", b"")}
    found = desired(Context(loaded.playbook, "site", PLATFORMS["debian-13"], Facts("debian-13"), given))
    link = next(one for one in select(found.resources, Symlink) if one.path == f"{HOME}/current")
    keys = (link.key, "service:lampctl-servlet-a.test.service")  # a new release restarts Tomcat, and not fcgiwrap
    changes = [Change(key, "site", Action.UPDATE, "") for key in keys]
    rehearsed = rehearsal(found, changes, counted(found.checks, {passed: "x"} if passed else {}))
    assert (rehearsed.instances if rehearsed else None) == instances
    assert (rehearsed.programs if rehearsed else None) == programs
    assert rehearsed is None or rehearsed.switched == (HOME, link.target)
