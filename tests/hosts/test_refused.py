"""Deploys that a bare host cannot take: one clear message, the right exit code, nothing changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.conftest import Host

pytestmark = pytest.mark.hosts


@pytest.fixture(autouse=True)
def untouched(bare: Host) -> Iterator[None]:
    yield
    assert bare.sh("dpkg-query -W -f='${Package} ' apache2 mariadb-server 2>/dev/null || :").strip() == ""
    assert bare.sh("ls /etc/lampctl 2>/dev/null || :").strip() == ""


def test_unknown_host_key_is_asked_about_and_a_changed_one_refused(bare: Host, tmp_path: Path) -> None:
    known = tmp_path / "known"
    config = tmp_path / "config"
    config.write_text(
        f"Host x\n HostName {bare.box.address}\n User root\n IdentityFile {bare.boxes.home}/id_ed25519\n UserKnownHostsFile {known}\n"
    )
    arguments = ("check", "x", "-F", str(config))
    unknown = bare.lampctl(*arguments, config=False)
    assert (unknown.code, unknown.host["error"]["kind"]) == (3, "host-key-unknown"), unknown
    assert "SHA256:" in unknown.host["error"]["message"]
    assert not known.exists()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    key = " ".join((tmp_path / "other.pub").read_text().split()[:2])
    known.write_text(f"{bare.box.address} {key}\n")
    changed = bare.lampctl(*arguments, "--accept-new-host-key", config=False)
    assert (changed.code, changed.host["error"]["kind"]) == (3, "host-key-changed"), changed
    wrong = bare.lampctl("check", "HOST", "-i", str(tmp_path / "other"))
    assert (wrong.code, wrong.host["error"]["kind"]) == (3, "auth"), wrong
    known.unlink()
    accepted = bare.lampctl("plan", "x", "-F", str(config), "--accept-new-host-key", config=False)
    assert accepted.code == 0, accepted
    assert bare.box.address in known.read_text()


def test_plan_on_a_bare_host_changes_nothing(bare: Host) -> None:
    before = bare.sh("find /etc /var/lib /run -xdev -newermt '1 second ago' | wc -l; ls /var/lib")
    ran = bare.lampctl("plan", "HOST", "--exit-code")
    assert ran.code == 2, ran
    assert ran.changes["service:apache2.service"] == "start"
    assert bare.sh("ls /var/lib").split() == before.split()[1:]


def test_check_on_a_bare_host_names_the_first_missing_hop(bare: Host) -> None:
    ran = bare.lampctl("check", "HOST")
    assert ran.code == 1, ran
    assert ran.host["culprit"]["id"] == "mysql.service"
    assert ran.results["site.outside@lamp.test"] == "blocked"


def test_taken_port_80_is_refused(bare: Host) -> None:
    program = "use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort => 80, Listen => 1) or die; sleep 99"
    bare.sh(f"echo '{program}' > /root/squat.pl; systemd-run -q --unit=squatter perl /root/squat.pl; "
            "until grep -q ':0050 .* 0A ' /proc/net/tcp; do systemctl is-active -q squatter; done")  # fmt: skip
    ran = bare.lampctl("deploy", "HOST")
    bare.sh("systemctl stop squatter")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "port-taken"), ran
    assert "perl" in ran.host["error"]["message"]


def test_held_apt_lock_is_reported(bare: Host) -> None:
    program = (
        'use Fcntl; open(F, ">/var/lib/dpkg/lock-frontend"); $l = pack("s s l! l! i x4", F_WRLCK, 0, 0, 0, 0); '
        'fcntl(F, F_SETLK, $l) or die; open(G, ">/run/held"); sleep 99'
    )
    bare.sh(f"echo '{program}' > /root/hold.pl; systemd-run -q --unit=holder perl /root/hold.pl; "
            "until [ -e /run/held ]; do systemctl is-active -q holder; done")  # fmt: skip
    ran = bare.lampctl("deploy", "HOST", "--timeout", "3")
    bare.sh("systemctl stop holder; rm /run/held")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "apt-lock"), ran
    assert "perl (pid " in ran.host["error"]["evidence"]


def test_lock_of_another_file_with_the_same_inode_number_does_not_hold_up_apt(bare: Host) -> None:
    """An inode number is unique in its file system only: a file that Tomcat had locked was once taken for dpkg's."""
    bare.sh(
        "mkdir /mnt/ours /mnt/other; mount -t tmpfs none /mnt/ours; mount -t tmpfs none /mnt/other;"
        "touch /mnt/ours/lock /mnt/other/lock; mount --bind /mnt/ours/lock /var/lib/apt/lists/lock;"
        "[ $(stat -c %i /mnt/other/lock) = $(stat -c %i /var/lib/apt/lists/lock) ];"
        "systemd-run -q --unit=holder flock /mnt/other/lock -c 'touch /run/held; sleep 99';"
        "until [ -e /run/held ]; do systemctl is-active -q holder; done"
    )
    bare.sh("cp /etc/apt/sources.list /root/; echo 'deb http://127.0.0.1:9/debian stable main' > /etc/apt/sources.list")
    try:
        ran = bare.lampctl("deploy", "HOST", "--timeout", "3")
    finally:
        bare.sh("systemctl stop holder; umount /var/lib/apt/lists/lock /mnt/other /mnt/ours; rm /run/held")
        bare.sh("cp /root/sources.list /etc/apt/sources.list")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "apt-archive"), ran.out


def test_unreachable_archive_is_reported(bare: Host) -> None:
    bare.sh("cp /etc/apt/sources.list /root/; echo 'deb http://127.0.0.1:9/debian stable main' > /etc/apt/sources.list")
    ran = bare.lampctl("deploy", "HOST")
    bare.sh("cp /root/sources.list /etc/apt/sources.list")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "apt-archive"), ran


def test_unsupported_distribution_is_refused(bare: Host) -> None:
    bare.sh("cp --remove-destination /usr/lib/os-release /etc/os-release; sed -i 's/^ID=.*/ID=arch/' /etc/os-release")
    ran = bare.lampctl("deploy", "HOST")
    bare.sh("ln -sf ../usr/lib/os-release /etc/os-release")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "unsupported-distribution"), ran


def test_full_disk_is_refused(bare: Host) -> None:
    bare.sh("mount -t tmpfs -o size=1m none /var/lib/apt && mount -t tmpfs -o size=2m none /var; :")
    ran = bare.lampctl("deploy", "HOST")
    bare.sh("umount /var; umount /var/lib/apt")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "disk-full"), ran
    assert "/var has" in ran.host["error"]["message"]
