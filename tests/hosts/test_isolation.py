"""The PHP of one site cannot reach another's files, sessions, sockets, processes, secrets and database, nor write elsewhere.
Tested by a script that runs in the pool of a.test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hosts.conftest import Host
from tests.hosts.neighbours import ASK, BOOK, PAGE, Sites, get

pytestmark = pytest.mark.hosts
PRIVATE = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")  # private to each service


@pytest.fixture(scope="module")
def sites(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Sites:
    book = tmp_path_factory.mktemp("isolation") / "site.yml"
    book.write_text(BOOK)
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran
    (script := Path(book.parent / "ask.php")).write_text(ASK)
    host.sh(
        f"cat > /var/www/a.test/ask.php <<'EOF'\n{script.read_text()}EOF\n"
        'printf \'<?php session_start(); $_SESSION["who"] = "b"; echo "' + PAGE + "\";' > /var/www/b.test/page.php\n"
        "echo 'key = of b.test' > /var/www/b.test/config.ini\n"
        "mkdir /var/www/a.test/data; chown site-a-test: /var/www/a.test/data\n"  # homes belong to root: a site writes to its own folder
        "chown site-b-test: /var/www/b.test/*; chmod 644 /var/www/*/*.php /var/www/b.test/config.ini"
    )
    return Sites(host, str(book))


@pytest.fixture(scope="module")
def version(sites: Sites) -> str:
    return str(sites.php("PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION"))


def test_script_runs_as_the_sites_own_user(sites: Sites) -> None:
    assert "(site-a-test)" in sites.php("shell_exec('id')")
    assert get(sites.host, "b.test", "/page.php") == (200, PAGE)
    assert "ask.php" in sites.php("scandir('/var/www/a.test')")


@pytest.mark.parametrize(
    "path",
    [
        "/var/www/b.test/config.ini",
        "/var/www/b.test/page.php",
        "/etc/lampctl/secrets/b.test.conf",
        "POOL",
        "/etc/shadow",
    ],
)
def test_files_of_another_site_cannot_be_read(sites: Sites, version: str, path: str) -> None:
    path = path.replace("POOL", f"/etc/lampctl/php/{version}/b.test.conf")
    assert sites.host.sh(f"cat {path}") != ""
    assert sites.php(f"file_get_contents('{path}')") is False
    assert sites.php(f"shell_exec('cat {path}')") is None


def test_folders_of_another_site_cannot_be_listed(sites: Sites) -> None:
    for path in ("/var/www/b.test", "/var/lib/php/lampctl/b.test", "/var/lib/php/lampctl", "/etc/lampctl/secrets"):
        assert sites.php(f"scandir('{path}')") is False, path


def test_sessions_of_another_site_cannot_be_read(sites: Sites) -> None:
    get(sites.host, "b.test", "/page.php")
    made = sites.host.sh("ls /var/lib/php/lampctl/b.test").split()
    assert made, "b.test has no session that could be read"
    assert sites.php(f"file_get_contents('/var/lib/php/lampctl/b.test/{made[0]}')") is False
    assert sites.php("file_put_contents('/var/lib/php/lampctl/b.test/sess_x', 'x')") is False


def test_old_sessions_are_removed_although_debian_removes_only_its_own(sites: Sites) -> None:
    assert sites.php("[ini_get('session.save_path'), (int) ini_get('session.gc_probability')]") == [
        "/var/lib/php/lampctl/a.test",
        1,
    ]
    sites.host.sh(
        "touch -d '2 days ago' /var/lib/php/lampctl/a.test/sess_old; chown site-a-test: /var/lib/php/lampctl/a.test/*"
    )
    assert sites.php("[session_start(), session_gc() > 0]") == [True, True]
    assert "sess_old" not in sites.host.sh("ls /var/lib/php/lampctl/a.test")


def test_pools_of_other_sites_cannot_be_reached(sites: Sites) -> None:
    sockets = sites.host.sh("ls /run/lampctl/*.sock /run/php/*.sock").split()
    assert [path for path in sockets if "b.test" in path]
    for path in sockets:
        assert sites.php(f"@stream_socket_client('unix://{path}', $code, $text, 2) ? 'connected' : $code") == 13, path


def test_opcache_of_another_site_cannot_be_seen(sites: Sites) -> None:
    """Each site has its own opcache, which holds files older than two seconds."""
    sites.host.sh("touch -d '1 minute ago' /var/www/[ab].test/*.php")
    assert get(sites.host, "b.test", "/page.php") == (200, PAGE), "now it is in opcache"
    assert sites.php("(include '/var/www/b.test/page.php')") is False
    known = sites.php("array_keys(opcache_get_status()['scripts'])")
    assert "/var/www/a.test/ask.php" in known
    assert [path for path in known if not path.startswith("/var/www/a.test/")] == []


def test_processes_and_environment_of_others_are_hidden(sites: Sites) -> None:
    seen = sites.php('shell_exec(\'cat /proc/[0-9]*/cmdline | tr "\\\\0" " "\')')
    assert "mariadbd" not in seen
    assert "b.test" not in seen
    environment = sites.php('shell_exec(\'cat /proc/[0-9]*/environ | tr "\\\\0" "\\\\n"\')')
    assert "DB_NAME=a_test" in environment
    assert "b_test" not in environment
    assert "b.test" not in json.dumps(sites.php("shell_exec('systemctl list-units 2>&1')"))


def test_database_of_another_site_cannot_be_used(sites: Sites) -> None:
    login = "new mysqli('localhost', getenv('DB_USER'), getenv('DB_PASSWORD')"
    assert sites.php(f"({login}))->query('SHOW DATABASES')->fetch_all()") == [["a_test"], ["information_schema"]]
    assert "Access denied" in sites.php(f"{login}, 'b_test')")
    assert "Access denied" in sites.php("new mysqli('localhost', 'b_test', '')")
    assert "Access denied" in sites.php("new mysqli('localhost', 'root', '')")


def test_site_can_write_only_to_its_own_places(sites: Sites) -> None:
    found = sites.php(
        "shell_exec('find / -writable ( -type d -o -type f ) -not -path \"/proc/*\" 2>/dev/null')".replace(
            "( ", "\\\\( "
        ).replace(" )", " \\\\)", 1)
    )
    # The last one: where a service can register for memory pressure events.
    own = (
        "/var/www/a.test",
        "/var/lib/php/lampctl/a.test",
        *PRIVATE,
        "/sys/fs/cgroup/lampctl.slice/lampctl-a.test.slice/",
    )
    assert [path for path in found.split("\n") if path and not path.startswith(own)] == []
    for path in ("/var/lib/php/sessions/x", "/run/lock/x", "/run/lampctl/x", "/etc/x"):
        assert sites.php(f"file_put_contents('{path}', 'x')") is False, path
    for path in PRIVATE[:3]:
        assert sites.php(f"file_put_contents('{path}/x', 'x')") == 1
        assert sites.host.sh(f"ls {path}/x", check=False) == "", "nobody else sees it"
    assert sites.php("dirname(tempnam(sys_get_temp_dir(), 'x'))") == "/var/lib/php/lampctl/a.test"
    assert sites.php("shell_exec('mktemp')").startswith("/var/lib/php/lampctl/a.test/")


def test_sandbox_allows_what_applications_need(sites: Sites) -> None:
    """Name resolution, the network, processes, uploads, temporary files of images and archives."""
    assert sites.php("gethostbyname('localhost')") == "127.0.0.1"
    assert sites.php("(bool) fsockopen('127.0.0.1', 80)") is True
    assert sites.php("proc_close(proc_open('exit 3', [], $pipes))") == 3
    assert sites.php(
        "[file_put_contents('/var/www/a.test/data/new.txt', 'x'), chmod('/var/www/a.test/data/new.txt', 0644)]"
    ) == [
        1,
        True,
    ]
    assert get(sites.host, "a.test", "/data/new.txt") == (200, "x")
    assert sites.php("fwrite(tmpfile(), 'x')") == 1
    assert sites.php("preg_match('/^(a+)+$/', str_repeat('a', 30))") == 1


@pytest.mark.parametrize(
    ("release", "server"), [("trixie", "apache"), ("trixie", "nginx"), ("bookworm", "apache")], indirect=["release"]
)
def test_links_into_another_site_are_not_served(sites: Sites, server: str) -> None:
    """The web server may read all sites, but must not serve one site's files for another."""
    assert sites.host.lampctl("deploy", "HOST", "-p", sites.book, "--set", f"web.server={server}").code == 0
    sites.php(
        "[symlink('/var/www/b.test/config.ini', '/var/www/a.test/data/leak.txt'), symlink('/var/www/b.test', '/var/www/a.test/data/leak')]"
    )
    sites.php(
        "[file_put_contents('/var/www/a.test/data/mine.txt', 'mine'), symlink('/var/www/a.test/data/mine.txt', '/var/www/a.test/data/link.txt')]"
    )
    assert get(sites.host, "b.test", "/config.ini")[0] == 200
    for path in ("/data/leak.txt", "/data/leak/config.ini"):
        status, body = get(sites.host, "a.test", path)
        assert (status, "of b.test" in body) in ((403, False), (404, False)), path
    assert get(sites.host, "a.test", "/data/link.txt") == (200, "mine")
