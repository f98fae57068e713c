"""What a batch inherits on a real host: a clean environment, no descriptors, and no password."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from lampctl.resources.shell import script
from lampctl.ssh import Batch, ConnectOptions, as_root, open_transport, target
from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

PASSWORD = "not-for-children-4711"
# What the step itself and a process that it starts inherit.
LOOK = b"""
look() { tr '\\0' '\\n' < /proc/self/environ; ls -l /proc/self/fd | sed -n 's/.* \\([0-9]* -> .*\\)/fd \\1/p'; }
look
setsid sh -c 'tr "\\0" "\\n" < /proc/self/environ; ls /proc/$$/fd | sed "s/^/child /"'
"""


def applied(host: Host, step: bytes, password: str | None) -> list[str]:
    """Run one step on the host; returns its output."""
    host.sh("rm -rf /var/lib/lampctl")  # from earlier tests
    scripts = {f"{name}.sh": script(name).encode() for name in ("own", "disown", "undo")}
    batch = Batch(
        {
            **scripts,
            "main": script("apply").encode(),
            "run.sh": script("run", seen="", owner="test", playbook="wire-test", id="x").encode(),
            **dict.fromkeys(("adopted", "begun", "claims", "inherited", "planned"), b""),
            "steps/000": step,
        }
    )
    options = ConnectOptions(config=host.boxes.ssh_config, sudo_password=password)
    transport = open_transport(target(host.box.name), options)
    try:
        session = transport.start(batch)
        lines = list(as_root(transport, session))
        session.finish()
    finally:
        transport.close()
    assert lines[-1].startswith("@@done"), lines
    return [line[2:] for line in lines if line.startswith("| ")]


def test_no_step_inherits_the_password_or_the_lock(bare: Host) -> None:
    """A login as root with a sudo password given: the unused line must not stay in a variable."""
    lines = applied(bare, LOOK, PASSWORD)
    assert not [line for line in lines if PASSWORD in line]
    assert not [line for line in lines if "/var/lib/lampctl/lock" in line]
    assert {line.split()[1] for line in lines if line.startswith("child ")} == {"0", "1", "2"}


def test_steps_have_a_known_environment(bare: Host) -> None:
    """Whatever /etc/environment or sshd sets for the login; the host's proxy is kept for apt."""
    bare.sh(
        "cp /etc/environment /root/kept; printf 'http_proxy=http://proxy.test:3128\\nLEAK=1\\n' >> /etc/environment"
    )
    try:
        lines = applied(bare, LOOK, None)
    finally:
        bare.sh("mv /root/kept /etc/environment")
    names = {line.partition("=")[0] for line in lines if "=" in line}
    ours = {"PLAYBOOK", "GENERATION", "KEPT", "RUN", "PWD", "OLDPWD", "_"}
    assert names - ours == {"PATH", "LC_ALL", "HOME", "http_proxy"}


@pytest.fixture
def operator(bare: Host) -> str:
    """A user with sudo that requires a password."""
    bare.sh(
        "useradd -m ops; echo ops:right | chpasswd; mkdir ~ops/.ssh; chown ops ~ops/.ssh;"
        "install -o ops -m 600 ~/.ssh/authorized_keys ~ops/.ssh/authorized_keys;"
        "echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops"
    )
    return f"ops@{bare.box.name}"


def test_wrong_sudo_password_is_tried_once(bare: Host, operator: str) -> None:
    """With pam_faillock as in its manual, three attempts lock the account."""
    pam = Path("/etc/pam.d/sudo")
    bare.sh(
        f"cp {pam} /root/pam; sed -i '1i auth required pam_faillock.so preauth silent' {pam};"
        f"printf 'auth [default=die] pam_faillock.so authfail\\n' >> {pam};"
        f"sed -i 's/^@include common-auth/auth [success=2 default=ignore] pam_unix.so/' {pam}"
    )
    wrong = bare.lampctl("check", operator, "--ask-sudo-pass", stdin="wrong\n")
    failures = bare.sh("faillock --user ops").splitlines()[2:]
    bare.sh(f"mv /root/pam {pam}; faillock --user ops --reset; userdel -r ops; rm /etc/sudoers.d/ops", check=False)
    assert (wrong.code, wrong.host["error"]["kind"]) == (3, "sudo"), wrong.out
    assert len(failures) == 1, failures
    assert wrong.host["error"]["evidence"] == "Sorry, try again."


def test_sudo_password_with_special_characters_works(bare: Host, operator: str) -> None:
    """A password that echo or a shell would alter; and no process is left waiting on the host."""
    bare.sh(r"printf 'ops:%s\n' ' a\\nb$x\\c' | chpasswd".replace(r"\\", "\\"))
    right = bare.lampctl("check", operator, "--ask-sudo-pass", stdin=" a\\nb$x\\c\n")
    left = bare.sh("pgrep -u ops -a || :")
    bare.sh("userdel -rf ops; rm /etc/sudoers.d/ops", check=False)
    assert right.host["error"] is None, right.out
    assert "sleep" not in left


@pytest.mark.parametrize("flood", ["cat /dev/zero", "yes", "yes >&2"])
def test_flooding_host_ends_only_its_own_run(bare: Host, flood: str) -> None:
    """From .bashrc, which Debian's bash reads for each command over SSH."""
    bare.sh(f"cp .bashrc .bashrc.kept; sed -i '1i {flood}' .bashrc")
    try:
        began = time.monotonic()
        ran = bare.lampctl("check", "HOST", f"root@{bare.box.address}:9")
        took = time.monotonic() - began
    finally:
        bare.sh("mv .bashrc.kept .bashrc; pkill -x cat; pkill -x yes", check=False)
    flooded, other = (host["error"]["kind"] for host in json.loads(ran.out)["hosts"])
    assert (flooded, other) == ("answer-too-long", "refused"), ran.out
    assert took < 60


def test_special_files_of_a_site_are_not_read(host: Host) -> None:
    """A sparse file of 3 GiB, then a pipe without a writer."""
    page = "/var/www/lamp.test/index.php"
    host.sh(f"cp -a {page} /root/page")
    took = []
    for instead in (f"truncate -s 3G {page}", f"rm {page}; mkfifo {page}"):
        host.sh(instead)
        began = time.monotonic()
        ran = host.lampctl("plan", "HOST")
        took.append(time.monotonic() - began)
        assert (ran.code, ran.changes) == (0, {}), ran.out
    host.sh(f"rm {page}; mv /root/page {page}")
    assert max(took) < 20, took
