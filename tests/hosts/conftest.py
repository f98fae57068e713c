"""Real Debian hosts: a deployed box of each release for each test module."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from lampctl import facts
from lampctl.box import Box, Boxes, available
from lampctl.errors import LampctlError
from tests.hosts import warm

pytest.register_assert_rewrite("tests.hosts.shops", "tests.hosts.websocket")

ROOT = Path(os.environ.get("LAMPCTL_TEST_HOME", "/var/lib/lampctl-box-test"))
HOME = ROOT / os.environ.get("PYTEST_XDIST_WORKER", "alone")  # each worker has its own boxes
SNAPSHOTS = ROOT / "snapshots"  # shared by all workers
ENOUGH = 12 << 30  # bytes of memory: with this much, boxes are on a tmpfs
# The longest modules first, so that the last ones are short. Those that need no first deploy are spread.
LONGEST = (
    "test_vagrant",
    "test_php_versions",
    "test_programs",
    "test_mysql",
    "test_conformance",
    "test_every_type",
    "test_culprit",
    "test_web",
    "test_limits",
    "test_adopt",
    "test_moves",
    "test_acme",
    "test_wordpress",
    "test_wordpress_extras",
    "test_deploy",
    "test_hostile",
    "test_fleet",
    "test_tls",
    "test_static_cgi",
    "test_interrupted",
    "test_templates",
)
# For behaviour that is the same on every release: how a run ends, what it prints, foreign files on a host.
ON_ONE_RELEASE = pytest.mark.parametrize("release", ["trixie"], indirect=True)
# These use something that exists once on this machine: the ports of the ACME server, a bridge.
ALONE = ("test_acme", "test_vagrant")

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # in the controller, before there are workers
        shutil.rmtree(SNAPSHOTS, ignore_errors=True)
        free = facts.parse({"memory": Path("/proc/meminfo").read_text()}, 0).memory_available
        if os.geteuid() == 0 and not ROOT.is_mount() and free >= ENOUGH:
            ROOT.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "lampctl-test", str(ROOT)], check=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # in the controller, after the workers have ended
        shutil.rmtree(SNAPSHOTS, ignore_errors=True)
        if ROOT.is_mount():  # fails while a box is still running in it; the next session removes that box
            subprocess.run(["umount", str(ROOT)], check=False)


class ByRelease(LoadScopeScheduling):  # type: ignore[misc]
    """A worker gets all tests of a module for one release."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, name = nodeid.partition("::")
        release = re.search(r"[\[-](trixie|bookworm)[\]-]", name)
        return module if Path(module).stem in ALONE or not release else f"{module}-{release[1]}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRelease:
    return ByRelease(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {module: number for number, module in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@dataclass(frozen=True)
class RunResult:
    """The exit code and output of a command of lampctl."""

    code: int
    out: str
    err: str

    def __repr__(self) -> str:
        """What a failed assertion shows: how it ended, without the diffs."""
        with suppress(ValueError, KeyError, IndexError, TypeError):
            wanted = {key: self.host[key] for key in ("culprit", "error", "notes") if self.host.get(key)}
            failed = [result for result in self.host["results"] if result["status"] == "fail"]
            return f"RunResult(code={self.code}, host={wanted}, failed={failed}, err={self.err!r})"
        return f"RunResult(code={self.code}, out={self.out!r}, err={self.err!r})"

    @property
    def host(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)["hosts"][0]
        return found

    @property
    def results(self) -> dict[str, str]:
        return {result["id"]: result["status"] for result in self.host["results"]}

    @property
    def changes(self) -> dict[str, str]:
        return {change["resource"]: change["action"] for change in self.host["changes"]}


@dataclass(frozen=True)
class Host:
    """One box, and lampctl run on it as a user would."""

    box: Box
    boxes: Boxes

    def sh(self, script: str, check: bool = True) -> str:
        """Run a script as root, without SSH: ten times as fast, and no test can break it."""
        argv = [*self.enter("-a"), "env", "-i", "HOME=/root", f"PATH={_PATH}", "bash", "-c", f"cd\n{script}"]
        return subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=check, timeout=120
        ).stdout

    def enter(self, *namespaces: str) -> list[str]:
        """The prefix of a command that runs in these namespaces of the box."""
        nspawn = (self.box.directory / "pid").read_text().split()[0]
        init = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().strip()
        return ["nsenter", "-t", init, *namespaces]

    def lampctl(
        self, *args: str, cwd: Path | None = None, config: bool = True, stdin: str = "", trust: Path | None = None
    ) -> RunResult:
        """Run lampctl with JSON output; `HOST` in args is this box. `trust`: the only CA that this machine trusts."""
        words = [self.box.name if word == "HOST" else word for word in args]
        words += ["-F", str(self.boxes.ssh_config)] if config else []
        environment = _environment() | ({"SSL_CERT_FILE": str(trust)} if trust else {})
        return RunResult(*warm.lampctl([*words, "--format", "json"], environment, stdin, cwd))

    def everyday(self, command: str, *words: str, stdin: str = "") -> RunResult:
        """A command whose streams are passed through: what follows `--` is not lampctl's."""
        argv = [command, "-F", str(self.boxes.ssh_config), self.box.name, *words]
        return RunResult(*warm.lampctl(argv, _environment(), stdin))

    def works(self) -> bool:
        """Whether a visitor gets the page, with its database."""
        import urllib.request

        with urllib.request.urlopen(f"http://{self.box.address}/", timeout=5) as answer:
            return "database lamp_test on" in answer.read().decode()


def _environment() -> dict[str, str]:
    return {**os.environ, "LAMPCTL_BOX_HOME": str(HOME)}


@pytest.fixture(scope="session")
def boxes() -> Iterator[Boxes]:
    try:
        available()
    except LampctlError as error:
        pytest.exit(f"{error.message}; {error.hint}", returncode=1)
    found = Boxes(HOME)
    _down(found)
    shutil.rmtree(HOME, ignore_errors=True)
    SNAPSHOTS.mkdir(parents=True, exist_ok=True)
    HOME.mkdir()
    (HOME / "snapshots").symlink_to(SNAPSHOTS)
    yield found
    _down(found)
    shutil.rmtree(HOME)


def _down(boxes: Boxes) -> None:
    for box in boxes.list():
        boxes.down(box.name)


@pytest.fixture(scope="session", params=["trixie", "bookworm"])
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def bare(boxes: Boxes, release: str) -> Iterator[Host]:
    """A host with nothing but sshd; deploys of its tests are refused before they change anything."""
    yield Host(boxes.up(f"bare-{release}", release), boxes)
    boxes.down(f"bare-{release}")


@pytest.fixture(scope="module")
def fresh(boxes: Boxes, release: str, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host with nothing but sshd, of each module's own, which can change it."""
    found = Host(boxes.up(f"{request.module.__name__.rpartition('test_')[2]}-{release}", release), boxes)
    yield found
    boxes.down(found.box.name)


@pytest.fixture(scope="session")
def deployed(boxes: Boxes, release: str) -> tuple[str, RunResult]:
    """The label of the snapshot after the first deploy to a bare host, and that run; once for all workers."""
    label = f"deployed-{release}"
    record = SNAPSHOTS / f"{label}.json"
    with (SNAPSHOTS / f"{label}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            host = Host(boxes.up(f"lamp-{release}", release), boxes)
            ran = host.lampctl("deploy", "HOST")
            boxes.snapshot(host.box.name, label)
            record.write_text(json.dumps([ran.code, ran.out, ran.err]))
    return label, RunResult(*json.loads(record.read_text()))


@pytest.fixture(scope="module")
def host(boxes: Boxes, release: str, deployed: tuple[str, RunResult]) -> Iterator[Host]:
    """A deployed host, fresh for each module."""
    name = f"lamp-{release}"
    yield Host(boxes.up(name, release, snapshot=deployed[0]), boxes)
    boxes.down(name)
