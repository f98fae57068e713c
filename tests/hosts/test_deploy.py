"""From a bare host to a proved site, and later deploys, on real hosts of each release."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = pytest.mark.hosts

VHOST = "/etc/apache2/sites-available/lamp.test.conf"
CHAIN = [
    "linux.ssh",
    "linux.disk",
    "linux.memory",
    "linux.clock",
    "linux.dns",
    "linux.archive",
    "linux.systemd",
    "mysql.service",
    "mysql.login@lamp.test",
    "php.service",
    "php.fastcgi@lamp.test",
    "web.modules",
    "web.config",
    "web.service",
    "web.listen",
    "web.static@lamp.test",
    "web.default@lamp.test",
    "site.php@lamp.test",
    "site.database@lamp.test",
    "site.answer@lamp.test",
    "site.outside@lamp.test",
]


def test_first_deploy_proves_every_hop(deployed: tuple[str, RunResult]) -> None:
    _, ran = deployed
    assert ran.code == 0, ran
    assert list(ran.results) == CHAIN
    assert set(ran.results.values()) == {"pass"}
    assert ran.host["applied"] is True
    assert ran.host["culprit"] is None
    assert ran.changes["package:apache2"] == "install"


def test_site_works_after_a_reboot(host: Host) -> None:
    """The box was booted from the snapshot after the first deploy."""
    assert host.works()
    assert host.sh("command -v python3 || echo none").strip() == "none"


def test_second_deploy_changes_and_restarts_nothing(host: Host) -> None:
    started = "systemctl show -p StateChangeTimestamp,MainPID apache2 mariadb 'lampctl-php*'"
    before = host.sh(started)
    assert host.lampctl("plan", "HOST", "--exit-code").code == 0
    ran = host.lampctl("deploy", "HOST")
    assert (ran.code, ran.changes, ran.host["applied"]) == (0, {}, False), ran
    assert ran.host["round_trips"] <= 4
    assert host.sh(started) == before


def test_manual_edit_shows_as_a_diff_and_is_reverted(host: Host) -> None:
    host.sh(f"sed -i 's/nosniff/sniff/' {VHOST}")
    ran = host.lampctl("plan", "HOST", "--exit-code")
    assert ran.code == 2, ran
    assert ran.changes == {f"file:{VHOST}": "update", "service:apache2.service": "reload"}
    assert re.search(r"^-.*X-Content-Type-Options.* .sniff", ran.host["changes"][0]["diff"], re.MULTILINE)
    assert host.lampctl("deploy", "HOST").code == 0
    assert "nosniff" in host.sh(f"cat {VHOST}")


def test_stopped_service_is_the_culprit_and_is_planned_to_start(host: Host) -> None:
    host.sh("systemctl stop mariadb")
    ran = host.lampctl("check", "HOST")
    assert ran.code == 1, ran
    assert ran.host["culprit"] == {"id": "mysql.service", "layer": "mysql"}
    assert ran.results["mysql.login@lamp.test"] == "blocked"
    assert ran.results["site.php@lamp.test"] == "pass"
    assert ran.results["site.database@lamp.test"] == "blocked"
    assert host.lampctl("plan", "HOST").changes["service:mariadb.service"] == "start"
    assert host.lampctl("deploy", "HOST").code == 0


def test_lost_reload_is_planned_again(host: Host) -> None:
    """The state after a run that died between writing the files and the reload."""
    host.sh(f"cp -a {VHOST} /root/v && cat /root/v > {VHOST}")
    assert host.lampctl("check", "HOST").host["culprit"]["id"] == "web.service"
    assert host.lampctl("plan", "HOST").changes == {"service:apache2.service": "reload"}
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.lampctl("plan", "HOST").changes == {}


def test_password_appears_only_in_its_file(host: Host) -> None:
    secret = "/etc/lampctl/secrets/lamp.test.conf"
    assert host.sh(f"stat -c '%U:%G %a' {secret}").strip() == "root:root 600"
    password = host.sh(f"sed -n 's/.*= \"\\(.*\\)\"/\\1/p' {secret}").strip()
    assert len(password) == 32
    # Create a database user while the arguments of every process are recorded.
    host.sh("mariadb -e \"DROP USER lamp_test@localhost\"; rm -f /root/argv; touch /root/watch; nohup sh -c '"
            "while [ -e /root/watch ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr \"\\0\" \" \" >> /root/argv; done'"
            " >/dev/null 2>&1 </dev/null &")  # fmt: skip
    ran = host.lampctl("deploy", "HOST")
    host.sh("rm /root/watch")
    assert ran.changes == {"database-user:lamp_test@localhost": "create"}
    assert ran.code == 0, ran
    assert password not in ran.out + ran.err
    assert "mariadb" in host.sh("cat /root/argv")
    assert host.sh(f"grep -c {password} /root/argv || :").strip() == "0"
    assert host.sh(f"grep -rl {password} /var/www /var/log /var/lib/lampctl || :").strip() == ""
    assert host.sh(f"journalctl --no-pager | grep -c {password} || :").strip() == "0"
    assert password not in host.lampctl("plan", "HOST", "--set", "php.memory_limit=64M").out


def test_check_leaves_no_probe(host: Host) -> None:
    host.lampctl("check", "HOST")
    assert host.sh("find / -xdev -name '*lampctl-probe*'; ls -d /run/lampctl.* 2>/dev/null || :").strip() == ""


def test_lock_of_another_run_is_respected(host: Host) -> None:
    host.sh("echo 'ann@laptop since noon' > /var/lib/lampctl/lock; nohup flock /var/lib/lampctl/lock "
            "sh -c 'echo held > /root/held; sleep 60' >/dev/null 2>&1 </dev/null & while [ ! -e /root/held ]; do :; done")  # fmt: skip
    ran = host.lampctl("deploy", "HOST")
    host.sh("pkill -x sleep; rm /root/held")
    assert ran.code == 4, ran
    assert "ann@laptop" in ran.host["error"]["message"]


@ON_ONE_RELEASE
def test_foreign_database_is_refused(host: Host, tmp_path: Path) -> None:
    host.sh("mariadb -e 'CREATE DATABASE IF NOT EXISTS theirs'")
    book = tmp_path / "site.yml"
    book.write_text("extends: lamp\nsites: {shop.test: {database: {name: theirs}}}\n")
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 1, ran
    assert ran.host["error"]["kind"] == "conflict"
    assert host.sh("ls /etc/apache2/sites-available/").split().count("shop.test.conf") == 0


@ON_ONE_RELEASE
def test_foreign_vhost_is_refused(host: Host, tmp_path: Path) -> None:
    host.sh(
        "printf '<VirtualHost *:80>\\nServerName mine.test\\n</VirtualHost>\\n' > /etc/apache2/sites-enabled/mine.conf"
    )
    book = tmp_path / "site.yml"
    book.write_text("extends: lamp\nsites: {mine.test: {}}\n")
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    host.sh("rm /etc/apache2/sites-enabled/mine.conf; systemctl reload apache2")
    assert ran.code == 1, ran
    assert ran.host["error"]["kind"] == "foreign-vhost"


@ON_ONE_RELEASE
def test_several_sites(host: Host, tmp_path: Path) -> None:
    book = tmp_path / "site.yml"
    sites = (
        "{lamp.test: {default: true, database: true}, a.test: {aliases: [www.a.test], database: {name: a}}, b.test: {}}"
    )
    book.write_text(f"extends: lamp\nsites: {sites}\n")
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran
    assert ran.results["site.outside@b.test"] == "pass"
    assert host.lampctl("plan", "HOST", "-p", str(book)).changes == {}
    assert host.lampctl("deploy", "HOST").code == 0


@ON_ONE_RELEASE
def test_new_release_of_php_code_is_served_immediately(host: Host, tmp_path: Path) -> None:
    """PHP caches the target of a link and the compiled scripts: the previous release had been requested before."""
    book, page = tmp_path / "site.yml", tmp_path / "shop" / "index.php"
    book.write_text("extends: lamp\nsites: {lamp.test: {default: true, database: true}, shop.test: {source: shop}}\n")
    page.parent.mkdir()
    for text in ("first", "second"):
        page.write_text(f"<?php echo '{text}';")
        ran = host.lampctl("deploy", "HOST", "-p", str(book))
        assert ran.code == 0, ran
        request = urllib.request.Request(f"http://{host.box.address}/", headers={"Host": "shop.test"})
        for _ in range(3):
            with urllib.request.urlopen(request, timeout=5) as answer:
                assert answer.read().decode() == text
    assert host.lampctl("deploy", "HOST").code == 0


def test_sudo_works_with_and_without_a_password(host: Host) -> None:
    host.sh("id ops 2>/dev/null || useradd -m ops; echo ops:pass-word | chpasswd; install -d -o ops -m 700 ~ops/.ssh;"
            "install -o ops -m 600 ~/.ssh/authorized_keys ~ops/.ssh/authorized_keys; rm -f /etc/sudoers.d/ops;"
            "echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops")  # fmt: skip
    user = f"ops@{host.box.name}"
    missing = host.lampctl("deploy", user)
    assert (missing.code, missing.host["error"]["kind"]) == (3, "sudo"), missing
    assert "--ask-sudo-pass" in missing.host["error"]["hint"]
    wrong = host.lampctl("deploy", user, "--ask-sudo-pass", stdin="wrong\n")
    assert (wrong.code, wrong.host["error"]["kind"]) == (3, "sudo"), wrong
    right = host.lampctl("deploy", user, "--ask-sudo-pass", stdin="pass-word\n")
    assert (right.code, right.changes) == (0, {}), right
    host.sh("echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops")
    assert host.lampctl("deploy", user).code == 0


def test_json_document_has_the_documented_keys(host: Host) -> None:
    document = json.loads(host.lampctl("check", "HOST").out)
    assert set(document) == {"command", "ok", "hosts"}
    keys = {"host", "ok", "applied", "changes", "results", "culprit", "error", "timings", "round_trips"}
    assert keys <= set(document["hosts"][0])
    wanted = {"id", "layer", "status", "where", "expected", "actual", "evidence", "hint", "ms"}
    assert all(set(result) == wanted for result in document["hosts"][0]["results"])
    assert {result["where"] for result in document["hosts"][0]["results"]} == {"host", "tunnel", "outside"}


@ON_ONE_RELEASE
def test_hardening_is_applied_and_removed(host: Host) -> None:
    with_it = ("HOST", "--set", "linux.hardening=true")
    assert host.lampctl("deploy", *with_it).code == 0
    assert host.lampctl("plan", *with_it).changes == {}
    assert set(host.sh("sshd -T | grep -e ^x11forwarding -e ^loglevel").splitlines()) == {
        "loglevel VERBOSE",
        "x11forwarding no",
    }
    assert host.sh("sysctl -n net.ipv4.conf.all.send_redirects") == "0\n"
    assert "Unattended-Upgrade::Origins-Pattern" in host.sh("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1"' in host.sh("apt-config dump")
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.sh(
        "ls -R /etc/ssh /etc/sysctl.d /etc/modprobe.d /etc/security /etc/apt/apt.conf.d | grep 60.*lampctl"
    ) == ("60lampctl-php\n")
    assert "CRON_CHECK=never" in host.sh("cat /etc/default/debsums")
    assert host.lampctl("plan", "HOST").changes == {}
