"""WordPress as its users use it: log in, publish, upload, read; behind both servers on one host."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import zlib
from pathlib import Path
from shlex import quote

import pytest

from tests.hosts import foreign
from tests.hosts.blog import NAME, PLAYBOOK, Browser
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.servers import SETTLED

pytestmark = pytest.mark.hosts

CLOSED = "127.0.0.1 api.wordpress.org"  # no test depends on what is there today
# What Site Health says without wordpress.org, and what only the playbook's author can answer for. No page cache: issue 16.
UNKNOWN = {"wordpress_version": "", "dotorg_communication": "critical"}
CHOSEN = {"page_cache"}
SECRETS = (
    f"/etc/lampctl/secrets/admin@{NAME}.conf /etc/lampctl/secrets/salts@{NAME}.conf /etc/lampctl/secrets/{NAME}.conf"
)


def png() -> bytes:
    """A red dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "blog.yml").write_text(PLAYBOOK)
    return folder


@pytest.fixture(scope="module", params=["apache", "nginx"])
def blog(host: Host, project: Path, request: pytest.FixtureRequest) -> tuple[Host, str, RunResult]:
    server = f"web.server={request.param}"
    host.sh(f"grep -qxF {quote(CLOSED)} /etc/hosts || echo {quote(CLOSED)} >> /etc/hosts")
    ran = host.lampctl("deploy", "HOST", "-p", "blog.yml", "--set", server, cwd=project)
    host.sh(SETTLED)
    return host, server, ran


def test_every_hop_is_proved_and_a_second_plan_is_empty(blog: tuple[Host, str, RunResult], project: Path) -> None:
    host, server, ran = blog
    assert ran.code == 0, ran
    assert set(ran.results.values()) == {"pass"}
    hops = ("php", "database", "tables", "front", "answer", "login", "admin", "rest", "uploads", "cron", "outside")
    assert [hop for hop in ran.results if hop.startswith("site.")] == [f"site.{hop}@{NAME}" for hop in hops]
    plan = host.lampctl("plan", "HOST", "-p", "blog.yml", "--set", server, cwd=project)
    assert plan.changes == {}


def test_secrets_stay_on_the_host(blog: tuple[Host, str, RunResult]) -> None:
    host, _, ran = blog
    values = re.findall(r'= "(.{32})"', host.sh(f"cat {SECRETS}"))
    assert len(values) == 3
    assert not [value for value in values if value in ran.out + ran.err]
    assert set(host.sh(f"stat -c '%U %a' {SECRETS}").splitlines()) == {"root 600"}
    found = host.sh(f"grep -rlF -e {values[0]} -e {values[1]} /etc /var/www || :").split()
    assert sorted(found) == SECRETS.split()[:2]


def test_user_logs_in_publishes_and_uploads_and_a_visitor_reads(blog: tuple[Host, str, RunResult]) -> None:
    host, server, _ = blog
    editor, visitor = Browser(host.box.address), Browser(host.box.address)
    nonce = editor.log_in(password(host))
    post = {"title": f"Behind {server}", "content": "Written by a test.", "status": "publish"}
    status, _, made = editor.ask("/wp-json/wp/v2/posts", json.dumps(post).encode(), X_WP_Nonce=nonce,
                                 Content_Type="application/json")  # fmt: skip
    assert status == 201, made[:500]
    status, _, page = visitor.ask(json.loads(made)["link"])
    assert (status, b"Written by a test." in page) == (200, True)
    assert "?" not in json.loads(made)["link"]

    status, _, made = editor.ask("/wp-json/wp/v2/media", png(), X_WP_Nonce=nonce, Content_Type="image/png",
                                 Content_Disposition="attachment; filename=dot.png")  # fmt: skip
    assert status == 201, made[:500]
    status, headers, picture = visitor.ask(json.loads(made)["source_url"])
    assert (status, headers["Content-Type"], picture) == (200, "image/png", png())


def test_uploads_are_data_and_the_installer_is_closed(blog: tuple[Host, str, RunResult]) -> None:
    host, _, _ = blog
    uploads = f"/var/www/{NAME}/wp-content/uploads"
    for name in ("x.php", "x.PHP", "x.phtml", "x.phar"):
        host.sh(f"echo '<?php echo 6 * 7;' > {uploads}/{name}")
        status, _, page = Browser(host.box.address).ask(f"/wp-content/uploads/{name}")
        assert (status, b"42" in page) == (403, False)
    host.sh(f"rm {uploads}/x.*")
    assert Browser(host.box.address).ask("/wp-admin/install.php")[0] == 403


def test_user_names_are_not_shown_to_visitors(blog: tuple[Host, str, RunResult]) -> None:
    visitor = Browser(blog[0].box.address)
    for url in ("/?author=1", "/wp-json/wp/v2/users", "/wp-json/wp/v2/users/1", "/?rest_route=/wp/v2/users"):
        status, headers, _ = visitor.ask(url)
        assert (status, headers["Location"]) == (404, None), url
    assert b"<url>" not in visitor.ask("/wp-sitemap-users-1.xml")[2]
    nonce = visitor.log_in(password(blog[0]))
    assert visitor.ask("/wp-json/wp/v2/users", X_WP_Nonce=nonce)[0] == 200


def test_site_health_has_only_what_the_host_cannot_answer_for(blog: tuple[Host, str, RunResult]) -> None:
    host, _, _ = blog
    found = Browser(host.box.address).site_health(password(host))
    assert not_chosen(found) == {**UNKNOWN, "https_status": "recommended"}, found
    assert "cURL error 7: " in found["dotorg_communication"][1]
    # Elsewhere on the host, the name is what it was.
    assert host.sh(f"getent hosts {NAME} || :") == ""


def password(host: Host, name: str = NAME) -> str:
    return host.sh(f"sed -n 's/.*= \"\\(.*\\)\"/\\1/p' /etc/lampctl/secrets/admin@{name}.conf").strip()


def not_chosen(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    assert set(found) >= CHOSEN
    return {test: status for test, (status, _) in found.items() if test not in CHOSEN}


def test_cron_runs_as_the_sites_user(blog: tuple[Host, str, RunResult]) -> None:
    host, _, _ = blog
    unit = f"lampctl-wp-cron-{NAME}"
    assert host.sh(f"systemctl is-active {unit}.timer").strip() == "active"
    host.sh(f"systemctl start {unit}.service")
    assert host.sh(f"systemctl show --value -p Result -p User {unit}.service").split() == [
        "success",
        "site-wordpress-test",
    ]
    sql = "SELECT option_value FROM wordpress_test.wp_options WHERE option_name = 'cron'"
    assert "wp_version_check" in host.sh(f'mariadb -N -e "{sql}"')


def test_empty_front_page_fails(blog: tuple[Host, str, RunResult], project: Path) -> None:
    """WordPress without a theme answers 200 with an empty page."""
    host, server, _ = blog
    themes = f"/var/www/{NAME}/wp-content/themes"
    host.sh(f"mv {themes} {themes}.away && mkdir {themes}")
    ran = host.lampctl("check", "HOST", "-p", "blog.yml", "--set", server, cwd=project)
    host.sh(f"rmdir {themes} && mv {themes}.away {themes}")
    found = next(r for r in ran.host["results"] if r["id"] == f"site.front@{NAME}")
    assert ran.host["culprit"]["id"] == f"site.front@{NAME}"
    assert found["actual"] == "200, but the page is empty"
    assert "lampctl-probe" not in found["evidence"]  # the other probes log it


@ON_ONE_RELEASE
@pytest.mark.parametrize("blog", ["nginx"], indirect=True)
def test_foreign_dump_is_moved_to_this_name(blog: tuple[Host, str, RunResult], project: Path, tmp_path: Path) -> None:
    host, server, _ = blog
    foreign.move_there_and_back(host, NAME, tmp_path / "x.sql")
    assert host.lampctl("check", "HOST", "-p", "blog.yml", "--set", server, cwd=project).code == 0
    assert foreign.ELSEWHERE.encode() not in Browser(host.box.address).ask("/")[2]


@ON_ONE_RELEASE
def test_release_from_a_tarball_works_beside_the_package(blog: tuple[Host, str, RunResult], project: Path) -> None:
    """Packed from the package's files in upstream's layout: in a folder, without a configuration."""
    host, server, _ = blog
    name, tarball = "tarball.test", project / "wordpress.tar.gz"
    pack = "tar -C /usr/share -chz --exclude=wp-config.php wordpress | base64"
    tarball.write_bytes(base64.b64decode(host.sh(pack)))
    release = f"extends: lamp\nsites:\n  {name}: {{type: wordpress, tarball: wordpress.tar.gz, sha256: %s}}\n"
    book = project / "tarball.yml"

    def lampctl(command: str, sha256: str) -> RunResult:
        book.write_text(release % sha256)
        return host.lampctl(command, "HOST", "-p", "tarball.yml", "--set", server, cwd=project)

    checksum = hashlib.sha256(tarball.read_bytes()).hexdigest()
    ran = lampctl("plan", "f" * 64)
    assert (ran.code, f"its SHA-256 is {checksum}" in ran.out) == (2, True), ran
    ran = lampctl("deploy", checksum)
    assert ran.code == 0, ran
    assert {check: status for check, status in ran.results.items() if status != "pass"} == {}
    assert ran.results[f"site.outside@{name}"] == "pass"
    assert lampctl("plan", checksum).changes == {}
    assert host.sh(f"stat -c %U:%a /var/www/{name}/current/index.php").strip() == "root:644"
    found = Browser(host.box.address, name).site_health(password(host, name))
    assert not_chosen(found) == {**UNKNOWN, "https_status": "recommended"}, found


@ON_ONE_RELEASE
@pytest.mark.parametrize("blog", ["nginx"], indirect=True)
def test_site_health_by_https_with_nginx_before_apache(blog: tuple[Host, str, RunResult], project: Path) -> None:
    """The last test of this host: the site's address is another one then."""
    host, _, _ = blog
    (project / "secure.yml").write_text(PLAYBOOK.replace("{type", "{tls: self-signed, type"))
    ran = host.lampctl("deploy", "HOST", "-p", "secure.yml", "--set", "web.front=nginx", cwd=project)
    assert ran.code == 0, ran
    host.sh(SETTLED)
    found = Browser(host.box.address, tls=True).site_health(password(host))
    assert not_chosen(found) == UNKNOWN, found
