"""All boxes of one home: lists, boots, stops, deletes and snapshots them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lampctl.box import guest, image, network, power, tools
from lampctl.box.guest import Box
from lampctl.errors import LampctlError, UsageError

BOOT_TIMEOUT = 60.0  # seconds


class Boxes:
    """The boxes below one directory. `say` receives progress lines."""

    def __init__(self, home: Path | None = None, say: Callable[[str], None] = lambda _: None) -> None:
        self.home = home or Path(os.environ.get("LAMPCTL_BOX_HOME", "/var/lib/lampctl-box"))
        self.cache = Path(os.environ.get("LAMPCTL_BOX_CACHE", "/var/cache/lampctl-box"))
        self.ssh_config = self.home / "ssh_config"
        self._key = self.home / "id_ed25519"
        self._say = say

    def up(self, name: str, release: str = "trixie", *, snapshot: str | None = None) -> Box:
        """Returns the running box of that name; creates or boots it if necessary."""
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", name):
            raise UsageError(f"{name!r} is not a valid box name", "lower-case letters, digits, hyphens; at most 32")
        if release not in image.RELEASES:
            raise UsageError(f"--release {release}: is not known", f"one of {', '.join(image.RELEASES)}")
        found = self.get(name)
        if found and found.release != release:
            raise UsageError(f"{name} is a {found.release} box", f"lampctl box down {name}, or take another name")
        tools.available()
        if not (found and found.running):
            self.base(release)  # outside the lock, so that other boxes do not wait for the build
        with self._locked():
            found = self.get(name)
            if found and found.running:
                return found
            below = self.base(release)
            if not found:
                found = self._make(name, release, snapshot)
            self._boot(found, below)
        return self._ready(name)

    def cut(self, name: str) -> None:
        """Cuts the power: the box gets no signal. `up` boots it again.

        It shares nothing with other boxes, so it does not wait until one of them has booted.
        """
        power.cut(self._known(name))

    def down(self, name: str) -> None:
        """Deletes a box without shutting it down, because nothing of it is kept."""
        with self._locked():
            box = self._known(name)
            if power.alive(box.pid_file):
                self._say(f"stopping {name}")
                power.cut(box)
            self._clear(box)
            (network.ADDRESSES / box.address).unlink(missing_ok=True)
            shutil.rmtree(box.directory)
            self._write_ssh_files()
            if not any(network.ADDRESSES.iterdir()):
                network.take_down()

    def list(self) -> list[Box]:
        return [box for path in sorted(self.home.glob("boxes/*")) if (box := self.get(path.name))]

    def get(self, name: str) -> Box | None:
        path = self.home / "boxes" / name / "box.json"
        if not path.is_file():
            return None
        data = json.loads(path.read_text())
        return Box(name, data["release"], data["address"], power.alive(path.parent / "pid"), path.parent)

    def snapshot(self, name: str, label: str) -> None:
        """Stops a box, keeps its disk as the snapshot `label`, and deletes the box."""
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

    def base(self, release: str) -> Path:
        return image.base(self.cache, release, self._say)

    def _known(self, name: str) -> Box:
        box = self.get(name)
        if box is None:
            names = ", ".join(found.name for found in self.list()) or "none"
            raise UsageError(f"box {name} does not exist", f"boxes: {names}; lampctl box up {name} creates it")
        return box

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time on this machine: addresses and the bridge are shared by all homes."""
        tools.available()
        self.home.mkdir(parents=True, exist_ok=True)
        network.ADDRESSES.mkdir(parents=True, exist_ok=True)
        with tools.locked(Path("/run/lampctl-box.lock")):
            yield

    def _make(self, name: str, release: str, snapshot: str | None) -> Box:
        directory = self.home / "boxes" / name
        lower: Sequence[str] = []
        if snapshot:
            path = self.home / "snapshots" / snapshot / "lower.json"
            if not path.is_file():
                raise UsageError(f"snapshot {snapshot} does not exist", f"snapshots: {', '.join(self.snapshots())}")
            lower = json.loads(path.read_text())
        for part in ("upper", "work", "root"):
            (directory / part).mkdir(parents=True)
        address = network.free_address(directory)
        data = {"release": release, "address": address, "lower": list(lower)}
        (directory / "box.json").write_text(json.dumps(data))
        return Box(name, release, address, False, directory)

    def _boot(self, box: Box, below: Path) -> None:
        self._say(f"booting {box.name}")
        network.put_up()
        (network.ADDRESSES / box.address).write_text(str(box.directory))
        guest.mount(box, below)
        guest.configure(box, self._key)
        self._write_ssh_files()
        power.on(box)

    def _write_ssh_files(self) -> None:
        """Writes the host keys to known_hosts before the first connection, so that no key is accepted unverified."""
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
        while not network.answers(box.address):
            if time.monotonic() > deadline or not power.alive(box.pid_file):
                tail = (box.directory / "console.log").read_text(errors="replace")[-1500:]
                raise LampctlError(f"{name} did not boot", f"lampctl box down {name}", kind="box-boot", evidence=tail)
            time.sleep(0.05)
        subprocess.run(
            self.ssh_argv(name, "systemctl is-system-running --wait"), capture_output=True, check=False, timeout=60
        )
        return self._known(name)

    def _stop(self, box: Box) -> None:
        if power.alive(box.pid_file):
            self._say(f"stopping {box.name}")
            power.off(box)
        self._clear(box)

    def _clear(self, box: Box) -> None:
        """Removes the resources of a stopped box on this machine."""
        power.remove_cgroup(box)
        guest.unmount(box)
