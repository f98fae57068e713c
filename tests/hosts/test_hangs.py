"""What hangs on a host is named soon, holds up nothing else, and leaves nothing behind; what is lampctl's is healed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = pytest.mark.hosts

SITE = "lamp.test"
STOP = "kill -STOP $(systemctl show -p MainPID --value {})"
PHP = f"lampctl-php$(ls /etc/php)-{SITE}.service"
SOON = 30.0  # seconds, on a busy machine: what hangs would never answer


@pytest.fixture(autouse=True)
def thawed(host: Host) -> Iterator[None]:
    """No test of this host leaves another one a frozen service."""
    yield
    host.sh(
        f"for unit in mariadb apache2 {PHP}; do systemctl thaw $unit; systemctl kill -s CONT $unit; done 2>/dev/null || :"
    )


@ON_ONE_RELEASE
@pytest.mark.parametrize(
    ("how", "culprit"),
    [
        (STOP.format("mariadb"), "mysql.service"),
        (STOP.format("apache2"), "web.service"),
        (STOP.format(PHP), "php.service"),
        ("systemctl freeze apache2", "web.service"),
    ],
    ids=["mariadb", "apache", "php", "frozen group"],
)
def test_frozen_service_is_named_soon_and_restarted(host: Host, how: str, culprit: str) -> None:
    host.lampctl("check", "HOST")  # PHP has started with the first request
    host.sh(how)
    began = time.monotonic()
    ran = host.lampctl("check", "HOST")
    took = time.monotonic() - began
    assert ran.host["culprit"]["id"] == culprit, ran.out
    assert took < SOON, ran.out
    result = next(result for result in ran.host["results"] if result["id"] == culprit)
    assert "frozen" in result["actual"]
    assert list(host.lampctl("plan", "HOST").changes.values()) == ["restart"]
    healed = host.lampctl("deploy", "HOST")
    assert healed.code == 0, healed
    assert host.works()
    assert host.sh("pgrep -af '^(mariadb|openssl|perl) ' || :") == ""


@ON_ONE_RELEASE
def test_server_without_a_free_connection_is_named_and_no_password_is_reset(host: Host) -> None:
    """Error 1040 is about connections: what it refuses was not proved wrong."""
    options = "--defaults-file=/root/site.cnf"
    held = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(300)'"
    host.sh(
        "printf '[client]\nuser=lamp_test\npassword=%s\nsocket=/run/mysqld/mysqld.sock\n'"
        f' "$(cut -d \'"\' -sf 2 /etc/lampctl/secrets/{SITE}.conf)" > /root/site.cnf;'
        "mariadb -e 'SET GLOBAL max_connections = 10';"
        # Others may have a connection for a moment: so clients are added until there is no room.
        f'i=0; until [ "$(echo "{held}" | mariadb -N)" = 10 ]; do i=$((i + 1));'
        f" systemd-run -q --collect --unit=held-$i mariadb {options} -e 'SELECT SLEEP(300)'; done"
    )
    try:
        ran = host.lampctl("check", "HOST")
        plan = host.lampctl("plan", "HOST")
    finally:
        host.sh("systemctl stop 'held-*'; mariadb -e 'SET GLOBAL max_connections = 52'; rm /root/site.cnf")
    assert ran.host["culprit"]["id"] == f"mysql.login@{SITE}", ran.out
    result = next(result for result in ran.host["results"] if result["id"] == f"mysql.login@{SITE}")
    assert "1040" in result["evidence"]
    assert "max_connections" in result["hint"]
    assert plan.changes == {}
    assert host.lampctl("check", "HOST").code == 0


@ON_ONE_RELEASE
def test_question_that_hangs_is_ended_and_named(host: Host) -> None:
    host.sh("mv /usr/bin/dpkg-query /usr/bin/dpkg-query.real; ln -s /usr/bin/dpkg-hangs /usr/bin/dpkg-query;"
            "printf '#!/bin/sh\nsleep 1000 & wait\n' > /usr/bin/dpkg-hangs; chmod +x /usr/bin/dpkg-hangs")  # fmt: skip
    try:
        ran = host.lampctl("plan", "HOST")
    finally:
        host.sh("mv /usr/bin/dpkg-query.real /usr/bin/dpkg-query; rm /usr/bin/dpkg-hangs")
    assert ran.code == 3, ran
    assert ran.host["error"]["kind"] == "timeout"
    assert "kind:packages" in ran.host["error"]["message"]
    assert host.sh("pgrep -f '[d]pkg-hangs' || :") == ""
    assert host.lampctl("plan", "HOST").changes == {}
