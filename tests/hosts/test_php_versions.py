"""Archives beside the distribution's own: a package, two versions of PHP side by side, and a site that switches between
them while visitors request it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.hosts.archive import OLDER, OLDER_SUITE, Archive, served
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.visitor import good, visiting

pytestmark = pytest.mark.hosts
OWN = "8.4"  # trixie's


@pytest.fixture(scope="module")
def archive(host: Host, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with served(host, release, tmp_path_factory.mktemp("archive")) as found:
        yield found


def book(folder: Path, archive: Archive, server: str = "apache", *, old: tuple[str, ...] = ("old.test",)) -> str:
    """lamp.test and old.test; those in `old` run the archive's PHP."""
    php = {"php": {"version": OLDER, "repository": "lab"}}
    sites = {
        "lamp.test": {"default": True, "database": True, **(php if "lamp.test" in old else {})},
        "old.test": php if "old.test" in old else {},
    }
    playbook = {
        "extends": "lamp",
        "web": {"server": server},
        "linux": {"repositories": {"lab": archive.repository()}},
        "sites": sites,
    }
    return write_book(folder, playbook)


def book_with_tool(folder: Path, archive: Archive) -> str:
    """The playbook of the deployed host, with a package of the archive."""
    playbook = {"extends": "lamp", "linux": {"repositories": {"lab": archive.repository()}, "packages": ["lab-tool"]}}
    return write_book(folder, playbook)


def write_book(folder: Path, playbook: Mapping[str, object]) -> str:
    path = folder / "lamp.yml"  # the playbook name of the first deploy, whose resources are to be retired
    path.write_text(json.dumps(playbook))
    return str(path)


def test_wrong_archive_key_is_refused_and_rolled_back(host: Host, archive: Archive, tmp_path: Path) -> None:
    wrong = Archive(archive.url, "/usr/share/keyrings/debian-archive-keyring.gpg")
    ran = host.lampctl("deploy", "HOST", "-p", book_with_tool(tmp_path, wrong))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "apt-archive"), ran
    assert host.sh("ls /etc/apt/sources.list.d /etc/apt/preferences.d").count("lampctl") == 0
    assert host.lampctl("plan", "HOST").changes == {}


def test_package_of_another_archive_is_installed(host: Host, archive: Archive, tmp_path: Path) -> None:
    book = book_with_tool(tmp_path, archive)
    ran = host.lampctl("deploy", "HOST", "-p", book)
    assert (ran.code, ran.changes["package:lab-tool"]) == (0, "install"), ran.out
    assert host.sh("lab-tool") == "a tool of the lab\n"
    assert host.lampctl("plan", "HOST", "-p", book).changes == {}
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.sh("ls /etc/apt/sources.list.d /etc/apt/preferences.d").count("lampctl") == 0


def test_php_version_that_no_archive_has_is_refused(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "site.yml"
    path.write_text('extends: lamp\nsites: {lamp.test: {default: true, database: true, php: {version: "7.0"}}}\n')
    ran = host.lampctl("deploy", "HOST", "-p", str(path))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "no-package"), ran
    assert "php7.0-fpm" in ran.host["error"]["evidence"]
    assert host.lampctl("plan", "HOST").changes == {}


@ON_ONE_RELEASE
def test_older_php_of_debian_that_would_remove_the_newer_one_is_refused(host: Host, tmp_path: Path) -> None:
    """The PHP packages of Debian releases exclude each other; nothing is removed for another."""
    path = tmp_path / "site.yml"
    path.write_text(
        f"extends: lamp\nlinux: {{repositories: {{older: {{url: 'http://deb.debian.org/debian', suite: {OLDER_SUITE},"
        " key: /usr/share/keyrings/debian-archive-keyring.gpg}}}\n"
        f'sites: {{lamp.test: {{default: true, database: true, php: {{version: "{OLDER}", repository: older}}}}}}\n'
    )
    ran = host.lampctl("deploy", "HOST", "-p", str(path))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "removes"), ran
    assert host.sh("ls /etc/apt/sources.list.d /etc/apt/preferences.d").count("lampctl") == 0
    assert host.lampctl("plan", "HOST").changes == {}


@ON_ONE_RELEASE
def test_two_php_versions_run_side_by_side(host: Host, archive: Archive, tmp_path: Path) -> None:
    path = book(tmp_path, archive)
    ran = host.lampctl("deploy", "HOST", "-p", path)
    assert ran.code == 0, ran
    services = [id for id in ran.results if id.startswith("php.service")]
    assert services == [f"php.service@{version}" for version in sorted((OWN, OLDER))]
    actual = {result["id"]: result["actual"] for result in ran.host["results"]}
    assert actual["site.php@old.test"].startswith(f"200, PHP {OLDER}.")
    assert actual["site.php@lamp.test"].startswith(f"200, PHP {OWN}.")
    assert host.lampctl("plan", "HOST", "-p", path).changes == {}
    policy = host.sh("apt-cache policy php-common mariadb-server")
    assert "1001" in policy, "what all versions share comes from the archive"
    assert policy.split("mariadb-server:")[1].count(" 500\n") >= 1, "the release's own archive kept its priority"


@pytest.mark.parametrize("server", ["apache", "nginx"])
@ON_ONE_RELEASE
def test_switch_of_php_version_loses_no_request(host: Host, archive: Archive, tmp_path: Path, server: str) -> None:
    assert host.lampctl("deploy", "HOST", "-p", book(tmp_path, archive, server)).code == 0
    own = f"lampctl-php{OWN}-lamp.test"
    for old in (("lamp.test", "old.test"), ("old.test",)):
        with visiting(host.box.address, good, "lamp.test", visitors=4, least=2000) as visits:
            ran = host.lampctl("deploy", "HOST", "-p", book(tmp_path, archive, server, old=old))
        assert ran.code == 0, ran
        assert (visits.failures, visits.count >= 2000) == ([], True), f"of {visits.count}"
        for kind in ("service", "socket"):
            state = host.sh(f"systemctl is-active {own}.{kind}; systemctl is-enabled {own}.{kind}", check=False).split()
            assert state == (["inactive", "not-found"] if len(old) == 2 else ["active", "enabled"])
        assert host.lampctl("plan", "HOST", "-p", book(tmp_path, archive, server, old=old)).changes == {}


@ON_ONE_RELEASE
def test_interrupted_switch_of_php_version_is_healed(host: Host, archive: Archive, tmp_path: Path) -> None:
    """The state after a run that died before it started the new services."""
    path = book(tmp_path, archive, "nginx", old=("lamp.test", "old.test"))
    assert host.lampctl("deploy", "HOST", "-p", path).code == 0
    host.sh(f"systemctl stop 'lampctl-php{OLDER}-*'; rm /etc/lampctl/php/{OLDER}/*.conf")
    ran = host.lampctl("check", "HOST", "-p", path)
    assert ran.host["culprit"]["id"] == "php.service"
    ran = host.lampctl("deploy", "HOST", "-p", path)
    assert ran.code == 0, ran
    assert host.lampctl("plan", "HOST", "-p", path).changes == {}


@ON_ONE_RELEASE
def test_vhost_with_the_pool_of_another_version_is_the_culprit(host: Host, archive: Archive, tmp_path: Path) -> None:
    """The vhost names another site's pool with another PHP, which cannot see this site's files."""
    path = book(tmp_path, archive, "nginx")
    assert host.lampctl("deploy", "HOST", "-p", path).code == 0
    other = f"/run/lampctl/php-{OWN}-lamp.test.sock"
    vhost = "/etc/nginx/sites-available/old.test.conf"
    host.sh(f"sed -i 's|unix:/run/lampctl/.*sock|unix:{other}|' {vhost}; systemctl reload nginx")
    ran = host.lampctl("check", "HOST", "-p", path)
    assert ran.host["culprit"]["id"] == "site.php@old.test"
    found = next(r for r in ran.host["results"] if r["id"] == "site.php@old.test")
    assert found["actual"].startswith("404")
    assert "this site's own socket" in found["hint"]
    assert host.lampctl("deploy", "HOST", "-p", path).code == 0


def test_upgrade_of_php_reaches_the_sites_services_without_a_lost_request(host: Host) -> None:
    """As it reaches the distribution's own service; an extension installed by hand is loaded too."""
    host.lampctl("deploy", "HOST")
    unit = host.sh("systemctl list-units --plain --no-legend 'lampctl-php*-lamp.test.service'").split()[0]
    version = unit.removeprefix("lampctl-php").partition("-")[0]
    pid = f"systemctl show -P MainPID lampctl-php{version}-lamp.test"
    install = "DEBIAN_FRONTEND=noninteractive apt-get -qqy --no-install-recommends install"
    for packages in (f"--reinstall php{version}-cli php{version}-fpm php{version}-opcache", f"php{version}-bcmath"):
        before = host.sh(pid)
        with visiting(host.box.address, good, "lamp.test", least=200) as visits:
            host.sh(f"{install} {packages} >/dev/null 2>&1")
        assert host.sh(pid) != before
        assert visits.failures == []
        assert {key for key in host.lampctl("plan", "HOST").changes if "php" in key} == set()
