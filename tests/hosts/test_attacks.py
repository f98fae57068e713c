"""A site's own code tries to make root change foreign files during a check or a deploy, and fails: each test takes an
inventory of all files that are not the sites' before and after."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
extends: lemp
sites:
  lamp.test: {default: true, database: true}
  files.test: {type: php, source: ./files}
  programs.test: {type: cgi}
  blog.test: {type: wordpress}
"""
BLOG, PROGRAMS, FILES = "/var/www/blog.test", "/var/www/programs.test", "/var/www/files.test"
GENERATORS = "/usr/lib/systemd/system-generators"
# Owner, mode, size and checksum of files that root would be tricked into changing.
INVENTORY = f"""
cd /
find /srv {GENERATORS} /etc/ssh /etc/passwd /etc/shadow /etc/systemd /etc/cron.d /usr/lib/tmpfiles.d -printf '%p %y %u:%g %m %l\\n' | sort
find /srv {GENERATORS} /etc/ssh /etc/passwd /etc/shadow /etc/cron.d -type f -exec sha256sum {{}} + | sort -k2
"""
# Waits for lampctl's files in its directory, and swaps each for a link as soon as it has content.
SWAPPER = r"""
import os, sys, time
target, *folders = sys.argv[1:]
end = time.time() + 40
while time.time() < end and not os.path.exists("/run/over"):
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            path = os.path.join(folder, name)
            if not name.startswith("lampctl-probe-"):
                continue
            for wanted in (path, os.path.splitext(path)[0] + ".php", os.path.splitext(path)[0] + ".cgi"):
                try:
                    os.symlink(target, wanted + ".mine")
                    os.rename(wanted + ".mine", wanted)
                except OSError:
                    pass
"""


@pytest.fixture(scope="module")
def book(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "files").mkdir()
    (folder / "files/index.php").write_text("<?php echo 'v1';")
    (folder / "site.yml").write_text(BOOK)
    ran = host.lampctl("deploy", "HOST", "-p", str(folder / "site.yml"))
    assert ran.code == 0, ran
    host.sh("apt-get -qq install -y --no-install-recommends python3-minimal >/dev/null 2>&1; cp /usr/bin/python3 /usr/local/bin/attacker"
            "; mkdir -p /srv/one/two /srv/kept; echo root > /srv/one/file; chmod 600 /srv/one/file")  # fmt: skip
    return folder / "site.yml"


@contextmanager
def unchanged(host: Host) -> Iterator[None]:
    before = host.sh(INVENTORY)
    yield
    assert host.sh(INVENTORY) == before


@contextmanager
def attacking(host: Host, user: str, *argv: str) -> Iterator[None]:
    """Run a program as `user` until the block ends, which creates /run/over."""
    host.sh(f"cat > /usr/local/share/swapper.py <<'EOF'\n{SWAPPER}EOF\nrm -f /run/over")
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    attacker = subprocess.Popen(
        [*host.enter("-a"), *as_user, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
        assert attacker.poll() is None, "the attacker was at it all the time"
    finally:
        host.sh("touch /run/over")
        attacker.wait(20)


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc/shadow", "/etc/ssh/ssh_host_ed25519_key"])
def test_probe_swapped_for_a_link_changes_nothing_of_root(host: Host, book: Path, target: str) -> None:
    """Between root's steps, the probe of a CGI site, a PHP site and WordPress becomes a link to a file of root."""
    for user, folders in {
        "site-blog-test": (f"{BLOG}/wp-content", f"{BLOG}/wp-content/uploads"),
        "site-programs-test": (PROGRAMS, f"{PROGRAMS}/cgi-bin"),
        "site-files-test": (FILES, f"{FILES}/current/"),
    }.items():
        with unchanged(host), attacking(host, user, "python3", "/usr/local/share/swapper.py", target, *folders):
            for _ in range(3):
                assert host.lampctl("check", "HOST", "-p", str(book)).host["error"] is None
    host.sh(f"rm -f {BLOG}/wp-content/lampctl-probe* {BLOG}/wp-content/uploads/lampctl-probe*")
    assert host.lampctl("check", "HOST", "-p", str(book)).code == 0


@pytest.mark.parametrize(("home", "folder", "user"), [
    (BLOG, "wp-content/uploads", "site-blog-test"),
    (BLOG, "wp-content", "site-blog-test"),
    (PROGRAMS, "cgi-bin", "site-programs-test"),
])  # fmt: skip
def test_folder_replaced_by_a_link_is_not_followed(host: Host, book: Path, home: str, folder: str, user: str) -> None:
    """Hosts of 0.1, where sites owned their homes, may have such a link: no file is created behind it."""
    host.sh(f"cd {home}; mv {folder} /root/kept; ln -s {GENERATORS} {folder}; chown -h {user}: {folder}")
    try:
        with unchanged(host):
            assert host.lampctl("check", "HOST", "-p", str(book)).host["error"] is None
            host.lampctl("deploy", "HOST", "-p", str(book))
    finally:
        host.sh(f"cd {home}; rm {folder}; mv /root/kept {folder}")
    assert host.lampctl("deploy", "HOST", "-p", str(book)).code == 0


def test_releases_folder_replaced_by_a_link_is_not_followed(host: Host, book: Path) -> None:
    """On a host of 0.1, the owner of the home replaced the releases with a link: nothing behind it is removed."""
    host.sh(f"cd {FILES}; mv releases /root/kept; ln -s /srv releases; chown -h site-files-test: releases;"
            "chown site-files-test:www-data .; mkdir -p /srv/a /srv/b /srv/c /srv/d /srv/e /srv/f /srv/g")  # fmt: skip
    (book.parent / "files/index.php").write_text("<?php echo 'v2';")
    with unchanged(host):
        ran = host.lampctl("deploy", "HOST", "-p", str(book))
        assert ran.code == 1, ran
        assert "releases is a link that belongs to site-files-test" in ran.host["error"]["evidence"]
    host.sh(f"cd {FILES}; rm releases; mv /root/kept releases")
    assert host.lampctl("deploy", "HOST", "-p", str(book)).code == 0
    assert host.sh(f"stat -c '%U:%G %a' {FILES}") == "root:www-data 750\n"


@pytest.mark.usefixtures("book")
def test_site_cannot_rename_folders_that_root_uses(host: Host) -> None:
    """Homes belong to root: the site can't rename, replace or remove what is in them."""
    as_site = "setpriv --reuid=site-files-test --regid=site-files-test --clear-groups"
    for attempt in (f"mv {FILES}/releases {FILES}/x", f"ln -sfn /srv {FILES}/current", f"rm -r {FILES}/current/",
                    f"touch {FILES}/new", f"chmod 777 {FILES}", f"touch {FILES}/current/new"):  # fmt: skip
        assert host.sh(f"{as_site} {attempt} 2>&1; echo rc=$?").endswith("rc=1\n"), attempt
    assert host.sh(f"{as_site} cat {FILES}/current/index.php").startswith("<?php")


def test_names_with_tabs_and_newlines_add_no_rows_to_what_root_reads(host: Host, book: Path) -> None:
    """What scripts on the host print are rows with tabs."""
    folders = f"{BLOG}/wp-content/uploads {BLOG}/wp-content/upgrade"
    script = "for name in 'a\\tb' 'a\\tholds\\troot\\t9\\nuser\\tsite-blog-test\\tmissing' '\\033[31m'; do\n"
    script += '  name=./$(printf %b "$name"); mkdir "$name"; ln -s /etc/shadow "$name/link"; touch "$name/$(printf "a\\tb")"\ndone\n'
    as_site = "setpriv --reuid=site-blog-test --regid=site-blog-test --clear-groups"
    host.sh(
        f"cat > /root/names <<'END'\n{script}END\nfor at in {folders}; do (cd $at; {as_site} sh < /root/names); done"
    )
    with unchanged(host):
        assert host.lampctl("plan", "HOST", "-p", str(book)).changes == {}
        assert host.lampctl("check", "HOST", "-p", str(book)).code == 0
    host.sh(f"for at in {folders}; do rm -r $at/a* $at/*31m; done")


@pytest.mark.parametrize("folder", ["upgrade", "uploads"])
def test_folder_swapped_for_a_link_during_a_deploy_is_not_followed(host: Host, book: Path, folder: str) -> None:
    """Replaced between plan and apply: there, only the site's own rights are used."""
    path = f"{BLOG}/wp-content/{folder}"
    host.sh(f"mv {path} /root/kept")
    swap = f"while [ ! -e /run/over ]; do ln -s /srv/one {path} && ln -sfn /srv/one {path}.new; done 2>/dev/null"
    try:
        with unchanged(host), attacking(host, "site-blog-test", "sh", "-c", swap):
            host.lampctl("deploy", "HOST", "-p", str(book))
    finally:
        host.sh(f"rm -rf {path} {path}.new; mv /root/kept {path}")
    assert host.lampctl("deploy", "HOST", "-p", str(book)).code == 0


def get(host: Host, site: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host.box.address, timeout=20)
    connection.request("GET", path, headers={"Host": site})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_links_into_another_site_are_not_served(host: Host, book: Path, server: str) -> None:
    """A site links to another site's file, which the web server may read."""
    assert host.lampctl("deploy", "HOST", "-p", str(book), "--set", f"web.server={server}").code == 0
    uploads = f"{BLOG}/wp-content/uploads"
    host.sh(f"echo 'a secret' > {FILES}/plain.txt; chown site-files-test:www-data {FILES}/plain.txt; chmod 640 {FILES}/plain.txt;"
            f"cd {BLOG}/wp-content; ln -s {FILES}/plain.txt uploads/a.txt; ln -s {FILES} themes/evil; ln -s {FILES} uploads/b;"
            f"echo own > uploads/own.txt; ln -s own.txt uploads/link.txt;"
            f"chown -h site-blog-test: uploads/* themes/evil")  # fmt: skip
    try:
        for path in ("uploads/a.txt", "uploads/b/plain.txt", "themes/evil/plain.txt", "uploads/b/current/index.php"):
            status, body = get(host, "blog.test", f"/wp-content/{path}")
            assert (status, "secret" in body, "<?php" in body) in ((403, False, False), (404, False, False)), path
        assert get(host, "blog.test", "/wp-content/uploads/link.txt") == (200, "own\n")
        theme = host.sh(f"ls {BLOG}/wp-content/themes | grep twenty").split()[0]
        assert get(host, "blog.test", f"/wp-content/themes/{theme}/style.css")[0] == 200
    finally:
        host.sh(
            f"rm {uploads}/a.txt {uploads}/b {uploads}/own.txt {uploads}/link.txt {BLOG}/wp-content/themes/evil {FILES}/plain.txt"
        )


@pytest.mark.usefixtures("book")
def test_web_server_can_read_what_it_serves_and_no_code(host: Host) -> None:
    as_server = "setpriv --reuid=www-data --regid=www-data --init-groups"
    host.sh(f"echo words > {FILES}/current/words.txt")
    for path, readable in {
        f"{FILES}/current/words.txt": True,
        f"{FILES}/current/index.php": False,
        "/var/www/lamp.test/index.php": False,
        "/etc/lampctl/secrets/lamp.test.conf": False,
    }.items():
        assert (host.sh(f"{as_server} cat {path} 2>&1; echo rc=$?").endswith("rc=0\n")) is readable, path
