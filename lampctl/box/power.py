"""Boxes as processes of this machine: start, stop, and their own control group."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lampctl.box.guest import Box
from lampctl.box.network import BRIDGE, machine
from lampctl.box.tools import run

STOP_TIMEOUT = 10.0  # seconds; a box goes down in about one


def on(box: Box) -> None:
    # Left by a previous box with this address: the kernel removes it some time after that box has stopped.
    run("ip", "link", "delete", f"vb-{machine(box.address)}", check=False)
    argv = [*_in_own_cgroup(box), "systemd-nspawn", "-D", str(box.root), "--boot", f"--machine={machine(box.address)}"]
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
    box.pid_file.write_text(f"{process.pid} {_started(process.pid)}")


def off(box: Box) -> None:
    """Powers the box off by SIGTERM to nspawn; kills it if it does not stop in time."""
    os.kill(int(box.pid_file.read_text().split()[0]), signal.SIGTERM)
    if not _ends(box.pid_file, STOP_TIMEOUT):
        cut(box)


def cut(box: Box) -> None:
    """Kills the box's init, and with it all its processes; they would survive if nspawn were killed.

    They stand still first: else some would still see, and answer, that others have died.
    """
    pid = box.pid_file.read_text().split()[0]
    inits = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    _freeze(box, "1")
    for init in inits:
        os.kill(int(init), signal.SIGKILL)
    _until(lambda: not any(_started(int(init)) for init in inits))  # then all others have ended as well
    _freeze(box, "0")  # nspawn itself goes on
    _ends(box.pid_file, STOP_TIMEOUT)


def _freeze(box: Box, state: str) -> None:
    """1: all its processes stand still. 0: they go on."""
    cgroup = _cgroup(box)
    with suppress(OSError):
        if cgroup:
            (cgroup / "cgroup.freeze").write_text(state)
            _until(lambda: f"frozen {state}" in (cgroup / "cgroup.events").read_text())


def _until(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for a second at most. Nothing wakes who waits for another's process."""
    deadline = time.monotonic() + 1
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)


def _started(pid: int) -> str:
    """The start time of a process, in clock ticks; empty if it has ended or is a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if text[0] == "Z" else text[19]


def alive(pid_file: Path) -> bool:
    """Identifies a process by its id and start time, because the id alone can be reused."""
    if not pid_file.is_file():
        return False
    pid, _, started = pid_file.read_text().partition(" ")
    return bool(started) and _started(int(pid)) == started


def _ends(pid_file: Path, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while alive(pid_file) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid_file)


def _cgroup(box: Box) -> Path | None:
    """The box's control group, if this machine's service manager does not create one for it."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    unified = next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
    return unified / f"lampctl-{machine(box.address)}" if unified else None


def _in_own_cgroup(box: Box) -> Sequence[str]:
    """Boxes that share one would share their units' groups: each would wait for the other's Apache to end."""
    cgroup = _cgroup(box)
    if cgroup is None:
        return []
    cgroup.mkdir(exist_ok=True)
    return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(cgroup)]


def remove_cgroup(box: Box) -> None:
    cgroup = _cgroup(box)
    if cgroup is None or not cgroup.is_dir():
        return
    for directory, _, _ in os.walk(cgroup, topdown=False):
        with suppress(OSError):  # the kernel may take a moment to see that it is empty; then it is left
            Path(directory).rmdir()
