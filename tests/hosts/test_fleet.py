"""A site on one host, its database on another: one command deploys both, and names the broken side."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.fleet import BLOG, SECRET, SITE, Fleet

pytestmark = pytest.mark.hosts

# Whichever is first: the timeout, or the kernel's "no route to host".
NO_ANSWER = ("timeout", "network")
# A certificate for the same addresses, but not signed by the database host's CA.
SOMEBODY = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=somebody "
    '-addext "subjectAltName=IP:$(hostname -I | tr -d " ")" -keyout key.pem -out certificate.pem 2>/dev/null'
)


@pytest.fixture(scope="module")
def fleet(
    host: Host, boxes: Boxes, release: str, deployed: tuple[str, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """Both hosts had a LAMP stack deployed before, so only the connection between them is new."""
    db = Host(boxes.up(f"db-{release}", release, snapshot=deployed[0]), boxes)
    playbook = tmp_path_factory.mktemp("fleet") / "fleet.yml"
    database = f"{{host: {db.box.name}}}"
    playbook.write_text(f"extends: lamp\nhosts: [{host.box.name}]\nsites: {{{SITE}: {{database: {database}}}}}\n")
    found = Fleet(host, db, playbook)
    _, *first = found.lampctl("deploy")
    assert [part["ok"] for part in first] == [True, True], first
    yield found
    boxes.down(db.box.name)


def test_one_deploy_proves_both_hosts_and_leaves_nothing_to_do(fleet: Fleet) -> None:
    ran, db, web = fleet.lampctl("deploy")
    assert (ran.code, db["changes"], web["changes"]) == (0, [], []), ran
    assert max(db["round_trips"], web["round_trips"]) <= 4
    passed = {result["id"] for part in (db, web) for result in part["results"] if result["status"] == "pass"}
    assert passed >= {f"mysql.{hop}@{SITE}" for hop in ("accounts", "reach", "tls", "login")} | {
        f"site.database@{SITE}"
    }
    password = fleet.password(fleet.db)
    assert len(password) == 32
    assert fleet.password(fleet.web) == password
    assert password not in ran.out + ran.err


def test_client_of_the_site_reaches_its_database_on_the_other_host(fleet: Fleet) -> None:
    ran = fleet.web.everyday("db", SITE, "-e", "SELECT @@hostname; SHOW STATUS LIKE 'Ssl_version'")
    assert (ran.code, ran.err) == (0, "")
    assert fleet.db.box.name in ran.out
    assert "TLSv1" in ran.out


def test_database_account_is_limited_to_one_address_and_tls(fleet: Fleet) -> None:
    client = f"MYSQL_PWD='{fleet.password(fleet.web)}' mariadb -h {fleet.db.box.address} -u shop_test shop_test -e 'SELECT 1' 2>&1"
    assert "1045" in fleet.web.sh(client.replace("mariadb", "mariadb --skip-ssl"), check=False)
    tls = client.replace("mariadb", "mariadb --ssl --skip-ssl-verify-server-cert")
    assert "1045" not in fleet.web.sh(tls)
    assert "is not allowed to connect" in fleet.db.sh(tls, check=False)


@pytest.mark.parametrize(
    ("damage", "db", "web", "fix"),
    [
        ("systemctl stop mariadb", "mysql.service", "mysql.reach", ""),
        (
            "mariadb -e \"ALTER USER shop_test@'{web}' IDENTIFIED BY 'x'\"",
            "mysql.accounts",
            "mysql.login",
            "",
        ),
        ("mariadb -e \"ALTER USER shop_test@'{web}' REQUIRE NONE\"", "mysql.accounts", None, ""),
        (
            "printf '[mariadbd]\\nskip-ssl\\n' > /etc/mysql/mariadb.conf.d/99-x.cnf; systemctl restart mariadb",
            None,
            "mysql.tls",
            "rm /etc/mysql/mariadb.conf.d/99-x.cnf; systemctl restart mariadb",
        ),
        (
            f"cd /var/lib/mysql; {SOMEBODY}; chown mysql key.pem; printf '[mariadbd]\nssl_cert=/var/lib/mysql/certificate"
            ".pem\nssl_key=/var/lib/mysql/key.pem\n' > /etc/mysql/mariadb.conf.d/99-x.cnf; systemctl restart mariadb",
            None,
            "mysql.tls",
            "rm /etc/mysql/mariadb.conf.d/99-x.cnf; systemctl restart mariadb",
        ),
        (
            "mariadb -e \"CREATE USER shop_test@'10.9.9.9'\"",
            "mysql.accounts",
            None,
            "mariadb -e \"DROP USER shop_test@'10.9.9.9'\"",
        ),
        (f"rm {SECRET}", "mysql.accounts", None, ""),
    ],
)
@ON_ONE_RELEASE
def test_broken_side_is_named_and_healed(fleet: Fleet, damage: str, db: str, web: str, fix: str) -> None:
    fleet.db.sh(damage.format(web=fleet.web.box.address))
    assert fleet.culprits() == [db, web]
    fleet.db.sh(fix)
    ran, *_ = fleet.lampctl("deploy")
    assert ran.code == 0, ran
    assert fleet.password(fleet.web) == fleet.password(fleet.db)


def test_deleted_password_of_the_site_is_restored(fleet: Fleet) -> None:
    fleet.web.sh(f"rm {SECRET}")
    ran, _, web = fleet.lampctl("deploy")
    assert ran.code == 0, ran
    assert f"secret:{SECRET}" in {change["resource"] for change in web["changes"]}
    assert fleet.password(fleet.web) == fleet.password(fleet.db)


def test_new_ca_certificate_is_installed_on_the_site_host(fleet: Fleet) -> None:
    fleet.db.sh("rm -r /etc/lampctl/tls/@mysql")
    ran, db, web = fleet.lampctl("deploy")
    assert ran.code == 0, ran
    assert "certificate:/etc/lampctl/tls/@mysql/certificate.pem" in {change["resource"] for change in db["changes"]}
    assert [change["resource"] for change in web["changes"]] == [f"file:/etc/ssl/lampctl/{SITE}.pem"]


@pytest.fixture(scope="module")
def blog(fleet: Fleet) -> Fleet:
    playbook = fleet.playbook.with_name("blog.yml")
    site = f"{{type: wordpress, database: {{host: {fleet.db.box.name}}}}}"
    playbook.write_text(f"extends: lamp\nhosts: [{fleet.web.box.name}]\nsites: {{{BLOG}: {site}}}\n")
    found = replace(fleet, playbook=playbook)
    _, *first = found.lampctl("deploy")
    assert [part["ok"] for part in first] == [True, True], first
    return found


@ON_ONE_RELEASE
def test_wordpress_is_proved_across_both_hosts(blog: Fleet) -> None:
    ran, db, web = blog.lampctl("deploy")
    assert (ran.code, db["changes"], web["changes"]) == (0, [], []), ran
    passed = {result["id"] for result in web["results"] if result["status"] == "pass"}
    assert passed >= {f"{check}@{BLOG}" for check in ("mysql.tls", "site.database", "site.front", "site.cron")}
    blog.web.sh(f"systemctl start lampctl-wp-cron-{BLOG}.service")
    query = "SELECT option_value FROM blog_test.wp_options WHERE option_name = 'cron'"
    assert "wp_version_check" in blog.db.sh(f'mariadb -N -e "{query}"')


# Root on the database host controls every answer: its sed prints a password that contains PHP settings.
LIE = """
printf '%s\\n' '#!/bin/sh' 'case $* in *DB_PASSWORD*) printf "{0}" ;; *) exec /usr/bin/sed "$@" ;; esac' > /usr/local/sbin/sed
chmod +x /usr/local/sbin/sed
"""


@ON_ONE_RELEASE
@pytest.mark.parametrize("end", [r"\rphp_admin_value[auto_prepend_file]=/tmp/x.php", r"\ruser=root", '\\"'])
def test_answers_of_one_host_cannot_inject_configuration_into_another(fleet: Fleet, end: str) -> None:
    settings = "cat /etc/lampctl/php/*/*.conf /etc/lampctl/secrets/*"
    fleet.db.sh(LIE.format("Abcdefghijklmnopqrstuvwxyz012345" + end))
    fleet.web.sh(f"mv {SECRET} /root/secret")
    try:
        ran, db, web = fleet.lampctl("deploy")
        there = fleet.web.sh(settings)
    finally:
        fleet.db.sh("rm /usr/local/sbin/sed")
    assert (ran.code, db["error"]["kind"], web["error"]["kind"]) == (1, "bad-answer", "database-host"), ran.out
    assert not re.search("auto_prepend_file|user *= *root|Abcdefgh", there)
    ran, _, web = fleet.lampctl("deploy")
    assert (ran.code, web["ok"]) == (0, True), ran.out
    assert fleet.password(fleet.db) == fleet.password(fleet.web)


@ON_ONE_RELEASE
def test_wordpress_refuses_a_foreign_certificate_until_the_servers_own_is_restored(fleet: Fleet, blog: Fleet) -> None:
    assert blog.page()[0] == 200
    fleet.db.sh(f"cd /etc/lampctl/tls/@mysql && {SOMEBODY} && systemctl restart mariadb")
    _, db, web = blog.lampctl("check")
    assert (db["culprit"]["id"], web["culprit"]["id"]) == ("state.mysql", f"mysql.tls@{BLOG}")
    assert "CN=somebody" in next(r["evidence"] for r in web["results"] if r["id"] == f"mysql.tls@{BLOG}")
    status, page = blog.page()
    assert (status, "Error establishing a database connection" in page) == (500, True)
    ran, _, web = fleet.lampctl("deploy")  # of another playbook: the CA is the same, so WordPress needs no deploy
    assert (ran.code, web["changes"]) == (0, []), ran.out
    assert blog.page()[0] == 200


@ON_ONE_RELEASE
def test_wordpress_still_trusts_public_cas_for_https_requests(blog: Fleet) -> None:
    """With the system's CAs, whatever else its PHP trusts for the database."""
    url = "https://localhost:4433/"
    program = f"<?php echo strlen((string) @file_get_contents('{url}')), ' '; curl_exec(curl_init('{url}'));"
    blog.web.sh(f"cat > /var/www/{BLOG}/wp-content/asks.php <<'END'\n{program}\nEND")
    pair = SOMEBODY.replace('IP:$(hostname -I | tr -d " ")', "DNS:localhost")
    blog.web.sh(
        f"cd /root && {pair} && setsid -f openssl s_server -accept 4433 -www -cert certificate.pem -key key.pem "
        ">/dev/null 2>&1 </dev/null"
    )
    assert blog.page("/wp-content/asks.php")[1] == "0 "
    blog.web.sh("cp /root/certificate.pem /usr/local/share/ca-certificates/localhost.crt; update-ca-certificates")
    answer = blog.page("/wp-content/asks.php")[1]
    assert int(answer.split()[0]) > 0
    assert "s_server" in answer


def test_locked_database_host_blocks_changes_to_the_site(fleet: Fleet) -> None:
    fleet.db.sh(
        "setsid -f flock -x /var/lib/lampctl/lock sleep 60 >/dev/null 2>&1 </dev/null;"
        "while flock -n /var/lib/lampctl/lock true; do sleep 0.05; done"
    )
    ran, db, web = fleet.lampctl("deploy")
    fleet.db.sh("pkill -x sleep")
    assert (ran.code, db["error"]["kind"], web["error"]["kind"]) == (4, "locked", "database-host"), ran


def test_unreachable_host_does_not_delay_the_others(fleet: Fleet) -> None:
    away = "10.213.77.251"
    ran = fleet.web.lampctl("deploy", "HOST", away, "-p", str(fleet.playbook), "--timeout", "2")
    hosts = {host["host"]: host for host in json.loads(ran.out)["hosts"]}
    assert ran.code == 3, ran
    assert (hosts[away]["error"]["kind"] in NO_ANSWER, hosts[fleet.web.box.name]["ok"]) == (True, True)
    moved = fleet.playbook.with_name("moved.yml")
    moved.write_text(fleet.playbook.read_text().replace(fleet.db.box.name, away))
    ran = fleet.web.lampctl("deploy", "HOST", "-p", str(moved), "--timeout", "2")
    db, web = json.loads(ran.out)["hosts"]
    assert db["error"]["kind"] in NO_ANSWER
    assert (ran.code, web["error"]["kind"], web["applied"]) == (3, "database-host", False), ran
