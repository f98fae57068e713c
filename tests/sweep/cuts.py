"""Cuts a deploy at one moment in one way, and looks at what is left: the site, the next deploy, the plan after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lampctl.box import Box, Boxes
from tests.hosts import visitor
from tests.hosts.visitor import Visits, visiting

SITE = "shop.test"
PAGE = """<?php
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
$part = require 'part.php';
echo 'release VERSION with part ', $part, ' and database ', $db->query('SELECT DATABASE()')->fetch_row()[0];
"""
GOOD = [f"release {version} with part {version} and database shop_test" for version in ("one", "two")]
# From the switch of the release until FPM has restarted, PHP runs the old file, which includes the new one.
MIXED = [f"release {one} with part {other} and database shop_test" for one, other in (("one", "two"), ("two", "one"))]
# What no run may leave behind.
LEFT = (
    "ls -d /run/lampctl.* /var/www/*/lampctl-probe* /var/www/*/releases/*/lampctl-probe* /var/www/*/releases/*.new 2>/dev/null;"
    "find /etc -name '*.lampctl-new'; pgrep -fl 'run[.]sh|await[.]sh' || :"
)


@dataclass(frozen=True)
class Moment:
    """When to cut: after a step of the deploy (from 0), or some seconds after its start."""

    step: int | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s" if self.step is None else f"step {self.step}"


@dataclass(frozen=True)
class Lab:
    """One box, and the playbooks of one site: two states that a deploy changes between."""

    box: Box
    boxes: Boxes
    home: Path
    folder: Path
    server: str

    def write(self, version: str) -> Path:
        """The playbook of a state: its release, and settings of PHP and the web server."""
        source = self.folder / "app"
        source.mkdir(parents=True, exist_ok=True)
        (source / "index.php").write_text(PAGE.replace("VERSION", version))
        (source / "part.php").write_text(f"<?php return '{version}';")
        memory = {"one": "201M", "two": "202M"}[version]
        more = "  two.test: {type: static}\n" if version == "two" else ""
        path = self.folder / "shop.yml"
        path.write_text(
            f"id: shop-1\nlinux: {{}}\nmysql: {{}}\nweb: {{server: {self.server}}}\nphp: {{memory_limit: {memory}}}\n"
            f"sites:\n  {SITE}: {{source: ./app, database: true}}\n{more}"
        )
        return path

    def start(self, command: str = "deploy") -> subprocess.Popen[str]:
        argv = [str(Path(sys.executable).parent / "lampctl"), command, self.box.name, "-p", "shop.yml"]
        return subprocess.Popen(
            [*argv, "--format", "json", "-F", str(self.boxes.ssh_config)],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "LAMPCTL_BOX_HOME": str(self.home)},
        )  # fmt: skip

    def run(self, command: str = "deploy") -> tuple[int, dict[str, Any]]:
        with self.start(command) as process:
            out = process.communicate(timeout=300)[0]
        document = json.loads(out)
        assert document.get("hosts"), out
        return process.returncode, document["hosts"][0]

    def sh(self, script: str) -> str:
        return subprocess.run(
            [*self.boxes.ssh_argv(self.box.name), script], capture_output=True, text=True, check=False, timeout=100
        ).stdout

    def ended_steps(self, known: set[Path]) -> int:
        """How many steps the newest run has ended, as its journal has it on the disk; -1 before it began."""
        with suppress(OSError):
            for run in self.runs() - known:
                return (run / "log").read_text(errors="replace").count("\n@@end ")
        return -1

    def runs(self) -> set[Path]:
        with suppress(OSError):
            return set((self.box.directory / "root/var/lib/lampctl/runs").iterdir())
        return set()

    def page(self) -> str:
        """What a visitor gets: the text of the page, or what went wrong."""
        try:
            head, _, body = visitor.get(self.box.address, name=SITE).partition("\r\n\r\n")
        except OSError as error:
            return type(error).__name__
        return body if head.startswith("HTTP/1.1 200") else head[:80]


def kill_controller(lab: Lab, process: subprocess.Popen[str]) -> None:  # noqa: ARG001
    process.send_signal(signal.SIGKILL)


def cut_connection(lab: Lab, process: subprocess.Popen[str]) -> None:  # noqa: ARG001
    lab.sh("pkill -9 -f 'sshd.*root@notty'")


def cut_power(lab: Lab, process: subprocess.Popen[str]) -> None:  # noqa: ARG001
    lab.boxes.cut(lab.box.name)


def kill_run(lab: Lab, process: subprocess.Popen[str]) -> None:  # noqa: ARG001
    lab.sh(r"kill -9 -$(sed 's/.*process \([0-9]*\) on the host/\1/' /var/lib/lampctl/lock)")


WAYS: dict[str, Callable[[Lab, subprocess.Popen[str]], None]] = {
    "controller": kill_controller,
    "connection": cut_connection,
    "power": cut_power,
    "run": kill_run,
}


@dataclass(frozen=True)
class Found:
    """What a cut left: no faults if all is well. `mixed`: answers of both releases, while the deploy ran."""

    faults: tuple[str, ...]
    requests: int
    mixed: int
    was_late: bool  # the deploy had ended before the moment


def try_cut(lab: Lab, way: str, moment: Moment, version: str, *, first: bool = False) -> Found:
    """Deploy `version`, cut it, look, deploy it again, and look again.

    Args:
        first: Nothing was deployed before: there is no page that must keep working.
    """
    lab.write(version)
    known = lab.runs()
    seen: list[str] = []
    with visiting(lab.box.address, lambda text: _known_good(text, first, seen), SITE) as visits:
        process = lab.start()
        late = not _wait(lab, process, known, moment)
        WAYS[way](lab, process)
        with process:
            process.communicate(timeout=300)
        if way == "power":
            lab.boxes.up(lab.box.name)
        _let_the_host_end(lab)
    return Found(tuple(_faults(lab, way, version, visits, first=first)), visits.count, len(seen), late)


def _known_good(text: str, first: bool, mixed: list[str]) -> bool:
    mixed += [page for page in MIXED if page in text]
    return first or any(page in text for page in (*GOOD, *MIXED))


def _wait(lab: Lab, process: subprocess.Popen[str], known: set[Path], moment: Moment) -> bool:
    """Wait for the moment; False if the deploy ended before."""
    began = time.monotonic()
    while process.poll() is None:
        if moment.step is None and time.monotonic() - began >= moment.seconds:
            return True
        if moment.step is not None and lab.ended_steps(known) > moment.step:
            return True
        time.sleep(0.001)  # both are polled: neither a file nor a process wakes its reader
    return False


def _let_the_host_end(lab: Lab) -> None:
    """As if the time for a verdict were over."""
    lab.sh("until flock -n /var/lib/lampctl/lock true; do pkill -x timeout; sleep 0.05; done;"
           "n=0; while ls -d /run/lampctl.* >/dev/null 2>&1 && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.05; done")  # fmt: skip


def _faults(lab: Lab, way: str, version: str, visits: Visits, *, first: bool) -> Iterator[str]:
    dropped = {"ConnectionRefusedError", "ConnectionResetError", "TimeoutError", "OSError"}
    allowed = dropped if first or way == "power" else set()  # first: the web server comes with the deploy
    if bad := {kind for kind in visits.kinds if kind not in allowed and not kind.startswith("answered ''")}:
        yield f"visitors got {sorted(bad)[:3]}"
    page = lab.page()
    if not first and page not in GOOD:
        yield f"after the cut, the page is {page[:80]!r}"
    code, host = lab.run()
    if code:
        failing = [check for check in host.get("results", []) if check["status"] == "fail"]
        yield f"the next deploy ends with {code}: {host['error'] or failing[:2] or host['culprit']}"
    if lab.page() != GOOD[("one", "two").index(version)]:
        yield f"after the next deploy, the page is {lab.page()[:80]!r}"
    planned = lab.run("plan")[1]
    if planned["error"] or planned["changes"]:
        yield f"then the plan has {[change['resource'] for change in planned['changes']] or planned['error']}"
    if left := lab.sh(LEFT).strip():
        yield f"left behind: {left[:200]}"


def measure(lab: Lab) -> tuple[float, int]:
    """(seconds, steps) of a changing deploy; the lab is left in state `one`."""
    for version in ("one", "two"):
        lab.write(version)
        code, host = lab.run()
        assert code == 0, host
    known, began = lab.runs(), time.monotonic()
    lab.write("one")
    code, host = lab.run()
    assert code == 0, host
    return time.monotonic() - began, lab.ended_steps(known)
