"""Hosts with an unexpected setup, and deleted files that lampctl needs: it works, or reports why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

SECRET = "/etc/lampctl/secrets/lamp.test.conf"
ROOT = "/var/www/lamp.test"
SSHD = "/etc/ssh/sshd_config.d/theirs.conf"
CNF = "/etc/mysql/mariadb.conf.d/95-theirs.cnf"


@pytest.fixture(autouse=True)
def as_before(host: Host) -> Iterator[None]:
    """After each test the host works and a plan is empty."""
    yield
    ran = host.lampctl("deploy", "HOST")
    assert (ran.code, ran.changes) == (0, {}), ran.out
    assert host.sh("ls -d /run/lampctl.* /var/www/*/lampctl-probe* 2>/dev/null || :") == ""


@pytest.mark.parametrize("shell", ["tcsh", "fish"])
def test_other_login_shells_work(host: Host, shell: str) -> None:
    host.sh(
        f"apt-get -qq update && apt-get -qq install -y --no-install-recommends {shell} >/dev/null 2>&1; usermod -s /usr/bin/{shell} root"
    )
    try:
        assert host.lampctl("check", "HOST").code == 0
    finally:
        host.sh("usermod -s /bin/bash root")


def test_banner_on_every_login_is_ignored(host: Host) -> None:
    """Debian's bash reads .bashrc for each command over SSH, and a bash in a batch would do so too."""
    host.sh(
        "cp .bashrc .bashrc.kept; sed -i '1i echo Welcome; printf without-an-end; echo psst >&2; umask 077' .bashrc"
    )
    ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=200M")
    host.sh("mv .bashrc.kept .bashrc")
    assert ran.code == 0, ran
    assert host.lampctl("deploy", "HOST").code == 0


def test_restrictive_sshd_is_enough(host: Host) -> None:
    """lampctl needs no tunnel, and only one session at a time, however soon the next one is opened."""
    host.sh(f"printf 'AllowTcpForwarding no\\nMaxSessions 1\\n' > {SSHD}; systemctl restart ssh")
    ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=200M")
    host.sh(f"rm {SSHD}; systemctl restart ssh")
    assert ran.code == 0, ran
    assert {id for id, status in ran.results.items() if status != "pass"} == {"mysql.login@lamp.test"}
    assert ran.results["mysql.login@lamp.test"] == "unknown"
    assert host.lampctl("deploy", "HOST").code == 0


def test_requiretty_is_reported_and_use_pty_works(host: Host) -> None:
    host.sh("useradd -M -d /nonexistent homeless; install -Dm 644 .ssh/authorized_keys /etc/ssh/keys/homeless;"
            f"echo 'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u' > {SSHD}; systemctl restart ssh;"
            "printf 'Defaults:homeless requiretty\\nhomeless ALL=(ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/homeless")  # fmt: skip
    refused = host.lampctl("check", f"homeless@{host.box.name}")
    host.sh("sed -i s/requiretty/use_pty/ /etc/sudoers.d/homeless")
    allowed = host.lampctl("check", f"homeless@{host.box.name}")
    host.sh(f"userdel homeless; rm {SSHD} /etc/sudoers.d/homeless; systemctl restart ssh")
    assert (refused.code, refused.host["error"]["kind"]) == (3, "sudo"), refused
    assert "tty" in refused.host["error"]["evidence"]
    assert allowed.code == 0, allowed


def test_skip_name_resolve_is_named_as_the_cause_of_a_failed_login(host: Host) -> None:
    host.sh(f"printf '[mariadbd]\\nskip-name-resolve\\n' > {CNF}; systemctl restart mariadb")
    ran = host.lampctl("check", "HOST")
    host.sh(f"rm {CNF}; systemctl restart mariadb")
    assert ran.host["culprit"]["id"] == "mysql.login@lamp.test"
    assert "skip-name-resolve" in next(r["hint"] for r in ran.host["results"] if r["status"] == "fail")


@pytest.mark.parametrize(
    "damage", [f"rm {SECRET}", "rm -r /etc/lampctl", f": > {SECRET}", f"echo '; nothing' > {SECRET}"]
)
def test_deleted_secret_is_created_again(host: Host, damage: str) -> None:
    before = host.sh(f"cat {SECRET}")
    host.sh(damage)
    ran = host.lampctl("deploy", "HOST")
    assert ran.code == 0, ran
    assert f"secret:{SECRET}" in ran.changes
    assert host.sh(f"cat {SECRET}") != before
    assert host.works()


def test_deleted_state_is_recovered(host: Host) -> None:
    """lampctl recognizes its files by their header and its account by the secret; other accounts are left alone."""
    host.sh("rm -r /var/lib/lampctl; sed -i 's/nosniff/sniff/' /etc/apache2/sites-available/lamp.test.conf")
    ran = host.lampctl("deploy", "HOST")
    assert ran.code == 0, ran
    assert ran.changes["database-user:lamp_test@localhost"] == "update"
    host.sh(f"rm {SECRET}")  # now only the restored record tells that the account is lampctl's
    assert host.lampctl("deploy", "HOST").code == 0


def test_document_root_may_be_a_link(host: Host) -> None:
    """Some deployment tools use a link: the owner of its target stays."""
    again = "systemctl restart 'lampctl-php*.service'"  # a running service keeps the directory it was started with
    host.sh(f"mv {ROOT} /srv/site; chown www-data: /srv/site; chmod 775 /srv/site; ln -s /srv/site {ROOT}; {again}")
    ran = host.lampctl("deploy", "HOST")
    owner = host.sh("stat -c '%U %a' /srv/site").strip()
    host.sh(f"rm {ROOT}; mv /srv/site {ROOT}; chown root:www-data {ROOT}; chmod 750 {ROOT}; {again}")
    assert (ran.code, ran.changes) == (0, {}), ran.out
    assert owner == "www-data 775"


def test_directory_in_place_of_a_file_is_a_conflict(host: Host) -> None:
    path = "/etc/apache2/conf-available/lampctl.conf"
    host.sh(f"mv {path} /root/kept; mkdir {path}; echo theirs > {path}/note")
    ran = host.lampctl("deploy", "HOST")
    note = host.sh(f"cat {path}/note").strip()
    host.sh(f"rm -r {path}; mv /root/kept {path}; systemctl reload apache2")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "conflict"), ran
    assert note == "theirs"


def test_file_in_place_of_a_directory_is_a_conflict(host: Host) -> None:
    host.sh(f"mv {ROOT} /root/kept; echo theirs > {ROOT}")
    ran = host.lampctl("deploy", "HOST")
    host.sh(f"rm {ROOT}; mv /root/kept {ROOT}")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "conflict"), ran
    assert f"{ROOT} is a file" in ran.host["error"]["message"]


def test_link_that_points_to_itself_is_replaced(host: Host) -> None:
    host.sh("ln -sfn lamp.test.conf /etc/apache2/sites-available/lamp.test.conf")
    assert host.lampctl("deploy", "HOST").code == 0


def test_full_state_directory_ends_the_deploy_before_any_change(host: Host) -> None:
    """Nothing is changed, and lampctl's record is intact."""
    state = "/var/lib/lampctl"
    host.sh(f"cp -a {state} /root/state; mount -t tmpfs -o size=64k,mode=700 none {state};"
            f"cp -a /root/state/generation /root/state/owned {state}; cat /dev/zero > {state}/fill || :")  # fmt: skip
    known = f"cat {state}/generation {state}/owned/*"
    try:
        before = host.sh(known)
        ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=200M")
        after = host.sh(known)
    finally:
        host.sh(f"umount {state}; rm -r /root/state")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "disk-full"), ran.out
    assert after == before
    assert host.works()


def test_host_key_alias_covers_any_port(host: Host, tmp_path: Path) -> None:
    """As in OpenSSH, and as boxes behind forwarded ports need it."""
    keys = (host.boxes.home / "known_hosts").read_text().splitlines()
    known = tmp_path / "known"
    known.write_text(next(k for k in keys if k.startswith(host.box.address)).replace(host.box.address, "alias") + "\n")
    config = tmp_path / "config"
    config.write_text(
        f"Host x\n HostName {host.box.address}\n Port 2222\n HostKeyAlias alias\n User root\n"
        f" IdentityFile {host.boxes.home}/id_ed25519\n UserKnownHostsFile {known}\n"
    )
    host.sh(f"printf 'Port 22\\nPort 2222\\n' > {SSHD}; systemctl restart ssh")
    ran = host.lampctl("check", "x", "-F", str(config), config=False)
    host.sh(f"rm {SSHD}; systemctl restart ssh")
    assert ran.code == 0, ran
