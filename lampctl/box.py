"""Throwaway test hosts on this machine: real Debian with systemd and sshd, in a second or two.

systemd-nspawn boots an overlay over a base that mmdebstrap builds once for each release. A box that was stopped
can be kept as a snapshot: the lower layer of the next ones.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lampctl.errors import LampctlError, UsageError

RELEASES = ("trixie", "bookworm", "sid")
BRIDGE = "lampctl0"
SUBNET = "10.213.77"
PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,ca-certificates,iproute2,sudo"
BOOT_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 10.0  # seconds; a box goes down in about one
ARCHIVE = "http://deb.debian.org/debian"

_ADDRESSES = Path("/run/lampctl-box")  # one file for each address in use, of all homes
_TOOLS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "ip": "iproute2",
    "ssh-keygen": "openssh-client",
}


@dataclass(frozen=True)
class Box:
    """One box. `address` is its IPv4 address on the bridge."""

    name: str
    release: str
    address: str
    running: bool
    directory: Path


class Boxes:
    """The boxes below one directory. `say` gets lines of progress."""

    def __init__(self, home: Path | None = None, say: Callable[[str], None] = lambda _: None) -> None:
        self.home = home or Path(os.environ.get("LAMPCTL_BOX_HOME", "/var/lib/lampctl-box"))
        self.cache = Path(os.environ.get("LAMPCTL_BOX_CACHE", "/var/cache/lampctl-box"))
        self.ssh_config = self.home / "ssh_config"
        self._key = self.home / "id_ed25519"
        self._say = say

    def up(self, name: str, release: str = "trixie", *, snapshot: str | None = None) -> Box:
        """The running box of that name; made, or booted again, where it is not there."""
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", name):
            raise UsageError(f"{name!r} is no name for a box", "lower-case letters, digits and hyphens, at most 32")
        if release not in RELEASES:
            raise UsageError(f"--release {release}: is not known", f"one of {', '.join(RELEASES)}")
        with self._locked():
            found = self.get(name)
            if found and found.release != release:
                raise UsageError(f"{name} is a {found.release} box", f"lampctl box down {name}, or take another name")
            if found and found.running:
                return found
            base = self.base(release)
            if not found:
                found = self._make(name, release, snapshot)
            self._boot(found, base)
        return self._ready(name)

    def cut(self, name: str) -> None:
        """A power cut: nothing in the box gets to know of it. `up` boots it again.

        It shares nothing with other boxes, so it does not wait until one of them has booted.
        """
        _cut_power(self._known(name).directory / "pid")

    def down(self, name: str) -> None:
        """Deletes a box; what runs in it is not asked to end, as nothing of it is kept."""
        with self._locked():
            box = self._known(name)
            if _alive(box.directory / "pid"):
                self._say(f"stopping {name}")
                _cut_power(box.directory / "pid")
            self._clear(box)
            (_ADDRESSES / box.address).unlink(missing_ok=True)
            shutil.rmtree(box.directory)
            self._write_ssh_files()
            if not any(_ADDRESSES.iterdir()):
                _take_down_network()

    def list(self) -> list[Box]:
        return [box for path in sorted(self.home.glob("boxes/*")) if (box := self.get(path.name))]

    def get(self, name: str) -> Box | None:
        path = self.home / "boxes" / name / "box.json"
        if not path.is_file():
            return None
        data = json.loads(path.read_text())
        return Box(name, data["release"], data["address"], _alive(path.parent / "pid"), path.parent)

    def snapshot(self, name: str, label: str) -> None:
        """Stops a box and keeps what it wrote as the snapshot `label`; the box is gone then."""
        with self._locked():
            box = self._known(name)
            self._stop(box)
            target = (self.home / "snapshots" / label).resolve()
            target.mkdir(parents=True)
            (box.directory / "upper").rename(target / "upper")
            data = json.loads((box.directory / "box.json").read_text())
            (target / "lower.json").write_text(json.dumps([str(target / "upper"), *data["lower"]]))
        self.down(name)

    def snapshots(self) -> list[str]:  # type: ignore[valid-type] # `list` is the method above
        return sorted(path.parent.name for path in self.home.glob("snapshots/*/lower.json"))

    def ssh_argv(self, name: str, *command: str) -> Sequence[str]:
        self._known(name)
        return ["ssh", "-F", str(self.ssh_config), name, *command]

    def _known(self, name: str) -> Box:
        box = self.get(name)
        if box is None:
            names = ", ".join(found.name for found in self.list()) or "none"
            raise UsageError(f"there is no box {name}", f"boxes: {names}; lampctl box up {name} makes it")
        return box

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time on this machine: bases, addresses and the bridge are shared by all homes."""
        available()
        self.home.mkdir(parents=True, exist_ok=True)
        _ADDRESSES.mkdir(parents=True, exist_ok=True)
        with Path("/run/lampctl-box.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def base(self, release: str) -> Path:
        """The release's root file system, built into another name first: it is whole, or not there."""
        base = self.cache / release
        if base.is_dir():
            return base
        self._say(f"building the {release} base (once, half a minute)")
        half = self.cache / f"{release}.new"
        shutil.rmtree(half, ignore_errors=True)
        self.cache.mkdir(parents=True, exist_ok=True)
        tar = self.cache / f"{release}.tar"
        sources = [f"deb {ARCHIVE} {release} main"]
        if release != "sid":
            sources.append(f"deb {ARCHIVE} {release}-updates main")
            sources.append(f"deb {ARCHIVE}-security {release}-security main")
        options = ["--variant=minbase", f"--include={PACKAGES}", '--aptopt=Acquire::Check-Valid-Until "false"']
        _run("mmdebstrap", "--quiet", *options, release, str(tar), *sources)
        half.mkdir()
        _run("tar", "-C", str(half), "--numeric-owner", "-xpf", str(tar))
        tar.unlink()
        for key in half.glob("etc/ssh/ssh_host_*"):
            key.unlink()
        (half / "etc/systemd/system/systemd-modules-load.service").symlink_to("/dev/null")  # no kernel of its own
        (half / "etc/machine-id").write_text("")
        half.rename(base)
        return base

    def _make(self, name: str, release: str, snapshot: str | None) -> Box:
        directory = self.home / "boxes" / name
        lower: Sequence[str] = []
        if snapshot:
            path = self.home / "snapshots" / snapshot / "lower.json"
            if not path.is_file():
                raise UsageError(f"there is no snapshot {snapshot}", f"snapshots: {', '.join(self.snapshots())}")
            lower = json.loads(path.read_text())
        for part in ("upper", "work", "root"):
            (directory / part).mkdir(parents=True)
        address = _free_address(directory)
        data = {"release": release, "address": address, "lower": list(lower)}
        (directory / "box.json").write_text(json.dumps(data))
        return Box(name, release, address, False, directory)

    def _boot(self, box: Box, base: Path) -> None:
        self._say(f"booting {box.name}")
        _put_up_network()
        (_ADDRESSES / box.address).write_text(str(box.directory))
        root = box.directory / "root"
        lower = ":".join([*json.loads((box.directory / "box.json").read_text())["lower"], str(base)])
        _run("umount", "-l", str(root), check=False)
        # volatile: nothing waits for the disk. What a box wrote outlives the box's power, but not this machine's.
        layers = f"lowerdir={lower},upperdir={box.directory}/upper,workdir={box.directory}/work,volatile"
        shutil.rmtree(box.directory / "work")  # the kernel's note that the last mount was volatile, too
        (box.directory / "work").mkdir()
        _run("mount", "-t", "overlay", "overlay", "-o", layers, str(root))
        self._configure(box, root)
        # Of a box that had this address before: the kernel takes it away some time after that box has gone.
        _run("ip", "link", "delete", f"vb-{_machine(box.address)}", check=False)
        argv = [*_in_own_cgroup(box), "systemd-nspawn", "-D", str(root), "--boot", f"--machine={_machine(box.address)}"]
        argv += [f"--hostname={box.name}"]
        argv += ["--register=no", "--keep-unit", f"--network-bridge={BRIDGE}", "--resolv-conf=off", "--capability=all"]
        with (box.directory / "console.log").open("wb") as console:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        (box.directory / "pid").write_text(f"{process.pid} {_started(process.pid)}")

    def _configure(self, box: Box, root: Path) -> None:
        if not self._key.exists():
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lampctl-box", "-f", str(self._key))
        ssh = root / "root/.ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(f"{self._key}.pub", ssh / "authorized_keys")
        host_key = root / "etc/ssh/ssh_host_ed25519_key"
        if not (box.directory / "host_key.pub").exists():
            for old in (root / "etc/ssh").glob("ssh_host_*"):
                old.unlink()
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", box.name, "-f", str(host_key))
            shutil.copy(f"{host_key}.pub", box.directory / "host_key.pub")
        (root / "etc/hostname").write_text(f"{box.name}\n")
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {box.name}\n::1 localhost\n")
        (root / "etc/resolv.conf").unlink(missing_ok=True)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        # 10-: before systemd's own 80-container-host0.network, which would ask for DHCP.
        network = f"[Match]\nName=host0\n[Network]\nAddress={box.address}/24\nGateway={SUBNET}.1\n"
        (root / "etc/systemd/network/10-host0.network").write_text(network)
        wants = root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        link = wants / "systemd-networkd.service"
        if not link.is_symlink():
            link.symlink_to("/lib/systemd/system/systemd-networkd.service")
        self._write_ssh_files()

    def _write_ssh_files(self) -> None:
        """The host keys are known before the first connection, so none is accepted blindly."""
        known, config = "", ""
        for box in self.list():
            key = box.directory / "host_key.pub"
            if key.exists():
                known += f"{box.address} {' '.join(key.read_text().split()[:2])}\n"
            config += (
                f"Host {box.name}\n  HostName {box.address}\n  User root\n  IdentityFile {self._key}\n"
                f"  IdentitiesOnly yes\n  UserKnownHostsFile {self.home}/known_hosts\n  StrictHostKeyChecking yes\n"
            )
        (self.home / "known_hosts").write_text(known)
        self.ssh_config.write_text(config)

    def _ready(self, name: str) -> Box:
        """Waits for sshd's banner, then for systemd to have finished booting."""
        box = self._known(name)
        deadline = time.monotonic() + BOOT_TIMEOUT
        while not _banner(box.address):
            if time.monotonic() > deadline or not _alive(box.directory / "pid"):
                tail = (box.directory / "console.log").read_text(errors="replace")[-1500:]
                raise LampctlError(f"{name} did not boot", f"lampctl box down {name}", kind="box-boot", evidence=tail)
            time.sleep(0.05)
        subprocess.run(
            self.ssh_argv(name, "systemctl is-system-running --wait"), capture_output=True, check=False, timeout=60
        )
        return self._known(name)

    def _stop(self, box: Box) -> None:
        """SIGTERM makes nspawn power the box off. What does not end by itself has its power cut."""
        pid_file = box.directory / "pid"
        if _alive(pid_file):
            self._say(f"stopping {box.name}")
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGTERM)
            if not _ends(pid_file, STOP_TIMEOUT):
                _cut_power(pid_file)
        self._clear(box)

    def _clear(self, box: Box) -> None:
        """What this machine has of a box that is off."""
        _remove_cgroup(box)
        _run("umount", "-l", str(box.directory / "root"), check=False)


def available() -> None:
    """LampctlError where boxes can't run on this machine, with the other ways."""
    why, hint = missing_for_boxes()
    if why:
        raise LampctlError(
            f"boxes can't run here: {why}",
            f"{hint}{'. ' if hint else ''}Other ways: any host with SSH (lampctl deploy user@host), or a Vagrant box",
            kind="box-unavailable",
        )


def missing_for_boxes() -> tuple[str, str]:
    """(why boxes can't run on this machine, or empty; how to get what they need)."""
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if os.uname().sysname != "Linux":
        return "they need Linux", ""
    if os.geteuid() != 0:
        # sudo does not look where pipx puts programs
        return "they need root", f"run it with sudo: sudo {shlex.quote(str(Path(sys.argv[0]).absolute()))} box …"
    if missing:
        packages = " ".join(_TOOLS[tool] for tool in missing)
        return f"{', '.join(missing)} is missing", f"apt-get install --no-install-recommends {packages}"
    return "", ""


def _run(*argv: str, check: bool = True) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if check and done.returncode:
        evidence = (done.stderr or done.stdout)[-1500:]
        raise LampctlError(f"{argv[0]} failed ({done.returncode})", " ".join(argv), kind="box", evidence=evidence)


def _started(pid: int) -> str:
    """The start time of a process, in clock ticks; empty where it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if text[0] == "Z" else text[19]


def _alive(pid_file: Path) -> bool:
    """A process id alone could be another's by now; with its start time it can't."""
    if not pid_file.is_file():
        return False
    pid, _, started = pid_file.read_text().partition(" ")
    return bool(started) and _started(int(pid)) == started


def _ends(pid_file: Path, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while _alive(pid_file) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _alive(pid_file)


def _cut_power(pid_file: Path) -> None:
    """Kills the box's init, and by it all that runs in the box: killing nspawn would leave that alive."""
    pid = pid_file.read_text().split()[0]
    for init in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(init), signal.SIGKILL)
    _ends(pid_file, STOP_TIMEOUT)


def _cgroup(box: Box) -> Path | None:
    """The box's control group, where this machine's service manager does not give it one of its own."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    unified = next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
    return unified / f"lampctl-{_machine(box.address)}" if unified else None


def _in_own_cgroup(box: Box) -> Sequence[str]:
    """Boxes that share one would share their units' groups: each would wait for the other's Apache to end."""
    cgroup = _cgroup(box)
    if cgroup is None:
        return []
    cgroup.mkdir(exist_ok=True)
    return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(cgroup)]


def _remove_cgroup(box: Box) -> None:
    cgroup = _cgroup(box)
    if cgroup is None or not cgroup.is_dir():
        return
    for directory, _, _ in os.walk(cgroup, topdown=False):
        with suppress(OSError):  # the kernel may take a moment to see that it is empty; then it is left
            Path(directory).rmdir()


def _machine(address: str) -> str:
    """Short: it is part of the name of the box's interface on the bridge."""
    return f"lc{address.rsplit('.', 1)[1]}"


def _free_address(owner: Path) -> str:
    for last in range(2, 250):
        path = _ADDRESSES / f"{SUBNET}.{last}"
        if Path(f"/sys/class/net/vb-{_machine(path.name)}").exists():
            continue  # something of its last box still lives
        if not path.exists() or not Path(path.read_text()).is_dir():
            path.write_text(str(owner))
            return path.name
    raise LampctlError("all addresses of boxes are taken", "lampctl box list; lampctl box down NAME", kind="box")


def _put_up_network() -> None:
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{SUBNET}.1/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    _run("nft", "add", "table", "ip", "lampctl")
    _run("nft", "add", "chain", "ip", "lampctl", "out", "{ type nat hook postrouting priority 100 ; }")
    _run("nft", "flush", "chain", "ip", "lampctl", "out")
    masquerade = f'ip saddr {SUBNET}.0/24 oifname != "{BRIDGE}" masquerade'
    _run("nft", "add", "rule", "ip", "lampctl", "out", *masquerade.split())


def _take_down_network() -> None:
    _run("nft", "delete", "table", "ip", "lampctl", check=False)
    _run("ip", "link", "delete", BRIDGE, check=False)


def _banner(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), 0.5) as sock:
            return sock.recv(4) == b"SSH-"
    except OSError:
        return False
