"""Hardening of an Internet-facing host that does not restrict its other users."""

from __future__ import annotations

from lampctl.layers.base import Desired, Validator
from lampctl.resources import Action, Command, File, Package, Service
from lampctl.resources.shell import script

_SYSCTL = "/etc/sysctl.d/60-lampctl.conf"
_SSHD = "/etc/ssh/sshd_config.d/60-lampctl.conf"
# Security updates, their changelogs, restarts of what still runs old code, and checksums of packaged files.
_PACKAGES = ("unattended-upgrades", "apt-listchanges", "needrestart", "debsums")

_SSHD_TEST = "[ ! -x /usr/sbin/sshd ] || /usr/sbin/sshd -t"


def hardening() -> Desired:
    return Desired(
        resources=(
            *(Package(name, "linux") for name in _PACKAGES),
            File("/etc/apt/apt.conf.d/60lampctl-upgrades", "linux", "linux/upgrades.conf.j2", {}),
            File("/etc/default/debsums", "linux", "linux/debsums.j2", {}, divert=True),
            File("/etc/modprobe.d/60-lampctl.conf", "linux", "linux/modprobe.conf.j2", {}),
            File("/etc/security/limits.d/60-lampctl.conf", "linux", "linux/limits.conf.j2", {}),
            File("/etc/systemd/coredump.conf.d/60-lampctl.conf", "linux", "linux/coredump.conf.j2", {}),
            File(_SYSCTL, "linux", "linux/sysctl.conf.j2", {}),
            File(_SSHD, "linux", "linux/sshd.conf.j2", {}),
            Service("systemd-sysctl.service", "linux", watch=(_SYSCTL,), on_change=Action.RESTART),
            # Not a Service: lampctl does not decide whether sshd runs. Some hosts have none; Ubuntu's has a socket.
            Command(
                "sshd reads its settings", "linux", "systemctl try-reload-or-restart ssh.service",
                script("ssh/up-to-date", file=_SSHD), "the SSH server loads the new settings; open sessions continue",
            ),
        ),
        validators=(Validator("linux", _SSHD_TEST, "/etc/ssh/sshd_config.d"),),
    )  # fmt: skip
