"""PHP versions, archives and database engines: which values are valid, and what they plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lampctl import planning
from lampctl.engine.library import Files
from lampctl.errors import PlaybookError
from lampctl.facts import Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, load
from lampctl.resources import Action, Change, Conflict, File, Package, Repository, Service, repository, select
from lampctl.resources.kind import HostView
from lampctl.resources.repository import RepositoryState

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEawV\n=X2\n-----END PGP PUBLIC KEY BLOCK-----"
ARCHIVE = "linux.repositories={older: {url: 'http://packages.example.org/php/', suite: trixie, key: /usr/share/k.gpg}}"
OLD = "sites={lamp.test: {database: true}, old.test: {php: {version: '8.2', repository: older}}}"


def loaded(*settings: str, playbook: str = "lamp") -> Loaded:
    return load(playbook, settings, Files())


def wanted(*settings: str, platform: str = "debian-13") -> Desired:
    return desired(Context.from_loaded(loaded(*settings), PLATFORMS[platform], Facts(platform)))


def test_each_site_has_a_service_of_its_php_version() -> None:
    found = wanted(ARCHIVE, OLD)
    units = {s.unit: s.sockets for s in select(found.resources, Service) if s.layer == "php"}
    assert units == {
        "lampctl-php8.2-old.test.socket": ("/run/lampctl/php-8.2-old.test.sock",),
        "lampctl-php8.2-old.test.service": (),
        "lampctl-php8.4-lamp.test.socket": ("/run/lampctl/php-8.4-lamp.test.sock",),
        "lampctl-php8.4-lamp.test.service": (),
    }
    assert {p.name for p in select(found.resources, Package)} >= {"php8.2-fpm", "php8.2-mysql", "php8.4-fpm"}
    checks = {check.id: check for check in found.checks}
    assert checks["php.fastcgi@old.test"].needs == ("php.service@8.2",)
    vhosts = {f.path: f.values for f in select(found.resources, File) if f.template == "apache/vhost.conf.j2"}
    assert vhosts["/etc/apache2/sites-available/old.test.conf"]["socket"] == "/run/lampctl/php-8.2-old.test.sock"


def test_only_php_versions_in_use_are_installed() -> None:
    found = wanted(ARCHIVE, "sites={old.test: {php: {version: '8.2', repository: older}}}")
    assert [s.unit for s in select(found.resources, Service) if s.layer == "php"] == [
        "lampctl-php8.2-old.test.socket",
        "lampctl-php8.2-old.test.service",
    ]
    assert "php.service" in {check.id for check in found.checks}


@pytest.mark.parametrize(
    ("url", "suite", "match"),
    [
        ("http://deb.debian.org/debian", "bookworm", "release n=bookworm"),
        ("http://deb.debian.org/debian", "trixie-backports", "release n=trixie-backports"),
        ("http://packages.example.org/php/", "trixie", 'origin "packages.example.org"'),
        ("https://repo.example.org:8080/x", "stable", 'origin "repo.example.org"'),
    ],
)
def test_pin_matches_only_the_added_archive(url: str, suite: str, match: str) -> None:
    found = wanted(f"linux.repositories={{r: {{url: '{url}', suite: {suite}, key: /k.gpg}}}}")
    (only,) = select(found.resources, Repository)
    _, preferences = only.files.values()
    assert preferences.endswith(f"Package: *\nPin: {match}\nPin-Priority: 100\n")


def test_packages_shared_by_php_versions_come_from_the_archive_of_the_other_version() -> None:
    (only,) = select(wanted(ARCHIVE, OLD).resources, Repository)
    assert only.preferred == ("php-common",)
    (only,) = select(wanted(ARCHIVE).resources, Repository)
    assert only.preferred == ()


def test_armored_key_is_written_into_the_sources_file() -> None:
    one = Repository("r", "linux", "http://h/x", "s", ("main", "more"), KEY, 100, "release n=s")
    assert one.files["/etc/apt/sources.list.d/lampctl-r.sources"] == (
        "# Managed by lampctl: repository r\nTypes: deb\nURIs: http://h/x\nSuites: s\nComponents: main more\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEawV\n =X2\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_repository_is_written_before_packages_and_once() -> None:
    found = wanted(ARCHIVE, OLD)
    (only,) = select(found.resources, Repository)
    seen = Observation(Facts("debian-13"))
    contents = {file.key: "" for file in found.files}
    plan = planning.make(planning.Identity("site"), found, seen, contents, wait=1)
    names = [step.name for step in plan.stages[0].before]
    assert names[:2] == ["repository older", "install packages"]
    assert repository.compare(only, RepositoryState(only.files), HostView()) is None
    changed = {**only.files, "/etc/apt/preferences.d/lampctl-older": "# Managed by lampctl\n"}
    change = repository.compare(only, RepositoryState(changed), HostView())
    assert isinstance(change, Change)
    assert change.action is Action.UPDATE
    foreign = RepositoryState({"/etc/apt/sources.list.d/lampctl-older.sources": "Types: deb\n"})
    assert isinstance(repository.compare(only, foreign, HostView()), Conflict)


def test_unwanted_repository_is_removed() -> None:
    found = wanted()
    seen = Observation(Facts("debian-13"), owners={"lamp": frozenset({"repository:older"})})
    contents = {file.key: "" for file in found.files}
    last = planning.make(planning.Identity("lamp"), found, seen, contents, wait=1).stages[-1]
    assert [(c.resource, c.action) for c in last.changes] == [("repository:older", Action.DELETE)]
    assert "/etc/apt/preferences.d/lampctl-older" in last.leaving[0].script


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("php.version=8",), "version"),
        (("php.version='5.6'",), "is not a PHP version of 7.0 or newer"),
        (("php={version: '8.2', repository: nowhere}",), "nowhere is not among linux"),
        ((ARCHIVE, "php.repository=older"), "older needs the version"),
        (("linux.repositories={r: {url: 'ftp://x/', suite: s, key: /k}}",), "is not a valid address of an archive"),
        (("linux.repositories={r: {url: 'http://x/', suite: s, key: secret}}",), "keyring's path"),
        (("linux.repositories={R!: {url: 'http://x/', suite: s, key: /k}}",), "is not a valid name: letters a-z"),
        (("mysql.engine=postgres",), "'mariadb' or 'mysql'"),
    ],
)
def test_invalid_versions_and_engines_are_refused(settings: tuple[str, ...], message: str) -> None:
    with pytest.raises(PlaybookError) as raised:
        loaded(*settings)
    assert message in raised.value.message


def problems(platform: str, engine: str, answer: str) -> list[tuple[str, str]]:
    found = wanted(f"mysql.engine={engine}", platform=platform)
    seen = replace(Observation(Facts(platform)), answers={"mysql.other": answer})
    plan = planning.make(planning.Identity("lamp"), found, seen, {file.key: "" for file in found.files}, wait=1)
    return [(problem.kind, problem.message) for problem in plan.problems]


def test_engine_that_the_distribution_lacks_is_refused() -> None:
    assert problems("debian-13", "mysql", "") == [("unsupported-engine", "Debian 13 (trixie) does not package MySQL")]
    assert problems("debian-rolling", "mysql", "") == []


def test_other_engine_with_data_is_refused_and_not_removed() -> None:
    answer = "package mariadb-server\ndata /var/lib/mysql\ndatabase shop\n"
    ((kind, message),) = problems("debian-rolling", "mysql", answer)
    assert kind == "other-engine"
    assert "MariaDB is on this host (mariadb-server, /var/lib/mysql; databases: shop)" in message
