"""Sites that get another name, applications of packages, and an Apache that listens on another address."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts import neighbours, visitor
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.overrides import original, template

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

LAMP = "lamp.test: {default: true, database: true}"
PAGE = """<?php
$found = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
echo $found->query('SELECT word FROM kept')->fetch_row()[0], ' ', file_get_contents(__DIR__ . '/kept.txt');
"""


def book(folder: Path, sites: str, more: str = "") -> Path:
    path = folder / "site.yml"
    path.write_text(f"extends: lamp\nid: moves-1\n{more}sites: {{{LAMP}, {sites}}}\n")
    return path


def run(host: Host, command: str, playbook: Path) -> RunResult:
    return host.lampctl(command, "HOST", "-p", str(playbook), cwd=playbook.parent)


OLD = "old.test: {database: true, tls: {mode: self-signed, redirect: false}}"
NEW = OLD.replace("old.test: {", "new.test: {renamed_from: old.test, ")


def fill(host: Host, playbook: Path) -> str:
    """Deploy old.test with a file and a row; returns the uid of its user."""
    assert run(host, "deploy", playbook).code == 0
    host.sh(f"""cd /var/www/old.test; cat > index.php <<'END'
{PAGE}END
        echo -n file > kept.txt; mariadb old_test -e "CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES ('row')" """)
    assert neighbours.get(host, "old.test", "/") == (200, "row file")
    return host.sh("id -u site-old-test")


def test_renamed_site_keeps_its_files_and_data_and_the_former_name_redirects(host: Host, tmp_path: Path) -> None:
    uid = fill(host, book(tmp_path, OLD))
    other = str(book(tmp_path, OLD.replace("old", "new")))
    left = host.lampctl("plan", "HOST", "-p", other, "--format", "text:/dev/stderr")
    assert "left of old.test: /var/www/old.test, the user site-old-test, the database user old_test@" in left.err
    undone = run(host, "deploy", book(tmp_path, NEW.replace("{", "{probe: {expect: never}, ", 1)))
    assert (undone.code, undone.host["undone"]) == (1, True), undone.out
    assert neighbours.get(host, "old.test", "/") == (200, "row file")
    ran = run(host, "deploy", book(tmp_path, NEW))
    assert ran.code == 0, ran
    assert neighbours.get(host, "new.test", "/") == (200, "row file")
    assert host.sh("id -u site-new-test") == uid
    assert host.sh("id site-old-test 2>&1 || :").strip().endswith("no such user")
    assert host.sh("ls -d /var/www/* /var/lib/php/lampctl/*").count("old.test") == 0
    answer = visitor.get(host.box.address, "/a?b=c", "old.test").lower()
    assert "301" in answer.splitlines()[0]
    assert "location: http://new.test/a?b=c" in answer
    assert run(host, "plan", book(tmp_path, NEW)).changes == {}
    assert (back := run(host, "undo", book(tmp_path, NEW))).code == 0, back.out
    assert neighbours.get(host, "old.test", "/") == (200, "row file")
    assert run(host, "deploy", book(tmp_path, NEW)).code == 0
    assert neighbours.get(host, "new.test", "/") == (200, "row file")


def test_application_of_a_package_that_comes_in_the_same_run_stays_as_it_is(host: Host, tmp_path: Path) -> None:
    more = "linux: {packages: [phpmyadmin]}\n"
    playbook = book(tmp_path, "admin.test: {root: /usr/share/phpmyadmin}", more)
    ran = run(host, "deploy", playbook)
    assert ran.code == 0, ran
    status, page = neighbours.get(host, "admin.test", "/")
    assert (status, "phpMyAdmin" in page) == (200, True)
    assert host.sh("dpkg -V phpmyadmin") == ""
    assert host.sh("stat -c '%U:%G %a' /usr/share/phpmyadmin").strip() == "root:root 755"
    assert run(host, "plan", playbook).changes == {}
    missing = run(host, "plan", book(tmp_path, "admin.test: {root: /usr/share/no-such}", more))
    assert (missing.code, missing.host["error"]["kind"]) == (1, "conflict"), missing
    assert "linux: {packages: [NAME]}" in missing.host["error"]["hint"]


def test_port_that_moves_to_another_address_takes_a_restart_that_the_plan_announces(host: Host, tmp_path: Path) -> None:
    """A reload would make Apache exit: it can't bind the port that it still has."""
    host.sh("sed -i 's/^Listen 80/Listen 127.0.0.1:80/' /etc/apache2/ports.conf; systemctl restart apache2")
    local = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/80' && systemctl show -P Result apache2"
    name = "apache/handlers/fpm.conf.j2"
    broken = template(tmp_path / "broken", name, original(name).replace("SetHandler", "# SetHandler"))
    playbook = book(tmp_path, "more.test: {}")
    (broken / "site.yml").write_text(playbook.read_text())
    undone = run(host, "deploy", broken / "site.yml")
    assert (undone.code, undone.host["undone"]) == (1, True), undone.out
    assert host.sh(local).strip() == "success"
    planned = run(host, "plan", playbook)
    change = next(c for c in planned.host["changes"] if c["resource"] == "service:apache2.service")
    assert change["action"] == "restart"
    assert "which a reload can't do" in change["diff"]
    ran = run(host, "deploy", playbook)
    assert ran.code == 0, ran
    assert host.works()
    assert run(host, "plan", playbook).changes == {}
