"""The environment of sites' code on a host: PHP, a program and CGI get the same; secrets are nobody else's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import Host, RunResult

pytestmark = pytest.mark.hosts

PHP = """<?php
if (getenv('MODE') === 'bad') { throw new Exception('MODE is bad'); }
$url = parse_url(getenv('DATABASE_URL'));
$db = new mysqli($url['host'], $url['user'], $url['pass'], ltrim($url['path'], '/'), $url['port'], getenv('DB_SOCKET'));
echo json_encode(getenv() + ['asked' => $db->query('SELECT DATABASE()')->fetch_row()[0]]);
"""
PROGRAM = """
import http.server, json, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(dict(os.environ)).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""
CGI = """#!/usr/bin/python3
import json, os
print("Content-Type: text/plain\\n\\n" + json.dumps(dict(os.environ)))
"""
ENTRIES = """{MODE: MODE_, KEY: {secret: generate}, TOKEN: {secret: {env: TEST_TOKEN}},
               ODD: "it's \\\\ \\"$1\\" `x` ${KEY} $${KEY}", REDIS: "redis://:${TOKEN}@localhost"}"""
BOOK = """
linux: {packages: [python3]}
mysql: {}
php: {}
web: {}
sites:
  php.test: {source: php, database: true, environment: ENTRIES}
  program.test: {type: process, source: program, command: python3 serve.py, port: 8000, database: true, environment: ENTRIES}
  cgi.test: {type: cgi, source: cgi, database: true, environment: ENTRIES, probe: {path: /cgi-bin/env, expect: DB_NAME}}
  other.test: {}
"""
SITES = {"php.test": "/", "program.test": "/", "cgi.test": "/cgi-bin/env"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    for name, text in {"php/index.php": PHP, "program/serve.py": PROGRAM, "cgi/cgi-bin/env": CGI}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "cgi/cgi-bin/env").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def given(boxes: Boxes, folder: Path) -> Iterator[Host]:
    host = Host(boxes.up("environment", "trixie"), boxes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_TOKEN", "first!\"'\\ $x")
        ran = run(host, folder)
    assert ran.code == 0, ran
    yield host
    boxes.down(host.box.name)


def run(host: Host, folder: Path, mode: str = "good", command: str = "deploy") -> RunResult:
    (folder / "site.yml").write_text(BOOK.replace("ENTRIES", ENTRIES.replace("MODE_", mode)))
    return host.lampctl(command, "HOST", "-p", "site.yml", cwd=folder)


def ask(host: Host, site: str) -> tuple[int, str]:
    """The status and the text of the site's page."""
    connection = HTTPConnection(host.box.address, timeout=30)
    connection.request("GET", SITES[site], headers={"Host": site})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def environment(host: Host, site: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(ask(host, site)[1])
    return found


def secret(host: Host, name: str) -> str:
    return host.sh(f"sed -n 's/^env.* = \"\\(.*\\)\"$/\\1/p' /etc/lampctl/secrets/{name}.conf").strip("\n")


@pytest.mark.parametrize("site", SITES)
def test_code_has_values_secrets_and_the_database(given: Host, site: str) -> None:
    found = environment(given, site)
    key, password = secret(given, f"env@{site}@KEY"), secret(given, site)
    assert len(key) == len(password) == 32
    assert (found["MODE"], found["KEY"], found["TOKEN"]) == ("good", key, "first!\"'\\ $x")
    assert found["ODD"] == f'it\'s \\ "$1" `x` {key} ${{KEY}}'
    assert found["REDIS"] == "redis://:first!\"'\\ $x@localhost"
    name = site.replace(".", "_")
    where = "localhost" if site == "php.test" else "127.0.0.1"
    assert found["DATABASE_URL"] == f"mysql://{name}:{password}@{where}:3306/{name}"
    assert (found["DB_NAME"], found["DB_SOCKET"]) == (name, "/run/mysqld/mysqld.sock")
    if site == "php.test":
        assert found["asked"] == name


def test_no_other_user_and_no_other_file_has_a_secret(given: Host) -> None:
    values = [secret(given, f"env@{site}@KEY") for site in SITES] + [secret(given, site) for site in SITES]
    places = given.sh(
        f"grep -rlF {' '.join(f'-e {value}' for value in values)} /etc /run /var/lib/lampctl /var/log || :"
    )
    assert {path.rpartition("/")[0] for path in places.split()} == {"/etc/lampctl/secrets", "/run/lampctl-environment"}
    for folder in ("/etc/lampctl/secrets", "/run/lampctl-environment"):
        assert given.sh(f"stat -c '%U %a' {folder}").strip() == "root 700"
    assert given.sh(f"journalctl -o cat | grep -cF {' '.join(f'-e {value}' for value in values)} || :").strip() == "0"
    assert "denied" in given.sh("runuser -u site-other-test -- ls /run/lampctl-environment 2>&1", check=False)


def test_nothing_changes_without_a_cause_and_check_needs_no_secret(given: Host, folder: Path) -> None:
    assert run(given, folder, command="check").code == 0
    ran = run(given, folder, command="plan")
    assert ran.code == 2
    assert "the environment variable TEST_TOKEN is not set" in ran.out


def test_new_value_reaches_the_code_and_a_made_one_stays(
    given: Host, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {site: environment(given, site) for site in SITES}
    monkeypatch.setenv("TEST_TOKEN", "second")
    ran = run(given, folder)
    assert ran.code == 0, ran
    assert "second" not in ran.out
    for site in SITES:
        found = environment(given, site)
        assert (found["TOKEN"], found["KEY"]) == ("second", before[site]["KEY"])
    assert run(given, folder, command="plan").changes == {}


def test_environment_that_breaks_the_application_is_undone(
    given: Host, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "second")
    ran = run(given, folder, mode="bad")
    assert (ran.code, ran.host["culprit"]["id"], ran.host["undone"]) == (1, "site.answer@php.test", True), ran
    assert environment(given, "php.test")["MODE"] == "good"
    assert environment(given, "program.test")["MODE"] == "good"
    assert run(given, folder).code == 0


# What root would run if it looked for programs or libraries where the environment of the code says.
THIEF = """cd /var/www/thief.test/shared/bin
printf '#!/bin/sh\\nid -u >> /var/www/thief.test/shared/bin/ran\\nexec /usr/bin/sed "$@"\\n' > sed
chmod 755 sed; touch ran; chown -R site-thief-test: ."""


def test_code_gets_nothing_of_root_by_its_environment(given: Host, folder: Path) -> None:
    """Its programs are found first by PATH, in a folder where it writes; root composes the environment."""
    book = folder / "thief.yml"
    book.write_text(
        "id: thief-1\nweb: {}\nphp: {}\nsites:\n  thief.test: {source: php, shared: [bin/], probe: {path: /none, status: 404},"
        " environment: {PATH: '/var/www/thief.test/shared/bin:/usr/bin:/bin'}}\n"
    )
    assert given.lampctl("deploy", "HOST", "-p", str(book)).code == 0
    given.sh(THIEF)
    given.sh("systemctl restart 'lampctl-php*-thief.test.service'; systemctl restart 'lampctl-php*-thief.test.service'")
    assert "0" not in given.sh("cat /var/www/thief.test/shared/bin/ran").split()
    assert given.sh("systemctl is-active 'lampctl-php*-thief.test.service'").strip() == "active"


def test_it_is_there_after_a_power_failure(given: Host, boxes: Boxes) -> None:
    before = {site: environment(given, site) for site in SITES}
    boxes.cut(given.box.name)
    boxes.up(given.box.name)
    ends = time.monotonic() + 30  # systemd calls a program started before it listens
    while ask(given, "program.test")[0] != 200:
        assert time.monotonic() < ends, given.sh("systemctl status 'lampctl-program.test*' || :")
        time.sleep(0.1)
    for site in SITES:
        found = environment(given, site)
        assert all(found[name] == before[site][name] for name in ("MODE", "KEY", "TOKEN", "ODD", "DATABASE_URL"))


def without(host: Host, folder: Path, command: str = "deploy") -> RunResult:
    """The playbook without environments."""
    (folder / "site.yml").write_text(BOOK.replace(", environment: ENTRIES", ""))
    return host.lampctl(command, "HOST", "-p", "site.yml", cwd=folder)


def stored(host: Host) -> set[str]:
    """Site and variable of each secret of an environment."""
    return set(host.sh("cd /etc/lampctl/secrets; ls | sed -n 's/^env@\\(.*\\)[.]conf$/\\1/p'").split())


def test_variable_that_leaves_takes_a_supplied_secret_along_and_leaves_a_made_one(given: Host, folder: Path) -> None:
    """What was encrypted with a made secret could not be read again; a supplied one can be supplied again."""
    made, supplied = ({f"{site}@{name}" for site in SITES} for name in ("KEY", "TOKEN"))
    assert stored(given) == made | supplied
    planned = without(given, folder, "plan")
    assert {key for key in planned.changes if "TOKEN" in key} == {
        f"supplied-secret:/etc/lampctl/secrets/env@{name}.conf" for name in supplied
    }
    assert "second" not in planned.out
    ran = without(given, folder)
    assert ran.code == 0, ran
    found = environment(given, "program.test")
    assert "KEY" not in found
    assert found["DB_NAME"] == "program_test"
    assert stored(given) == made
    assert without(given, folder, "plan").changes == {}


def test_undo_brings_back_a_secret_and_so_does_the_next_deploy_with_it(
    given: Host, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, supplied = ({f"{site}@{name}" for site in SITES} for name in ("KEY", "TOKEN"))
    keys = {site: secret(given, f"env@{site}@KEY") for site in SITES}
    ran = given.lampctl("undo", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    found = environment(given, "program.test")
    assert (found["TOKEN"], found["KEY"]) == ("second", keys["program.test"])

    monkeypatch.setenv("TEST_TOKEN", "third")
    ran = run(given, folder)
    assert ran.code == 0, ran
    assert stored(given) == made | supplied
    for site in SITES:
        found = environment(given, site)
        assert (found["TOKEN"], found["KEY"]) == ("third", keys[site])
