"""Applications: a source from git, its public folder, its front controller."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.hosts.conftest import Host

pytestmark = pytest.mark.hosts

FRONT = """<?php
require __DIR__ . '/../src/shop.php';
echo SHOP . ' ' . ($_SERVER['PATH_INFO'] ?? '-') . ' ' . $_SERVER['REQUEST_URI'] . ' ' . $_SERVER['SCRIPT_NAME'];
"""
FILES = {
    "public/index.php": FRONT,
    "public/admin/index.php": "<?php echo 'admin';",
    "public/bare/style.css": "p {}",
    "src/shop.php": "<?php const SHOP = 'shop one';",
    "settings.txt": "secret",
    "tests/a.php": "",
}
BOOK = """
web: {{server: {server}}}
php: {{}}
sites:
  shop.test:
    source: {{git: shop, ref: {ref}}}
    exclude: [tests]
    public: public
    front_controller: index.php
    probe: {{path: /basket, expect: shop}}
"""
ANSWERS = {
    "/": "200 shop one - / /index.php",
    "/a/b?c=d": "200 shop one - /a/b?c=d /index.php",
    "/a/": "200 shop one - /a/ /index.php",
    "/index.php/a/b": "200 shop one /a/b /index.php/a/b /index.php",
    "/none.php": "200 shop one - /none.php /index.php",
    "/none.php/x": "200 shop one - /none.php/x /index.php",
    "/missing.jpg": "200 shop one - /missing.jpg /index.php",
    "/.well-known/change-password": "200 shop one - /.well-known/change-password /index.php",
    "/admin/": "200 admin",
    "/bare/": "200 shop one - /bare/ /index.php",
    "/bare/style.css": "200 p {}",
    "/src/shop.php": "200 shop one - /src/shop.php /index.php",
    "/../settings.txt": "400 ",
    "/.env": "403 ",
}


def commit(folder: Path, files: Mapping[str, str]) -> str:
    """Commit these files in the repository `shop`; returns the commit."""
    for name, text in files.items():
        (folder / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "shop" / name).write_text(text)
    who = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "change"]):
        subprocess.run([*who, *command], cwd=folder / "shop", check=True, capture_output=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder / "shop", check=True, capture_output=True, text=True)
    return done.stdout.strip()


def answer(host: Host, path: str) -> str:
    """`STATUS BODY`; the body only of a 200."""
    connection = HTTPConnection(host.box.address, timeout=30)
    connection.request("GET", path, headers={"Host": "shop.test"})
    found = connection.getresponse()
    body = found.read().decode()
    connection.close()
    return f"{found.status} {body if found.status == 200 else ''}"


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_public_folder_of_a_commit_with_its_front_controller(host: Host, tmp_path: Path, server: str) -> None:
    first = commit(tmp_path, FILES | {"server.txt": server})
    (tmp_path / "site.yml").write_text(BOOK.format(server=server, ref="main"))
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=tmp_path)
    assert ran.code == 0, ran
    assert any(f"commit {first[:12]}" in change["diff"] for change in ran.host["changes"])
    assert {path: answer(host, path) for path in ANSWERS} == ANSWERS
    assert host.sh("ls /var/www/shop.test/current").split() == ["public", "server.txt", "settings.txt", "src"]
    web = host.sh("ps -o user= -C apache2,nginx | sort | uniq -c | sort -n | tail -1").split()[1]
    for closed in ("settings.txt", "src/shop.php", "public/index.php"):
        assert host.sh(f"runuser -u {web} -- cat /var/www/shop.test/current/{closed} 2>&1 || :").endswith(
            "Permission denied\n"
        )
    assert host.lampctl("plan", "HOST", "-p", "site.yml", cwd=tmp_path).changes == {}

    commit(tmp_path, {"src/shop.php": "<?php const SHOP = 'shop two';"})
    assert host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=tmp_path).code == 0
    assert answer(host, "/") == "200 shop two - / /index.php"

    commit(tmp_path, {"src/shop.php": "<?php const SHOP = 'shop three'"})
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=tmp_path)
    assert (ran.code, ran.host["culprit"]["id"], ran.host["undone"]) == (1, "site.answer@shop.test", True), ran
    assert answer(host, "/") == "200 shop two - / /index.php"

    (tmp_path / "site.yml").write_text(BOOK.format(server=server, ref=first))
    assert host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=tmp_path).code == 0
    assert answer(host, "/") == "200 shop one - / /index.php"
